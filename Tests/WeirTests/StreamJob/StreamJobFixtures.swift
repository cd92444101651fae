import ArgumentParser
import Weir
import WeirCore
import WeirGraph
import WeirRuntime

@testable import Weir

/// Numbers from 0, in one split.
struct CountedSource: Source {
    var count: Int
    /// Whether it waits for the job to be stopped when it has no more, rather than ending.
    var staysOpen = false
    var summary: String { "\(count) numbers" }
    var readMode: ReadMode { .inline }
    var fields: [FieldDescription] {
        [
            FieldDescription(
                name: "n", type: .int64, isOptional: false, aliases: ["number"],
                documentation: "the number", unit: "ticks")
        ]
    }

    struct Reader: SplitReader {
        var next = 0
        let source: CountedSource

        mutating func read(into batch: inout Batch<Int>, limit: Int) throws -> ReadOutcome {
            let end = min(source.count, next + limit)
            for number in next..<end { batch.append(number, at: .earliest) }
            next = end
            if next < source.count { return .more }
            return source.staysOpen ? .nothingFor(.milliseconds(1)) : .end
        }
    }

    func splits() throws -> [SourceSplit] { [SourceSplit(id: "numbers")] }
    func reader(for split: SourceSplit, context: ReaderContext) throws -> Reader {
        Reader(source: self)
    }
}

/// Keeps what it is given.
struct KeepingSink<Element: Sendable>: Sink {
    final class Kept: Sendable {
        let rows = Locked<[Element]>([])
    }
    let kept: Kept
    var summary: String { "memory" }
    var writeMode: WriteMode { .inline }
    var guarantee: DeliveryGuarantee { .idempotent }

    struct Writer: SinkWriter {
        let kept: Kept
        mutating func write(_ batch: inout Batch<Element>) throws {
            try batch.drainRows { row, _ in kept.rows.withLock { $0.append(row) } }
        }
        mutating func finish() throws {}
    }

    func writer(context: SubtaskContext) throws -> Writer { Writer(kept: kept) }
}

/// What a program has written, and what its terminal is.
final class RecordedConsole: Sendable {
    private let texts = Locked((output: "", error: ""))

    var output: String { texts.withLock { $0.output } }
    var error: String { texts.withLock { $0.error } }

    var console: Console {
        Console(
            writeOutput: { [self] text in texts.withLock { $0.output += text } },
            writeError: { [self] text in texts.withLock { $0.error += text } })
    }

    /// Runs a job's program in this process.
    static func run<Arguments: JobArguments>(
        _ program: JobProgram<Arguments>.Type, _ arguments: [String]
    ) async -> (status: Int32, output: String, error: String) {
        let recorded = RecordedConsole()
        let status = await program.run(arguments, on: recorded.console)
        return (status, recorded.output, recorded.error)
    }
}

struct Indivisible: Error, CustomStringConvertible {
    var description: String { "a number that cannot be divided" }
}

/// A job with options of its own.
struct DivisionJob: StreamJob, ParsableArguments {
    static var overview: String { "Divides numbers." }

    @Option(help: "Numbers to read.") var count = 10
    @Option(help: "Number that fails.") var failAt: Int?

    func validate() throws {
        if count < 0 { throw ArgumentParser.ValidationError("--count is negative.") }
    }

    func define(_ job: JobBuilder) {
        let failAt = failAt
        job.source(CountedSource(count: count), as: "numbers")
            .filter(as: "even") { $0.isMultiple(of: 2) }
            .map(as: "half") { number in
                if number == failAt { throw Indivisible() }
                return number / 2
            }
            .sink(to: KeepingSink(kept: KeepingSink.Kept()), as: "results")
    }
}

/// A job that counts in windows, with a report that fails when asked for.
struct WindowedJob: StreamJob {
    func define(_ job: JobBuilder) {
        job.source(CountedSource(count: 4), onBadRecord: .deadLetter, as: "numbers")
            .watermarked(.atEnd) { _ in .epoch }
            .keyed(by: { $0 })
            .windowed(
                .tumbling(.milliseconds(500)),
                late: .sideOutput {
                    $0.sink(to: KeepingSink(kept: KeepingSink.Kept()), as: "too-late")
                }
            )
            .aggregate(Count(), as: "counts") { _, _, count in count }
            .sink(to: KeepingSink(kept: KeepingSink.Kept()), as: "results")
    }

    func report(_ summary: JobSummary) async throws { throw Indivisible() }
}

/// A job that cannot be planned.
struct EndlessJob: StreamJob {
    func define(_ job: JobBuilder) { _ = job.source(CountedSource(count: 1), as: "numbers") }
}
