public import WeirCore

/// Settings of a run that do not change its results.
public struct ExecutionOptions: Sendable {
    /// The rows that a batch should have.
    public var batchSize = 1_024
    /// The batches and marks that a queue between workers holds; `nil`: chosen from the parallelism,
    /// so that memory does not grow with its square.
    public var queueCapacity: Int?
    /// The splits that one subtask of a blocking source reads at a time.
    public var openSplitsPerSubtask = 16
    /// Where tables of state are kept. Default: in memory.
    public var stateBackend = StateBackend.memory
    /// How much memory the process may take before the job fails with an error that says what takes it.
    /// Such a failure is final, whatever ``restartStrategy`` says: a restored job would need as much.
    /// Default: nine tenths of what the machine or the process's control group has.
    public var memoryLimit = MemoryLimit.automatic
    /// How state is made to survive; `nil`, the default: not at all.
    public var checkpoints: CheckpointOptions?
    /// What a job with checkpoints does after a failure. Default: exponential back-off.
    public var restartStrategy = RestartStrategy.exponentialBackoff()

    /// The settings that suit most jobs.
    public init() {}

    /// The rows that an exchange collects for each target: fewer for many targets, since each of P
    /// subtasks has P batches in the making, and what those take together must fit the caches.
    func exchangeBatchSize(parallelism: Int) -> Int {
        min(batchSize, max(128, 8_192 / max(1, parallelism)))
    }

    /// Every two subtasks are joined by a queue, P² in all: with the same capacity for each of them
    /// sixteen workers would hold sixty-four times what two hold, far more than any cache.
    func queueCapacity(parallelism: Int) -> Int {
        queueCapacity ?? max(2, min(32, 512 / max(1, parallelism * parallelism)))
    }
}
