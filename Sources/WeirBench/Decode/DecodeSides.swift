import Foundation
import Weir

/// What decodes: the engine's decoder alone, a job, or what they are compared with.
enum DecodeSide: String, CaseIterable, Sendable, Codable {
    /// Bytes in memory to records, by the engine's decoder.
    case decoder
    /// A job that reads the file and counts.
    case job
    /// Bytes in memory to records, by somebody else's parser.
    case yardstick
}

/// One run of one side.
struct DecodeRun {
    var outcome = Outcome()
    var nanoseconds = 0.0
}

/// Runs the sides over one input.
struct DecodeSides<Row: Record> {
    /// The records that are decoded at a time, as in the engine.
    private static var blockRows: Int { 1_024 }

    let input: DecodeInput
    let clock: BenchmarkClock

    /// Runs one side. Checksums are taken off the clock; those of a job only when `checksum` asks
    /// for them, since its sink has no way to do that.
    func run(_ side: DecodeSide, checksum: Bool) async throws -> DecodeRun {
        switch side {
        case .decoder: try runDecoder()
        case .job: try await runJob(checksum: checksum)
        case .yardstick: try runYardstick()
        }
    }

    private func runDecoder() throws -> DecodeRun {
        switch input.format {
        case .csv:
            let decoder = try RowFormat(Row.self).csvDecoder(
                header: input.header, options: DecodeFormat.csvOptions)
            return try decodeLines { line throws(FieldError) in try decoder.decode(line) }
        case .jsonl:
            let decoder = RowFormat(Row.self).jsonDecoder()
            return try decodeLines { line throws(FieldError) in try decoder.decode(line) }
        }
    }

    @inline(__always) private func decodeLines(
        _ decode: (Span<UInt8>) throws(FieldError) -> Row
    ) throws -> DecodeRun {
        var run = DecodeRun()
        var batch = Batch<Row>(capacity: Self.blockRows)
        var position = 0
        let bytes = input.bytes
        while position < input.count {
            let start = clock.now()
            batch.removeAll()
            while batch.count < Self.blockRows, position < input.count {
                let end = input.lineEnd(from: position)
                let line = bytes.span.extracting(position..<end)
                batch.append(try decode(line), at: .earliest)
                position = end + 1
            }
            run.nanoseconds += clock.now() - start
            let part = try RecordDigest.outcome(of: batch)
            run.outcome.rows += part.rows
            run.outcome.checksum &+= part.checksum
        }
        return run
    }

    private func runJob(checksum: Bool) async throws -> DecodeRun {
        let tally = Tally()
        let sink = DecodeSink<Row>(tally: tally, takesDigests: checksum)
        let start = clock.now()
        let job = Job("decode") { job in
            switch input.format {
            case .csv:
                job.source(
                    CSVFiles<Row>(input.path, options: DecodeFormat.csvOptions), onBadRecord: .fail,
                    as: "file"
                )
                .sink(to: sink, as: "count")
            case .jsonl:
                job.source(JSONLinesFiles<Row>(input.path), onBadRecord: .fail, as: "file")
                    .sink(to: sink, as: "count")
            }
        }
        _ = try await job.start(parallelism: 1).summary()
        return DecodeRun(outcome: tally.total, nanoseconds: clock.now() - start)
    }

    private func runYardstick() throws -> DecodeRun {
        var run = DecodeRun()
        let reader = try Yardstick(input)
        while true {
            let start = clock.now()
            let rows = try reader.decode(Self.blockRows)
            run.nanoseconds += clock.now() - start
            if rows == 0 { return run }
            run.outcome.rows += rows
            run.outcome.checksum &+= reader.checksum
        }
    }
}

extension DecodeInput {
    /// Where the line from `start` on ends.
    @inline(__always) fileprivate func lineEnd(from start: Int) -> Int {
        bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, let hit = memchr(base + start, 10, count - start)
            else { return count }
            return UnsafeRawPointer(hit) - base
        }
    }
}

/// Counts records, and sums their digests when told.
struct DecodeSink<Row: Record>: Sink {
    let tally: Tally
    let takesDigests: Bool

    var summary: String { "count" }
    var writeMode: WriteMode { .inline }

    func writer(context: SubtaskContext) -> DecodeWriter<Row> {
        DecodeWriter(tally: tally, takesDigests: takesDigests)
    }
}

struct DecodeWriter<Row: Record>: SinkWriter {
    let tally: Tally
    let takesDigests: Bool
    var part = Outcome()

    mutating func write(_ batch: inout Batch<Row>) throws {
        if takesDigests { part.checksum &+= try RecordDigest.outcome(of: batch).checksum }
        part.rows += batch.count
        batch.removeAll()
    }

    func finish() { tally.add(part) }
}
