import ArgumentParser
import Foundation
import Weir
import WeirNexmark

/// Compares the Nexmark queries with plain loops.
struct CompareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Compares queries of the Nexmark benchmark with plain loops that do the same.",
        discussion: """
            Engine and loop run in turns over the same events, which are made before each run unless told, \
            and are each side's own; times are medians over the runs, in nanoseconds an event. Exits with status 1 when their \
            results differ.
            """)

    @Option(parsing: .upToNextOption, help: "The queries. Default: all that have a loop.")
    var query: [String] = []

    @Option(help: "Events in each run.")
    var events = 1_000_000

    @Option(help: "Runs of each side that count; one before them does not.")
    var runs = 5

    @Option(help: "The engine's workers; the loop has one thread at any rate.")
    var parallelism = 1

    @Flag(
        inversion: .prefixedNo,
        help: "Make the events before each run; without, both sides make them as they go.")
    var replay = true

    @Option(help: "Run one side alone, for profiles and instruction counts.")
    var side = Side.both

    @Option(help: "What times are taken by: the wall clock, or the process's processor time.")
    var clock = BenchmarkClock.wall

    @Flag(help: "Print the report as JSON.")
    var json = false

    func validate() throws {
        if events < 1 || runs < 1 || parallelism < 1 {
            throw ValidationError("--events, --runs and --parallelism must be at least 1")
        }
        _ = try chosen
    }

    private var chosen: [HandQuery] {
        get throws {
            if query.isEmpty { return HandQuery.all }
            return try query.map { name in
                guard let found = HandQuery.named(name) else {
                    throw BenchmarkError.unknown(name, known: HandQuery.all.map(\.name))
                }
                return found
            }
        }
    }

    func run() async throws {
        // Each side's own, as it takes them best: a loop one by one, a job in batches.
        let block = replay ? EventBlock(count: events) : nil
        let batches = replay ? EventBatches(count: events) : nil
        if !json { print(OperatorsReport.header) }
        var measurements: [Measurement] = []
        for hand in try chosen {
            let query = try NexmarkQuery.named(hand.name)
            let measured = try await Measurement.take(
                hand.name, records: events, runs: runs, side: side, clock: clock,
                prepare: {
                    block?.refill()
                    batches?.refill()
                }
            ) {
                try await runEngine(query, batches)
            } loop: {
                Outcome(block.map { hand.run(over: $0) } ?? hand.run(events: events))
            }
            measurements.append(measured)
            if !json { print(OperatorsReport.line(measured)) }
        }
        let report = OperatorsReport(
            machine: .current(), clock: clock.rawValue, runs: runs, measurements: measurements)
        json ? try printJSON(report) : print("\n" + report.machine.description)
        let unequal = measurements.filter { !$0.isEqual }.map(\.name)
        if !unequal.isEmpty { throw BenchmarkError.unequalResults(unequal) }
    }

    private func runEngine(_ query: NexmarkQuery, _ batches: EventBatches?) async throws -> Outcome
    {
        let results = NexmarkResults()
        let job =
            if let batches {
                query.job(
                    ReplayedEvents(batches, splits: parallelism), results: results)
            } else {
                query.job(events: events, splits: parallelism, results: results)
            }
        let summary = try await job.start(parallelism: parallelism).summary()
        guard summary.recordsRead == events else {
            throw BenchmarkError.incompleteRun(query.name, read: summary.recordsRead, of: events)
        }
        return Outcome(results.total)
    }
}

extension Outcome {
    init(_ total: NexmarkTotal) { self.init(rows: total.rows, checksum: total.checksum) }
}
