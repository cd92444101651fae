/// What a step may know about where it runs.
///
/// One for each operator and subtask, made by the runtime before the first record.
public struct SubtaskContext: Sendable {
    /// The job's name, for messages.
    public let job: String
    /// The operator's name, for messages.
    public let operatorName: String
    /// The index of this parallel instance, from 0.
    public let subtask: Int
    /// The number of parallel instances of the operator.
    public let parallelism: Int
    /// The rows a batch should have.
    public let batchSize: Int
    /// This subtask's side of the ledger.
    public let counters: OperatorCounters
    /// The splits of the source at the head of this subtask's chain; empty below an exchange.
    public let splits: SplitWatermarks
    /// Processing time and asynchronous work.
    public let clock: any ProcessingClock
    /// What to release if the job fails.
    public let cleanups: Cleanups
    /// What the operator keeps, for those who want to look.
    public let state: StateViews
    /// What the operator keeps, for checkpoints.
    public let kept: OperatorState
    /// Whether checkpoints are taken: results then become visible epoch by epoch.
    public let isCheckpointed: Bool

    /// Describes a place in a job; a test may leave out all but the names and numbers.
    public init(
        job: String, operatorName: String, subtask: Int, parallelism: Int, batchSize: Int = 1_024,
        counters: OperatorCounters = OperatorCounters(),
        splits: SplitWatermarks = SplitWatermarks(count: 1),
        clock: any ProcessingClock = StoppedClock(), cleanups: Cleanups = Cleanups(),
        state: StateViews = StateViews(), kept: OperatorState = OperatorState(),
        isCheckpointed: Bool = false
    ) {
        self.job = job
        self.operatorName = operatorName
        self.subtask = subtask
        self.parallelism = parallelism
        self.batchSize = batchSize
        self.counters = counters
        self.splits = splits
        self.clock = clock
        self.cleanups = cleanups
        self.state = state
        self.kept = kept
        self.isCheckpointed = isCheckpointed
    }
}
