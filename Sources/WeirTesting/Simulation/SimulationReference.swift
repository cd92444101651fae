import WeirCore
import WeirGraph
import WeirRuntime

/// What a job comes to when nothing goes wrong: without faults, without checkpoints, on one worker.
struct SimulationReference: Sendable {
    let stores: [String: any SimulatedStoreContent]
    private let recordsRead: Int
    /// The records that each operator holds at the end.
    private let held: [String: Int]
    /// The pieces of state that are left at the end, by operator and kind.
    private let state: [String: Int]

    /// Runs the job.
    ///
    /// - Throws: What the job throws.
    init(_ job: SimulatedJob) throws {
        let world = SimulatedEnvironment(seed: 0, plan: FaultPlan([]), isCalm: true)
        let builder = JobBuilder(name: job.name)
        job.define(builder, world)
        let executor = ManualExecutor(seed: 0)
        let execution = JobExecution(
            try Planner(parallelism: 1, keyGroups: KeyGroups(count: 16)).plan(builder.graph),
            executor: executor)
        let summary = try executor.run { try await execution.run() }
        stores = world.stores
        recordsRead = summary.recordsRead
        held = Self.held(summary)
        state = execution.observe(countsState: true)?.state ?? [:]
        if let violation = world.violation { throw SimulationViolation(violation) }
    }

    private static func held(_ summary: JobSummary) -> [String: Int] {
        Dictionary(
            summary.ledger.operators.map { ($0.name, $0.counts.held) }, uniquingKeysWith: +)
    }

    /// Compares what became of the records, and what is left.
    ///
    /// - Throws: ``SimulationViolation``.
    func compare(_ summary: JobSummary, _ state: [String: Int]) throws {
        guard summary.recordsRead == recordsRead else {
            throw SimulationViolation(
                "the ledger has \(summary.recordsRead) records read, of \(recordsRead)")
        }
        let held = Self.held(summary)
        guard held == self.held else {
            throw SimulationViolation("held at the end: \(held), instead of \(self.held)")
        }
        // A process that is restored after the streams' end has nothing but their positions.
        guard state == self.state || state.isEmpty else {
            throw SimulationViolation(
                "state left at the end: \(state), instead of \(self.state)")
        }
    }
}
