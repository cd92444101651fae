import Synchronization
import WeirCore
public import WeirGraph

/// A run of a job: takes a plan, executes it, and says what it came to.
///
/// One run each; make another execution to run a plan again. All methods may be called from any
/// thread.
public final class JobExecution: Sendable {
    /// What is run.
    public let plan: PhysicalPlan
    private let executor: any Executor
    private let options: ExecutionOptions
    private let isStopping = Atomic<Bool>(false)
    private let state = Mutex(State())

    private struct State {
        var parts: JobParts?
        var startedAt: UInt64 = 0
        var endedAt: UInt64?
        var unfinished = 0
        var failure: (any Error)?
        var isAborted = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    /// Makes a run of `plan`; nothing starts before ``run()``.
    public init(
        _ plan: PhysicalPlan, executor: any Executor = DispatchExecutor(),
        options: ExecutionOptions = ExecutionOptions()
    ) {
        self.plan = plan
        self.executor = executor
        self.options = options
    }

    /// Runs the job to its end.
    ///
    /// - Returns: What became of every record.
    /// - Throws: ``JobFailure`` when a connector, an operator or a user's function failed, or when the
    ///   job was aborted; by then every sink has discarded what it had not committed.
    public func run() async throws -> JobSummary {
        let parts: JobParts
        do {
            parts = try await onLane { try self.prepare() }
        } catch {
            throw JobFailure(cause: error, summary: summary(.failed))
        }
        await withCheckedContinuation { continuation in
            start(parts, continuation)
        }
        return try conclude()
    }

    /// Asks the sources to end, as if their input had; what has been read is drained to the sinks.
    public func requestStop() {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        for tasklet in state.withLock({ $0.parts?.tasklets ?? [] }) { tasklet.wake() }
    }

    /// Stops at once: sinks discard what they have not committed, and `run` throws.
    public func abort() {
        fail(JobError.aborted(job: plan.graph.job), isAborted: true)
    }

    /// How the job is doing.
    public func metrics() -> JobMetrics {
        let (parts, start, end) = state.withLock { ($0.parts, $0.startedAt, $0.endedAt) }
        guard let parts else { return JobMetrics(elapsedSeconds: 0, operators: []) }
        // Read after the start, or a job that starts meanwhile would have started in the future.
        let now = executor.nanoseconds()
        return JobMetrics(
            elapsedSeconds: Double((end ?? now) - start) / 1e9,
            operators: plan.graph.operators.map {
                parts.metrics(of: $0, at: end ?? now, since: start)
            })
    }

    // MARK: - Starting

    private func onLane<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> sending Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            executor.schedule(after: .zero) {
                continuation.resume(with: Swift.Result { try body() })
            }
        }
    }

    /// Checks sinks, reads small tables, finds splits and assembles the job; blocks.
    private func prepare() throws -> JobParts {
        var prepared: [OperatorID: any Sendable] = [:]
        var splits: [OperatorID: [SourceSplit]] = [:]
        for node in plan.graph.operators {
            let context = SubtaskContext(
                job: plan.graph.job, operatorName: node.id.name, subtask: 0,
                parallelism: plan.subtasks(of: node.id))
            try context.attributing {
                switch node.body {
                case .sink(let sink): try sink.validate()
                case .source(let source): splits[node.id] = try source.splits()
                case .transform(let transform): prepared[node.id] = try transform.prepare?()
                }
            }
        }
        var assembler = JobAssembler(
            plan: plan, executor: executor, options: options, prepared: prepared, splits: splits,
            isStopping: { [self] in isStopping.load(ordering: .relaxed) },
            onFailure: { [self] in fail($0) }, onFinish: { [self] in finishOne() })
        return try assembler.assemble()
    }

    private func start(_ parts: JobParts, _ waiter: CheckedContinuation<Void, Never>) {
        let mayStart = state.withLock { state in
            state.parts = parts
            state.startedAt = executor.nanoseconds()
            state.unfinished = parts.tasklets.count
            state.waiter = waiter
            return state.failure == nil
        }
        for tasklet in parts.tasklets { mayStart ? tasklet.wake() : tasklet.cancel() }
    }

    // MARK: - Ending

    private func fail(_ error: any Error, isAborted: Bool = false) {
        let parts = state.withLock { state -> JobParts? in
            guard state.failure == nil, state.endedAt == nil else { return nil }
            state.failure = error
            state.isAborted = isAborted
            return state.parts
        }
        guard let parts else { return }
        isStopping.store(true, ordering: .sequentiallyConsistent)
        for tasklet in parts.tasklets + parts.pumps { tasklet.cancel() }
    }

    private func finishOne() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.unfinished -= 1
            guard state.unfinished == 0 else { return nil }
            state.endedAt = executor.nanoseconds()
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    private func conclude() throws -> JobSummary {
        let (failure, isAborted) = state.withLock { ($0.failure, $0.isAborted) }
        if let failure {
            throw JobFailure(cause: failure, summary: summary(isAborted ? .aborted : .failed))
        }
        let wasStopped = isStopping.load(ordering: .sequentiallyConsistent)
        let result = summary(wasStopped ? .stopped : .finished)
        guard result.ledger.isBalanced else {
            throw JobFailure(
                cause: JobError.ledgerImbalance(job: plan.graph.job, result.ledger.imbalances),
                summary: result)
        }
        return result
    }

    private func summary(_ outcome: JobSummary.Outcome) -> JobSummary {
        let (parts, start, end) = state.withLock { ($0.parts, $0.startedAt, $0.endedAt) }
        let ledger = parts?.ledger(plan) ?? Ledger(operators: [], edges: [])
        let read = ledger.operators.filter { $0.kind == OperatorKind.source.rawValue }
        return JobSummary(
            job: plan.graph.job, outcome: outcome, parallelism: plan.parallelism,
            seconds: end.map { Double($0 - start) / 1e9 } ?? 0,
            recordsRead: read.reduce(0) { $0 + $1.counts.received }, ledger: ledger)
    }
}
