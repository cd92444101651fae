public import WeirGraph
public import WeirRuntime

/// A job that has been started inside this process.
///
/// It runs to its end whether this handle is kept or not. All methods may be called from any
/// thread.
public final class RunningJob: Sendable {
    private let execution: JobExecution
    private let run: Task<JobSummary, any Error>

    init(_ execution: JobExecution) {
        self.execution = execution
        run = Task.detached { try await execution.run() }
    }

    /// What runs where.
    public var plan: PhysicalPlan { execution.plan }

    /// Waits for the end. Cancelling the task that waits does not stop the job.
    ///
    /// - Returns: What became of every record.
    /// - Throws: `JobFailure`, when the job failed or was aborted.
    public func summary() async throws -> JobSummary { try await run.value }

    /// How it is doing.
    public func metrics() -> JobMetrics { execution.metrics() }

    /// What became of its checkpoints so far; `nil` in a job that takes none.
    public var checkpointHistory: CheckpointHistory? { execution.checkpointHistory }

    /// What its user should know so far: what was restored, what was passed over as damaged, why it
    /// was started again.
    public var notices: [String] { execution.notices }

    /// Takes a checkpoint now and copies it to a directory of its own, from which this job or a later
    /// version of it can go on, at any parallelism.
    ///
    /// - Parameter path: A directory that does not exist.
    /// - Returns: Its path.
    /// - Throws: `CheckpointError` when the job takes no checkpoints or has ended, and what went wrong
    ///   with writing.
    public func savepoint(to path: String) async throws -> String {
        try await execution.savepoint(to: path)
    }

    /// Ends the sources, as if their input had ended, and drains what has been read. A job with
    /// checkpoints takes one more instead and stands still: restored, it goes on from there.
    public func stop() { execution.requestStop() }

    /// Stops at once: sinks discard what they have not committed, and ``summary()`` throws.
    public func abort() { execution.abort() }
}
