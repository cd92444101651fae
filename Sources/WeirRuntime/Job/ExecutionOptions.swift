/// Settings of a run that do not change its results.
public struct ExecutionOptions: Sendable {
    /// The rows that a batch should have.
    public var batchSize = 1_024
    /// The batches and marks that a queue between workers holds; `nil`: chosen from the parallelism,
    /// so that memory does not grow with its square.
    public var queueCapacity: Int?
    /// The splits that one subtask of a blocking source reads at a time.
    public var openSplitsPerSubtask = 64

    /// The settings that suit most jobs.
    public init() {}

    func queueCapacity(parallelism: Int) -> Int {
        queueCapacity ?? max(4, min(32, 64 / max(1, parallelism)))
    }
}
