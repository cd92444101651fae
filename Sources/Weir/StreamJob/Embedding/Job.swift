public import WeirGraph
public import WeirRuntime

/// A job inside another program: defined, started and watched in-process.
///
/// ```swift
/// let job = Job("page-views") { job in
///     job.source(views, as: "views").….sink(to: results, as: "results")
/// }
/// let run = try job.start(parallelism: 2)
/// let summary = try await run.summary()
/// ```
public struct Job: Sendable {
    /// What it consists of; not validated yet.
    public let graph: LogicalGraph

    /// Makes the job that `define` describes.
    public init(_ name: String, _ define: (JobBuilder) throws -> Void) rethrows {
        let builder = JobBuilder(name: name)
        try define(builder)
        graph = builder.graph
    }

    /// Makes the job that a job program runs.
    ///
    /// - Throws: What its `define` throws.
    public init<Program: StreamJob>(_ program: Program) throws {
        try self.init(Program.jobName, program.define)
    }

    /// What would run where.
    ///
    /// - Parameter parallelism: The number of workers; `nil`: one for each core.
    /// - Throws: All that is wrong with the job.
    public func plan(parallelism: Int? = nil) throws(ValidationError) -> PhysicalPlan {
        try Planner(parallelism: parallelism ?? Machine.defaultParallelism).plan(graph)
    }

    /// Starts the job; may be called again, for another run.
    ///
    /// ```swift
    /// var options = ExecutionOptions()
    /// options.checkpoints = CheckpointOptions(CheckpointDirectory("state"), interval: .seconds(10))
    /// options.checkpoints?.restoring = .latestIfAny
    /// let run = try job.start(options: options)
    /// ```
    ///
    /// - Parameters:
    ///   - parallelism: The number of workers; `nil`: one for each core.
    ///   - options: Batches and queues, and whether its state survives; the default takes no
    ///     checkpoints.
    /// - Throws: All that is wrong with the job. What goes wrong once it runs is thrown by
    ///   ``RunningJob/summary()``.
    public func start(
        parallelism: Int? = nil, options: ExecutionOptions = ExecutionOptions()
    ) throws(ValidationError) -> RunningJob {
        RunningJob(JobExecution(try plan(parallelism: parallelism), options: options))
    }
}
