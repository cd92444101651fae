import Foundation
import Testing
import WeirCore
import WeirTesting

@testable import Weir

@Suite struct `File sinks, under failures` {
    private let kinds: Set<SinkEvent> = [
        .completed, .checkpointFailed, .committed, .committedAgain, .crashed, .recovered, .rescaled,
        .finished, .wentBack,
    ]

    private static func trip(_ index: Int) -> Trip { Trip("A\(index)", index, Double(index) / 4) }

    /// The rows of all files in a directory that have their names.
    private static func rows(in directory: String, _ format: String) throws -> [Trip] {
        guard FileManager.default.fileExists(atPath: directory) else { return [] }
        let names = try FileManager.default.contentsOfDirectory(atPath: directory)
            .filter { !$0.hasPrefix(".") }
        return try names.flatMap { name in
            let path = "\(directory)/\(name)"
            return try format == "csv"
                ? CSVFiles<Trip>(path).allRows() : JSONLinesFiles<Trip>(path).allRows()
        }
    }

    private func check<S: Sink<Trip>>(
        _ visibility: SinkConformance<S>.Visibility, _ format: String,
        seeds: Range<UInt64>, _ make: @escaping (String) -> S
    ) throws -> Set<SinkEvent> {
        let conformance = SinkConformance<S>(
            visibility: visibility, isRewindable: true, row: Self.trip
        ) {
            let directory = try TemporaryDirectory()
            let sink = make(directory.path)
            #expect(sink.guarantee == .transactional)
            try sink.validate()
            return (
                sink,
                {
                    try sink.validateRestored()
                    return try Self.rows(in: directory("out"), format)
                }
            )
        }
        return Set(try conformance.check(seeds: seeds).keys)
    }

    @Test(arguments: FileCompression.allCases.filter(\.isAvailable))
    func `show parts with the commit of their epoch`(kind: FileCompression) throws {
        let csv = try check(.byEpoch, "csv", seeds: 0..<25) {
            CSVFileSink<Trip>(
                directory: "\($0)/out", compression: kind, rolling: FileRolling(rows: 3))
        }
        #expect(csv == kinds)
        let json = try check(.byEpoch, "jsonl", seeds: 25..<50) {
            JSONLinesFileSink<Trip>(directory: "\($0)/out", compression: kind)
        }
        #expect(json == kinds)
    }

    @Test(arguments: FileCompression.allCases.filter(\.isAvailable))
    func `show a single file at the end`(kind: FileCompression) throws {
        let csv = try check(.atEnd, "csv", seeds: 0..<25) {
            CSVFileSink<Trip>(file: "\($0)/out/a.csv\(kind.fileExtension)")
        }
        #expect(csv == kinds.subtracting([.rescaled]))
        let json = try check(.atEnd, "jsonl", seeds: 25..<50) {
            JSONLinesFileSink<Trip>(file: "\($0)/out/a.jsonl\(kind.fileExtension)")
        }
        #expect(json == kinds.subtracting([.rescaled]))
    }

    private func context(_ name: String = "sink", isCheckpointed: Bool = true) -> SubtaskContext {
        SubtaskContext(
            job: "job", operatorName: name, subtask: 0, parallelism: 1,
            isCheckpointed: isCheckpointed)
    }

    @Test func `leave nothing hidden behind once all is committed`() throws {
        let directory = try TemporaryDirectory()
        let sink = CSVFileSink<Trip>(directory: directory("out"))
        var writer = try sink.writer(context: context())
        var batch = Batch<Trip>.of([Self.trip(1)])
        try writer.begin(Epoch(1))
        try writer.write(&batch)
        let content = try #require(try writer.prepare(Epoch(1)))
        let hidden = try FileManager.default.contentsOfDirectory(atPath: directory("out"))
        #expect(hidden.count == 1 && hidden[0].hasPrefix(".part-0-1-0.csv."))
        // What is prepared survives the writer.
        writer.abandon()
        let transaction = PreparedTransaction(epoch: Epoch(1), subtask: 0, content: content)
        var next = try sink.writer(context: context())
        try next.recover([transaction], after: Epoch(1))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: directory("out"))
                == ["part-0-1-0.csv"])
        try FileManager.default.removeItem(atPath: directory("out/part-0-1-0.csv"))
        let path = directory("out/part-0-1-0.csv")
        #expect(throws: FileError.notAsPrepared(path: path, problem: "it is not there")) {
            try next.commit(transaction)
        }
    }

    @Test func `leave what another operator has staged alone`() throws {
        let directory = try TemporaryDirectory()
        let sink = CSVFileSink<Trip>(directory: directory("out"))
        var others = try sink.writer(context: context("other"))
        var batch = Batch<Trip>.of([Self.trip(1)])
        try others.begin(Epoch(5))
        try others.write(&batch)
        _ = try others.prepare(Epoch(5))
        var writer = try sink.writer(context: context())
        try writer.recover([], after: Epoch(2))
        try writer.begin(Epoch(3))
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory("out")).count == 1)
    }

    @Test func `replace an earlier run's files when the job begins, and not when it goes on`()
        throws
    {
        let directory = try TemporaryDirectory()
        try directory.write("old", to: "out/part-0-0.csv")
        try directory.write("old", to: "out/part-3-2-0.csv")
        try directory.write("mine", to: "out/notes.csv")
        #expect(throws: FileError.exists(path: directory("out/part-0-0.csv"))) {
            try CSVFileSink<Trip>(directory: directory("out")).validate()
        }
        try CSVFileSink<Trip>(directory: directory("out")).validateRestored()
        let sink = CSVFileSink<Trip>(directory: directory("out"), overwrite: true)
        try sink.validate()
        var writer = try sink.writer(context: context())
        try writer.begin(Epoch(1))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: directory("out")) == ["notes.csv"])
    }

    @Test func `refuse to go on with a single file that is another`() throws {
        let directory = try TemporaryDirectory()
        let path = directory("a.csv")
        let sink = CSVFileSink<Trip>(file: path)
        var writer = try sink.writer(context: context())
        try writer.begin(Epoch(1))
        var batch = Batch<Trip>.of([Self.trip(1)])
        try writer.write(&batch)
        let content = try #require(try writer.prepare(Epoch(1)))
        let transaction = PreparedTransaction(epoch: Epoch(1), subtask: 0, content: content)
        try writer.finish()
        let text = try directory.text(of: "a.csv")
        for (changed, problem) in [
            (String(text.dropLast()), "it has 30 bytes instead of 31 or more"),
            (text.replacing("A1", with: "B1"), "the bytes before byte 31 are others"),
        ] {
            try directory.write(changed, to: "a.csv")
            var next = try sink.writer(context: context())
            #expect(throws: FileError.notAsPrepared(path: path, problem: problem)) {
                try next.recover([transaction], after: Epoch(1))
            }
        }
    }

    @Test func `hand rows to a device as they come`() throws {
        let sink = JSONLinesFileSink<Trip>(file: "/dev/null")
        #expect(sink.guarantee == .atLeastOnce)
        var writer = try sink.writer(context: context())
        try writer.begin(Epoch(1))
        var batch = Batch<Trip>.of([Self.trip(1)])
        try writer.write(&batch)
        #expect(try writer.prepare(Epoch(1)) == nil)
        try writer.finish()
    }
}
