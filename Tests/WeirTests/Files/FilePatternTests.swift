import Foundation
import Testing
import WeirRuntime

@testable import Weir

@Suite struct `File pattern` {
    private func isMatch(_ name: String, _ pattern: String) -> Bool {
        FilePattern.matches(Array(name.utf8)[...], Array(pattern.utf8)[...])
    }

    @Test(arguments: [
        ("a.csv", "*.csv"), ("a.csv", "a.csv"), ("abc", "a?c"), ("aéc", "a?c"), ("abc", "a[bx]c"),
        ("a5", "a[0-9]"), ("ax", "a[!0-9]"), ("a]", "a[]]"), ("a-", "a[x-]"), ("a[b", "a[b"),
        ("aXbXc", "*X*c"), ("", "*"), ("flights-JFK.csv.gz", "flights-*.csv.gz"),
    ])
    func `matches`(name: String, pattern: String) { #expect(isMatch(name, pattern)) }

    @Test(arguments: [
        ("a.csv2", "*.csv"), ("ac", "a?c"), ("abbc", "a?c"), ("adc", "a[bx]c"), ("a5", "a[!0-9]"),
        ("a", "a?"), ("", "?"), ("abc", "ab"), ("ab", "abc"), ("ab", "a[b"),
    ])
    func `does not match`(name: String, pattern: String) { #expect(!isMatch(name, pattern)) }

    @Test func `needs no exponential time`() {
        let name = String(repeating: "a", count: 5_000)
        #expect(!isMatch(name, String(repeating: "a*", count: 20) + "b"))
    }

    @Test func `finds files in sorted order, across directories only by two stars`() throws {
        let directory = try TemporaryDirectory()
        for name in ["b.csv", "a.csv", "c.txt", ".h.csv", "x/d.csv", "x/y/e.csv", ".z/f.csv"] {
            try directory.write("", to: name)
        }
        try FileManager.default.createSymbolicLink(
            atPath: directory("x/loop"), withDestinationPath: directory.path)
        func found(_ pattern: String) throws -> [String] {
            try FilePattern(directory(pattern)).matches().map {
                String($0.dropFirst(directory.path.count + 1))
            }
        }
        #expect(try found("*.csv") == ["a.csv", "b.csv"])
        #expect(try found("*/*.csv") == ["x/d.csv"])
        #expect(try found("**/*.csv") == ["a.csv", "b.csv", "x/d.csv", "x/y/e.csv"])
        #expect(try found("x/**") == ["x/d.csv", "x/y/e.csv"])
        #expect(try found("x/**/e.csv") == ["x/y/e.csv"])
        #expect(try found(".*.csv") == [".h.csv"])
    }

    @Test func `takes a path that is there as it is written`() throws {
        let directory = try TemporaryDirectory()
        try directory.write("", to: "[a].csv")
        try directory.write("", to: "a.csv")
        #expect(try FilePattern(directory("[a].csv")).matches() == [directory("[a].csv")])
    }

    @Test func `does not pass over a link that leads nowhere`() throws {
        let directory = try TemporaryDirectory()
        try directory.write("", to: "a.csv")
        try FileManager.default.createSymbolicLink(
            atPath: directory("b.csv"), withDestinationPath: "gone.csv")
        #expect(throws: FileSystemError(action: "open", path: directory("b.csv"), code: ENOENT)) {
            try FilePattern(directory("*.csv")).matches()
        }
        #expect(try FilePattern(directory("a*.csv")).matches() == [directory("a.csv")])
    }

    @Test func `says what matches nothing, is missing, or is a directory`() throws {
        let directory = try TemporaryDirectory()
        #expect(throws: FileError.noMatch(pattern: directory("*.csv"))) {
            try FilePattern(directory("*.csv")).matches()
        }
        #expect(throws: FileSystemError(action: "open", path: directory("a"), code: ENOENT)) {
            try FilePattern(directory("a")).matches()
        }
        #expect(throws: FileSystemError(action: "read", path: directory.path, code: EISDIR)) {
            try FilePattern(directory.path).matches()
        }
        #expect(throws: FileError.noPattern) {
            try FileSet(patterns: [], options: FileReadOptions()).paths()
        }
    }
}
