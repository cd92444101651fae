import Foundation
import Testing
import WeirCore

@testable import Weir

@Suite struct `Sources read on` {
    /// Text of which some lines are bad in every way that a reader knows.
    private func text(csv: Bool) -> String {
        var lines = csv ? ["\u{feff}carrier,number,delay"] : []
        for index in 0..<60 {
            switch index % 12 {
            case 3: lines.append(csv ? "\"no end,\(index),1" : "{\"carrier\": \"x\"")
            case 5: lines.append(csv ? "A,x\(index),1" : "[\(index)]")
            case 7: lines.append(String(repeating: "y", count: 300))
            case 9: lines.append("")
            case 11 where csv: lines.append("\"B\n\"\"\(index)\"\"\",\(index),")
            default:
                lines.append(
                    csv ? "C\(index),\(index),0.5" : "{\"carrier\": \"C\", \"number\": \(index)}")
            }
        }
        return lines.joined(separator: "\n")
    }

    /// Reads a split, and at each position given on the way opens it anew and reads the rest.
    private func checkPositions<S: Source<Trip>>(
        _ source: S, of split: SourceSplit, limit: Int
    ) throws {
        let bad = BadRecordList()
        var whole: [Trip] = []
        try source.rows(of: split, into: &whole, bad: bad, limit: limit)
        let before = BadRecordList()
        var reader = try source.reader(
            for: split, context: ReaderContext(badRecords: before))
        var rows: [Trip] = []
        var batch = Batch<Trip>()
        var isAtEnd = false
        while !isAtEnd {
            try checkRest(source, split, try #require(reader.position)) { rest, badRest in
                #expect(rows + rest == whole)
                // How much of an overlong record is shown depends on what was in the buffer.
                #expect((before.records + badRest).map(\.place) == bad.records.map(\.place))
            }
            if case .end = try reader.read(into: &batch, limit: limit) { isAtEnd = true }
            try batch.drainRows { row, _ in rows.append(row) }
        }
        try checkRest(source, split, try #require(reader.position)) { rest, badRest in
            #expect(rest == [] && badRest == [])
        }
        #expect(rows == whole)
    }

    private func checkRest<S: Source<Trip>>(
        _ source: S, _ split: SourceSplit, _ position: SplitPosition,
        _ check: ([Trip], [BadRecord]) throws -> Void
    ) throws {
        var split = split
        split.position = position
        let bad = BadRecordList()
        var rows: [Trip] = []
        try source.rows(of: split, into: &rows, bad: bad, limit: 4)
        try check(rows, bad.records)
    }

    @Test(arguments: FileCompression.allCases.filter(\.isAvailable), [1, 3, 16, 200])
    func `at any position that they have given`(kind: FileCompression, buffer: Int) throws {
        let directory = try TemporaryDirectory()
        let reading = FileReadOptions(maximumRecordBytes: 200, bufferBytes: buffer)
        for limit in [1, 2, 7] {
            let bytes = Array(text(csv: true).utf8)
            let name = "a.csv\(kind.fileExtension)"
            try directory.write(kind == .plain ? bytes : compressed(bytes, kind), to: name)
            let csv = CSVFiles<Trip>(directory(name), reading: reading)
            #expect(csv.isReplayable)
            for split in try csv.splits() { try checkPositions(csv, of: split, limit: limit) }
            let lines = Array(text(csv: false).utf8)
            let other = "a.jsonl\(kind.fileExtension)"
            try directory.write(kind == .plain ? lines : compressed(lines, kind), to: other)
            let json = JSONLinesFiles<Trip>(directory(other), reading: reading)
            for split in try json.splits() { try checkPositions(json, of: split, limit: limit) }
        }
    }

    @Test func `within ranges of files`() throws {
        let directory = try TemporaryDirectory()
        let reading = FileReadOptions(splitBytes: 150, bufferBytes: 32)
        let rows = (0..<60).map { "C\($0),\($0)," }.joined(separator: "\n")
        let csv = CSVFiles<Trip>(
            try directory.write("carrier,number,delay\n" + rows, to: "a.csv"),
            quotedNewlines: false, reading: reading)
        #expect(try csv.splits().count > 3)
        for split in try csv.splits() { try checkPositions(csv, of: split, limit: 2) }
        let json = JSONLinesFiles<Trip>(
            try directory.write(text(csv: false), to: "a.jsonl"), reading: reading)
        #expect(try json.splits().count > 3)
        for split in try json.splits() { try checkPositions(json, of: split, limit: 2) }
    }

    @Test func `behind a bad record only once it has been dealt with`() throws {
        struct Refusing: BadRecordHandler {
            func handle(_ record: BadRecord) throws { throw record }
        }
        let directory = try TemporaryDirectory()
        let path = try directory.write(
            "carrier,number,delay\nA,1,\nB,x,\nC,3,\n", to: "a.csv")
        let source = CSVFiles<Trip>(path)
        var split = try #require(try source.splits().first)
        var reader = try source.reader(
            for: split,
            context: ReaderContext(badRecords: Refusing()))
        var batch = Batch<Trip>()
        _ = try reader.read(into: &batch, limit: 5)
        #expect(batch.count == 1)
        split.position = reader.position
        let bad = BadRecordList()
        var rows: [Trip] = []
        try source.rows(of: split, into: &rows, bad: bad)
        #expect(rows == [Trip("C", 3, nil)])
        #expect(bad.records.map(\.line) == [3])
        batch.removeAll()
        #expect(throws: BadRecord.self) { _ = try reader.read(into: &batch, limit: 5) }
    }

    @Test(arguments: FileCompression.allCases.filter(\.isAvailable))
    func `refuse a file that is not the one that was read`(kind: FileCompression) throws {
        let directory = try TemporaryDirectory()
        let name = "a.csv\(kind.fileExtension)"
        func put(_ text: String) throws {
            let bytes = Array(text.utf8)
            try directory.write(kind == .plain ? bytes : compressed(bytes, kind), to: name)
        }
        try put("carrier,number,delay\nA,1,\nB,2,\nC,3,\n")
        let source = CSVFiles<Trip>(directory(name))
        var split = try #require(try source.splits().first)
        var reader = try source.reader(
            for: split, context: .test())
        var batch = Batch<Trip>()
        _ = try reader.read(into: &batch, limit: 2)
        split.position = reader.position
        let position = try #require(reader.position)
        #expect(position.offset == 31)
        #expect(position.records == 3)
        let path = directory(name)
        // A file that has grown is read to its new end.
        try put("carrier,number,delay\nA,1,\nB,2,\nC,3,\nD,4,\n")
        var rows: [Trip] = []
        try source.rows(of: split, into: &rows, bad: BadRecordList())
        #expect(rows == [Trip("C", 3, nil), Trip("D", 4, nil)])
        try put("carrier,number,delay\nA,1,\nX,2,\nC,3,\n")
        #expect(throws: FileError.changed(path: path, position: 31)) {
            _ = try source.reader(for: split, context: .test())
        }
        try put("carrier,number,delay\nA,1,\n")
        #expect(throws: FileError.shortened(path: path, length: 26, position: 31)) {
            _ = try source.reader(for: split, context: .test())
        }
        #expect(
            "\(FileError.shortened(path: "a.csv", length: 26, position: 31))"
                == "a.csv cannot be read on: byte 31 of its content is next, and it now has only 26. "
                + "Put back the file that the checkpoint was taken with, or start the job without "
                + "restoring.")
    }

    @Test func `say that a pipe cannot be read again`() throws {
        #expect(!CSVFiles<Trip>("-").isReplayable)
        #expect(!JSONLinesFiles<Trip>("a.jsonl", "-").isReplayable)
        let directory = try TemporaryDirectory()
        let path = directory("pipe")
        #expect(mkfifo(path, 0o600) == 0)
        let source = JSONLinesFiles<Trip>(path)
        var split = try #require(try source.splits().first)
        #expect(try source.reader(for: split, context: .test()).position == nil)
        split.position = SplitPosition(offset: 4, details: ContentFingerprint.of([1]))
        #expect(throws: FileError.notReplayable(path: path)) {
            _ = try source.reader(for: split, context: .test())
        }
    }

    @Test func `generators and collections go on with the next index`() throws {
        func check<S: Source<Int>>(_ source: S) throws {
            #expect(source.isReplayable)
            for split in try source.splits() {
                var reader = try source.reader(for: split, context: .test())
                let all = try reader.readAll(limit: 3)
                var first = try source.reader(for: split, context: .test())
                var batch = Batch<Int>()
                var rows: [Int] = []
                while true {
                    var resumed = split
                    resumed.position = first.position
                    #expect(first.position?.records == Int64(rows.count))
                    var second = try source.reader(for: resumed, context: .test())
                    #expect(try rows + second.readAll() == all)
                    let isAtEnd = try first.read(into: &batch, limit: 3).isEnd
                    rows += try batch.drained()
                    if isAtEnd { break }
                }
                #expect(rows == all && !all.isEmpty)
            }
        }
        try check(GeneratorSource(count: 23, splits: 4) { $0 * 10 })
        try check(CollectionSource((0..<23).map { $0 * 10 }, splits: 4))
    }
}

extension BadRecord {
    fileprivate var place: String { "\(line) @\(offset): \(reason)" }
}
