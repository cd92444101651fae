import Foundation
import Testing
import WeirCore
import WeirRuntime

@testable import Weir

@Suite struct `JSON Lines files` {
    private let lines = [
        #"{"carrier":"AA","number":1,"delay":2.5}"#, #"{"number":2,"carrier":"é\n","x":[1]}"#, "",
        "  \t", #"{"carrier":"","number":3,"delay":null}"#,
    ]
    private let expected = [Trip("AA", 1, 2.5), Trip("é\n", 2, nil), Trip("", 3, nil)]

    @Test func `give records with a schema and plain Codable values alike`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(lines.joined(separator: "\n"), to: "a.jsonl")
        #expect(try JSONLinesFiles<Trip>(path).allRows() == expected)
        #expect(try JSONLinesFiles<PlainTrip>(path).allRows().map(\.number) == [1, 2, 3])
        #expect(JSONLinesFiles<Trip>("x/*.jsonl").summary == "JSON Lines files x/*.jsonl")
    }

    @Test func `may be empty`() throws {
        let directory = try TemporaryDirectory()
        #expect(try JSONLinesFiles<Trip>(directory.write("", to: "a")).allRows().isEmpty)
        #expect(
            try JSONLinesFiles<Trip>(directory.write("\u{feff}\n\n", to: "b")).allRows().isEmpty)
    }

    @Test(arguments: ["", "\u{feff}"], ["\n", "\r\n"])
    func `in byte ranges of any length give what the whole file gives`(
        mark: String, lineEnd: String
    ) throws {
        let directory = try TemporaryDirectory()
        let text = mark + lines.joined(separator: lineEnd)
        let path = try directory.write(text, to: "a.jsonl")
        for splitBytes in 1...Int64(text.utf8.count + 1) {
            let source = JSONLinesFiles<Trip>(
                path, reading: FileReadOptions(splitBytes: splitBytes, bufferBytes: 7))
            #expect(try source.allRows() == expected, "\(splitBytes)")
        }
    }

    @Test func `hand over bad records with reason, place and bytes`() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(
            Array(
                "{\"carrier\":\"A\",\"number\":1}\n[1]\n{\"carrier\":\"B\"}\n{\"carrier\":\"".utf8)
                + [0xff] + Array("\",\"number\":1}\n{\"carrier\":\"C\",\"number\":4".utf8),
            to: "a.jsonl")
        let bad = BadRecordList()
        #expect(try JSONLinesFiles<Trip>(path).allRows(bad: bad) == [Trip("A", 1, nil)])
        #expect(bad.records.map(\.line) == [2, 3, 4, 5])
        #expect(bad.records.map(\.offset) == [27, 31, 47, 74])
        #expect(bad.records.allSatisfy { !$0.reason.isEmpty && !$0.bytes.isEmpty })
        #expect(bad.records[1].reason.contains("number"))
    }

    // MARK: Pipes

    /// A pipe whose reading end has a path.
    private final class Pipe {
        private let ends: [Int32]
        var path: String { "/dev/fd/\(ends[0])" }
        init() throws {
            var ends: [Int32] = [0, 0]
            guard pipe(&ends) == 0 else { throw FileSystemError.last("make", "a pipe") }
            self.ends = ends
        }
        deinit { close(ends[0]) }
        func send(_ bytes: [UInt8]) { #expect(write(ends[1], bytes, bytes.count) == bytes.count) }
        func send(_ text: String) { send(Array(text.utf8)) }
        func end() { close(ends[1]) }
    }

    private func context(isStopping: Bool = false) -> ReaderContext {
        ReaderContext(
            badRecords: BadRecordList(),
            isStopping: { isStopping })
    }

    @Test func `from a pipe come as soon as they are there`() throws {
        let pipe = try Pipe()
        let source = JSONLinesFiles<Trip>(pipe.path)
        let split = try #require(try source.splits().first)
        var reader = try source.reader(for: split, context: context())
        var batch = Batch<Trip>()
        // Were it to wait for more than what is there, this test would not end.
        pipe.send("{\"carrier\":\"A\",\"number\":1}\n{\"carrier\":\"B\",")
        _ = try reader.read(into: &batch, limit: 100)
        #expect(batch.count == 1)
        pipe.send("\"number\":2}\n\n")
        batch.removeAll()
        _ = try reader.read(into: &batch, limit: 100)
        #expect(batch.count == 1 && batch[0] == Trip("B", 2, nil))
        pipe.send("{\"carrier\":\"C\",\"number\":3}")
        pipe.end()
        batch.removeAll()
        while case .more = try reader.read(into: &batch, limit: 100) {}
        #expect(batch.count == 1 && batch[0] == Trip("C", 3, nil))
    }

    @Test func `from a silent pipe end when the job is to stop, after what is there`() throws {
        let pipe = try Pipe()
        defer { pipe.end() }
        pipe.send("{\"carrier\":\"A\",\"number\":1}\n")
        let source = JSONLinesFiles<Trip>(pipe.path)
        var rows: [Trip] = []
        try source.rows(
            of: SourceSplit(id: pipe.path), into: &rows, bad: BadRecordList(),
            isStopping: { true })
        #expect(rows == [Trip("A", 1, nil)])
        // The same where not even a header has come.
        var none: [Trip] = []
        try CSVFiles<Trip>(pipe.path).rows(
            of: SourceSplit(id: pipe.path), into: &none, bad: BadRecordList(),
            isStopping: { true })
        #expect(none.isEmpty)
    }

    @Test(arguments: FileCompression.allCases.filter(\.isAvailable))
    func `from a pipe may be compressed`(kind: FileCompression) throws {
        let pipe = try Pipe()
        let content = Array(lines.joined(separator: "\n").utf8)
        pipe.send(kind == .plain ? content : try compressed(content, kind))
        pipe.end()
        #expect(try JSONLinesFiles<Trip>(pipe.path).allRows() == expected)
    }

    @Test func `take a first character that could begin an archive for what it is`() throws {
        let pipe = try Pipe()
        pipe.send("P*,1,\n")
        let source = CSVFiles<Trip>(pipe.path, header: .absent(["carrier", "number", "delay"]))
        var reader = try source.reader(for: SourceSplit(id: pipe.path), context: context())
        var batch = Batch<Trip>()
        _ = try reader.read(into: &batch, limit: 10)
        #expect(batch.count == 1 && batch[0] == Trip("P*", 1, nil))
        pipe.end()
    }
}
