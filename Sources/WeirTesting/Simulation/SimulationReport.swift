/// What came about in simulated runs.
public struct SimulationReport: Sendable {
    /// The number of runs.
    public private(set) var runs = 0
    /// How often each kind of fault was met.
    public private(set) var faults: [FaultKind: Int] = [:]
    /// Processes that were started.
    public private(set) var processes = 0
    /// Restarts within a process.
    public private(set) var restarts = 0
    /// Checkpoints that were completed.
    public private(set) var checkpoints = 0
    /// Checkpoints that failed; the jobs went on.
    public private(set) var failedCheckpoints = 0
    /// Records that barriers overtook, and that were parts of checkpoints.
    public private(set) var recordsInFlight = 0
    /// Transactions that sinks were told to commit.
    public private(set) var commits = 0
    /// Those among them that had been committed before.
    public private(set) var repeatedCommits = 0
    /// Turns, timers and pieces of asynchronous work.
    public private(set) var steps = 0
    /// A number that follows from every choice and every row of all runs, in their order: equal
    /// numbers stand for equal runs.
    public private(set) var trace: UInt64 = 0

    /// Of no run.
    public init() {}

    init(_ outcome: SimulatedRun.Outcome) {
        runs = 1
        faults = outcome.met
        processes = outcome.processes
        restarts = outcome.restarts
        checkpoints = outcome.checkpoints
        failedCheckpoints = outcome.failedCheckpoints
        recordsInFlight = outcome.recordsInFlight
        commits = outcome.commits
        repeatedCommits = outcome.repeatedCommits
        steps = outcome.steps
        trace = outcome.trace
    }

    /// Adds what came about in other runs.
    public mutating func add(_ other: SimulationReport) {
        runs += other.runs
        faults.merge(other.faults, uniquingKeysWith: +)
        processes += other.processes
        restarts += other.restarts
        checkpoints += other.checkpoints
        failedCheckpoints += other.failedCheckpoints
        recordsInFlight += other.recordsInFlight
        commits += other.commits
        repeatedCommits += other.repeatedCommits
        steps += other.steps
        trace = (trace ^ other.trace) &* 0x9e37_79b9_7f4a_7c15
    }
}
