import ArgumentParser
import Foundation
import Weir
import WeirNexmark

/// Runs the Nexmark benchmark's queries.
struct NexmarkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "nexmark",
        abstract: "Runs queries of the Nexmark benchmark over its generated events.",
        discussion: """
            Queries:
            \(known.map { "  \($0.name): \($0.title)" }.joined(separator: "\n"))

            A row's checksum is the FNV-1a hash of its fields joined by '|'; a result's is the sum \
            of its rows' checksums, whatever their order. Exits with status 1 when --check finds a \
            difference.
            """)

    private static let known = NexmarkQuery.all + NexmarkQuery.variants

    @Option(help: "The query, such as q5; 'all' runs those of the benchmark, one after the other.")
    var query: String

    @Option(help: "How many events are generated.")
    var events = 1_000_000

    @Option(help: "The number of workers.")
    var parallelism = 1

    @Option(help: "A file for the rows, as JSON Lines; of one query alone.")
    var output: String?

    @Option(
        help: """
            A file for the rows, as JSON Lines, that each gets into once whatever happens to the \
            process; of one append-only query. Rows are then not counted.
            """)
    var rows: String?

    @Option(help: "Events a second. Default: as fast as they are taken.")
    var rate: Double?

    @OptionGroup var backend: StateBackendArguments

    @Option(help: "A directory for checkpoints of one query.")
    var checkpoints: String?

    @Flag(help: "Go on from the newest checkpoint, if there is one.")
    var restore = false

    @Option(help: "A file of expected rows and checksums, as JSON, to compare with.")
    var check: String?

    @Option(
        parsing: .upToNextOption,
        help: """
            Abort each query in the middle and restore it, once for each parallelism: \
            '--restored 1 3 2' runs with one worker, then with three, then ends with two.
            """)
    var restored: [Int] = []

    @Option(help: "Milliseconds from one checkpoint to the next, with --restored or --checkpoints.")
    var checkpointInterval = 200

    @Flag(
        help: """
            With --restored, compare with the query's plain loop, or where there is none with a run \
            that is not aborted, in memory; of any number of events.
            """)
    var compare = false

    @Flag(inversion: .prefixedNo, help: "Hash the rows; without, they are only counted.")
    var checksum = true

    @Flag(help: "Print each query's figures as a line of JSON.")
    var json = false

    func validate() throws {
        if events < 0 { throw ValidationError("--events must not be negative, but is \(events)") }
        if parallelism < 1 {
            throw ValidationError("--parallelism must be at least 1, not \(parallelism)")
        }
        if restored.contains(where: { $0 < 1 }) || checkpointInterval < 1 {
            throw ValidationError("--restored and --checkpoint-interval must be at least 1")
        }
        if compare && (restored.isEmpty || !checksum) {
            throw ValidationError("--compare needs --restored, and checksums")
        }
        if !restored.isEmpty && output != nil {
            throw ValidationError("--output takes the rows of a query that is not restored")
        }
        if output != nil && query == "all" {
            throw ValidationError("--output takes the rows of one query: name it with --query")
        }
        if let rate, !(rate > 0) { throw ValidationError("--rate must be above 0, not \(rate)") }
        if restore && checkpoints == nil {
            throw ValidationError("--restore needs --checkpoints: name the directory to look in")
        }
        if !restored.isEmpty && (rows != nil || checkpoints != nil) {
            throw ValidationError("--restored keeps its own checkpoints, and no rows")
        }
        if query == "all" && (rows != nil || checkpoints != nil) {
            throw ValidationError(
                "--rows and --checkpoints are for one query: name it with --query")
        }
        if rows != nil, try NexmarkQuery.named(query).isUpdating {
            throw ValidationError("--rows is for results that only grow, and \(query)'s changes")
        }
        if check != nil && !checksum {
            throw ValidationError("--check needs the checksums that --no-checksum leaves out")
        }
        do { _ = try queries } catch { throw ValidationError("\(error)") }
    }

    private var queries: [NexmarkQuery] {
        get throws { query == "all" ? NexmarkQuery.all : [try .named(query)] }
    }

    func run() async throws {
        let expected = try check.map { try NexmarkExpectation(path: $0, events: events) }
        if !json { print(NexmarkReport.header) }
        var differences: [String] = []
        for query in try queries {
            let report =
                restored.isEmpty ? try await measure(query) : try await measureRestored(query)
            print(json ? try report.jsonLine : report.line)
            if let difference = expected?.difference(to: report) { differences.append(difference) }
            // q12 counts by the clock, which is another each time.
            if compare, query.name != "q12",
                let difference = try await straight(query).difference(to: report)
            {
                differences.append(difference)
            }
        }
        if !json { print("\n" + Machine.current().description) }
        if !differences.isEmpty { throw NexmarkCheckError(differences: differences) }
    }

    /// What the query comes to where nothing goes wrong.
    private func straight(_ query: NexmarkQuery) async throws -> NexmarkExpectation {
        if let loop = HandQuery.named(query.name) {
            return NexmarkExpectation(query: query.name, loop.run(events: events))
        }
        let results = NexmarkResults(hashesRows: true)
        _ = try await query.job(events: events, splits: 1, results: results)
            .start(parallelism: 1).summary()
        return NexmarkExpectation(query: query.name, results.total)
    }

    private func measureRestored(_ query: NexmarkQuery) async throws -> NexmarkReport {
        let results = NexmarkResults(hashesRows: checksum)
        let usageBefore = ResourceUsage.current()
        let start = ContinuousClock.now
        let run = RestoredRun(
            query: query, events: events, rate: rate, parallelisms: restored,
            interval: .milliseconds(checkpointInterval), backend: backend)
        let outcome = try await run.run(results)
        if !json { print(run.text(of: outcome)) }
        return report(
            query, results, seconds: (ContinuousClock.now - start) / .seconds(1), usageBefore)
    }

    private func executionOptions(_ scratch: PageScratch?) -> ExecutionOptions {
        var options = ExecutionOptions()
        options.stateBackend = scratch?.backend ?? .memory
        guard let checkpoints else { return options }
        options.checkpoints = CheckpointOptions(
            CheckpointDirectory(checkpoints), interval: .milliseconds(checkpointInterval))
        options.checkpoints?.restoring = restore ? .latestIfAny : nil
        options.restartStrategy = .never
        return options
    }

    private func measure(_ query: NexmarkQuery) async throws -> NexmarkReport {
        let file = try output.map { try RowFile($0, isUpdating: query.isUpdating) }
        let results = NexmarkResults(
            hashesRows: checksum, output: file, transactionalPath: rows)
        let job = query.job(events: events, splits: parallelism, rate: rate, results: results)
        let scratch = try backend.makeScratch()
        let usageBefore = ResourceUsage.current()
        let start = ContinuousClock.now
        let summary = try await job.start(
            parallelism: parallelism, options: executionOptions(scratch)
        ).summary()
        if let moved = scratch?.moved, !json {
            print("\(query.name): pages spilled \(moved.written), read back \(moved.read)")
        }
        try file?.finish()
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        guard summary.recordsRead == events else {
            throw BenchmarkError.incompleteRun(query.name, read: summary.recordsRead, of: events)
        }
        return report(query, results, seconds: seconds, usageBefore)
    }

    private func report(
        _ query: NexmarkQuery, _ results: NexmarkResults, seconds: Double,
        _ usageBefore: ResourceUsage
    ) -> NexmarkReport {
        let usage = ResourceUsage.current()
        return NexmarkReport(
            query: query.name, events: events,
            parallelism: restored.isEmpty ? parallelism : restored.max() ?? 1, seconds: seconds,
            eventsPerSecond: seconds > 0 ? Double(events) / seconds : 0, rows: results.total.rows,
            checksum: checksum ? results.total.checksumText : nil,
            peakResidentBytes: Int(usage.peakMegabytes * 1e6),
            cpuSeconds: usage.processorSeconds - usageBefore.processorSeconds)
    }
}

/// What a query's run came to.
struct NexmarkReport: Codable, Sendable {
    var query: String
    var events: Int
    var parallelism: Int
    /// From the start of the job to its end.
    var seconds: Double
    var eventsPerSecond: Double
    var rows: Int
    /// 16 digits; `nil` where rows were not hashed.
    var checksum: String?
    /// Of the process so far: of several queries in one process the greatest counts.
    var peakResidentBytes: Int
    /// Processor time of the run, user and system.
    var cpuSeconds: Double

    static let header =
        "query".padded(7) + "events".padded(-12) + "workers".padded(-9) + "seconds".padded(-10)
        + "events/s".padded(-14) + "cpu ns/event".padded(-14) + "rows".padded(-12)
        + "  checksum".padded(20) + "peak MB".padded(-9)

    var line: String {
        query.padded(7) + "\(events)".padded(-12) + "\(parallelism)".padded(-9)
            + seconds.text(3).padded(-10) + eventsPerSecond.text(0).padded(-14)
            + (events > 0 ? cpuSeconds / Double(events) * 1e9 : 0).text(1).padded(-14)
            + "\(rows)".padded(-12) + "  \(checksum ?? "-")".padded(20)
            + (Double(peakResidentBytes) / 1e6).text(0).padded(-9)
    }

    var jsonLine: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }
}
