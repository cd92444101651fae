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

    /// Ends the sources, as if their input had ended, and drains what has been read.
    public func stop() { execution.requestStop() }

    /// Stops at once: sinks discard what they have not committed, and ``summary()`` throws.
    public func abort() { execution.abort() }
}
