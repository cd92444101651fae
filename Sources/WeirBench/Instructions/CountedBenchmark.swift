import Weir
import WeirNexmark
import WeirTesting

/// A job whose instructions are counted.
struct CountedBenchmark: Sendable {
    let name: String
    /// The records of the shorter run.
    let records: Int
    /// Called before each run; not counted.
    var prepare: @Sendable () -> Void = {}
    private let plan: @Sendable (_ records: Int) throws -> PhysicalPlan

    init(
        name: String, records: Int,
        plan: @escaping @Sendable (_ records: Int) throws -> PhysicalPlan
    ) {
        self.name = name
        self.records = records
        self.plan = plan
    }

    /// Large enough for some windows to close between the ends of the two runs.
    static let all =
        [
            operation("map+filter", records: 500_000),
            operation("tumbling count", records: 1_000_000),
            operation("tumbling mean, String keys", records: 1_000_000),
            operation("sliding count 60 s/1 s", records: 1_000_000),
        ] + ["q0", "q2", "q4", "q5", "q7", "q8", "q18"].map { query($0, events: queryEvents) }

    /// Whole batches.
    private static let queryEvents = 50 * EventBatches.batchSize
    private static let batches = EventBatches(count: 2 * queryEvents)

    private static func operation(_ name: String, records: Int) -> CountedBenchmark {
        CountedBenchmark(name: name, records: records) { records in
            guard let found = OperatorsCommand.benchmarks.first(where: { $0.name == name }) else {
                throw BenchmarkError.unknown(
                    name, known: OperatorsCommand.benchmarks.map(\.name))
            }
            let job = JobBuilder(name: "counted")
            found.define(job, records, 1, Tally())
            return try Planner(parallelism: 1).plan(job.graph)
        }
    }

    /// A query over events that are made beforehand. Its rows are counted: to hash them costs more than
    /// the light queries do.
    private static func query(_ name: String, events: Int) -> CountedBenchmark {
        var counted = CountedBenchmark(name: name, records: events) { records in
            try NexmarkQuery.named(name)
                .job(
                    ReplayedEvents(batches, count: records),
                    results: NexmarkResults(hashesRows: false)
                )
                .plan(parallelism: 1)
        }
        counted.prepare = { batches.refill() }
        return counted
    }

    /// Runs it on the calling thread, always in the same order.
    ///
    /// - Returns: How often the process asked for memory meanwhile.
    func run(_ records: Int) throws -> Double {
        // Its clock stands still, so that turns end only where input or output does.
        let executor = ManualExecutor(seed: 1, maximumTick: .zero)
        let before = Allocations.count
        let execution = JobExecution(try plan(records), executor: executor)
        let summary = try executor.run { try await execution.run() }
        guard summary.recordsRead == records else {
            throw BenchmarkError.incompleteRun(name, read: summary.recordsRead, of: records)
        }
        return Allocations.count - before
    }
}
