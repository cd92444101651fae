import Foundation
import Testing
import WeirCore
import WeirRuntime

@testable import Weir

@Suite struct `Bad records of a job that goes on` {
    private func handler(_ policy: BadRecordPolicy) throws -> any RecoverableBadRecords {
        let made = try makeBadRecordHandler(policy: policy, operatorName: "orders")
        return try #require(made as? any RecoverableBadRecords)
    }

    private func record(_ line: Int, origin: String = "a \"b\".csv") -> BadRecord {
        BadRecord(
            origin: origin, line: line, offset: Int64(line) * 10, reason: "bad", bytes: [65])
    }

    private func lines(_ path: String) throws -> [Int] {
        struct Letter: Decodable { var line: Int }
        return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
            try JSONDecoder().decode(Letter.self, from: Data($0.utf8)).line
        }
    }

    @Test func `are set aside once, however far reading was ahead of the barrier`() throws {
        let directory = try TemporaryDirectory()
        let path = directory("letters/bad.jsonl")
        // What an earlier run, on its own, has written about the very same records stays.
        let earlier = try handler(.deadLetter(path: path))
        for line in 1...4 { try earlier.handle(record(line)) }
        let first = try handler(.deadLetter(path: path))
        for line in 1...2 { try first.handle(record(line)) }
        let saved = try first.save()
        for line in 3...4 { try first.handle(record(line)) }
        #expect(try first.save() != saved)
        // The barrier of one split lay before letter 2, another's behind letter 3.
        let second = try handler(.deadLetter(path: path))
        try second.restore(saved, count: 1)
        try second.restore(saved, count: 0)
        for line in [2, 4, 5] { try second.handle(record(line)) }
        try second.handle(record(4, origin: "another.csv"))
        #expect(try lines(path) == [1, 2, 3, 4, 1, 2, 3, 4, 5, 4])
        let third = try handler(.deadLetter(path: path))
        try third.restore(try second.save(), count: 5)
        try third.handle(record(5))
        #expect(try lines(path).count == 10)
    }

    @Test func `are set aside again where a letter was cut off`() throws {
        let directory = try TemporaryDirectory()
        let path = directory("bad.jsonl")
        let first = try handler(.deadLetter(path: path))
        let saved = try first.save()
        try first.handle(record(1))
        let whole = try directory.text(of: "bad.jsonl")
        try first.handle(record(2))
        let all = try directory.text(of: "bad.jsonl")
        try directory.write(String(all.dropLast(9)), to: "bad.jsonl")
        let second = try handler(.deadLetter(path: path))
        try second.restore(saved, count: 0)
        for line in 1...2 { try second.handle(record(line)) }
        let text = try directory.text(of: "bad.jsonl")
        #expect(text.hasPrefix(whole) && text.hasSuffix(String(all.dropFirst(whole.count))))
        #expect(text.split(separator: "\n").count == 3)
    }

    @Test func `stop the job when the letters are gone`() throws {
        let directory = try TemporaryDirectory()
        let path = directory("bad.jsonl")
        let first = try handler(.deadLetter(path: path))
        try first.handle(record(1))
        let saved = try first.save()
        let length = Int64(try directory.bytes(of: "bad.jsonl").count)
        try directory.write("short", to: "bad.jsonl")
        #expect(
            throws: BadRecordError.lettersLost(
                path: path, expected: length, found: 5, operatorName: "orders")
        ) { try handler(.deadLetter(path: path)).restore(saved, count: 1) }
        try FileManager.default.removeItem(atPath: path)
        #expect(
            try message { try handler(.deadLetter(path: path)).restore(saved, count: 1) }
                == "the dead letters of 'orders' in \(path) had \(length) bytes at the checkpoint, and "
                + "now the file is not there. Put the file back, or start the job without restoring."
        )
    }

    @Test func `count towards the limit across restarts, but not those read ahead`() throws {
        let first = try handler(.skip(limit: 3))
        for line in 1...3 { try first.handle(record(line)) }
        let second = try handler(.skip(limit: 3))
        // Two lie before where reading goes on; one subtask knows.
        for count in [0, 2, 0] { try second.restore(try first.save(), count: count) }
        try second.handle(record(3))
        #expect(
            throws: BadRecordError.tooMany(limit: 3, record(4), operatorName: "orders")
        ) { try second.handle(record(4)) }
    }
}
