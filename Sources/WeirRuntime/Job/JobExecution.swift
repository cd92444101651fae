import Synchronization
import WeirCore
public import WeirGraph
import WeirState

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
    private let state = Locked(State())

    private struct State {
        var parts: JobParts?
        var startedAt: UInt64 = 0
        var endedAt: UInt64?
        var unfinished = 0
        var failure: (any Error)?
        var isAborted = false
        var waiter: CheckedContinuation<Void, Never>?
        var coordinator: CheckpointCoordinator?
        /// Tells the attempt's readers that it is over.
        var cancellation = Cancellation()
        /// What became of the checkpoints of earlier attempts.
        var history = CheckpointHistory()
        var notices: [String] = []
        /// The first epoch of this run; a later attempt goes on from none before it.
        var firstEpoch: Epoch?
        /// The checkpoint that was restored, where another may be restored instead.
        var replaceableCheckpoint: Epoch?
        /// What the sources' bad records were when this run began.
        var firstBadRecords: [OperatorID: [UInt8]] = [:]
    }

    private final class Cancellation: Sendable {
        let isCancelled = Atomic<Bool>(false)
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

    /// Runs the job to its end. With checkpoints, a failure starts it again from the last one, as
    /// ``ExecutionOptions/restartStrategy`` says.
    ///
    /// - Returns: What became of every record.
    /// - Throws: ``JobFailure`` when a connector, an operator or a user's function failed, or when the
    ///   job was aborted; by then every sink has discarded what it had not committed.
    public func run() async throws -> JobSummary {
        defer { options.checkpoints?.directory.release() }
        do {
            let summary = try await runAttempts()
            tellSinks(nil)
            return summary
        } catch {
            tellSinks(error)
            throw error
        }
    }

    private func tellSinks(_ failure: (any Error)?) {
        for node in plan.graph.operators {
            if case .sink(let sink) = node.body { sink.runEnded(failure) }
        }
    }

    private func runAttempts() async throws -> JobSummary {
        var restart = RestartDecision(
            options.checkpoints == nil ? .never : options.restartStrategy)
        var isFirst = true
        while true {
            do {
                return try await attempt(isFirst: isFirst)
            } catch {
                let hasBegun = state.withLock { $0.parts != nil }
                if passesOver(error, hasBegun: hasBegun) {
                    isFirst = false
                    continue
                }
                // What can't even be put together needs its user.
                guard !isPermanent(error), hasBegun || !isFirst,
                    let delay = restart.delay(
                        at: executor.nanoseconds(), madeProgress: endAttempt(),
                        random: jitter())
                else { throw error }
                if isStopping.load(ordering: .sequentiallyConsistent) { throw error }
                note("starting again in \(delay.roundedText), after: \(error)")
                state.withLock { $0.history.restarts += 1 }
                guard await pause(delay) else { throw error }
                isFirst = false
            }
        }
    }

    private func attempt(isFirst: Bool) async throws -> JobSummary {
        let parts: JobParts
        do {
            parts = try await onLane { try self.prepare(isFirst: isFirst) }
        } catch {
            throw JobFailure(cause: error, summary: summary(.failed))
        }
        await withCheckedContinuation { continuation in
            start(parts, continuation)
        }
        state.withLock { $0.coordinator }?.dismiss()
        return try conclude()
    }

    /// Asks the sources to end, as if their input had; what has been read is drained to the sinks. A
    /// job with checkpoints takes one more instead, and stands still: restored, it goes on from there.
    public func requestStop() {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        let (parts, coordinator) = state.withLock { ($0.parts, $0.coordinator) }
        _ = coordinator?.requestStop()
        for tasklet in parts?.tasklets ?? [] { tasklet.wake() }
    }

    /// Stops at once: sinks discard what they have not committed, and `run` throws.
    public func abort() {
        fail(JobError.aborted(job: plan.graph.job), isAborted: true)
    }

    /// Copies the state of a checkpoint that begins now to a directory of its own, which stays until
    /// someone removes it, and from which this job or a later version of it can be restored at any
    /// parallelism.
    ///
    /// - Parameter path: A directory that does not exist, or is empty.
    /// - Returns: Its path.
    /// - Throws: ``CheckpointError`` when the job is not checkpointed or has ended, and what went wrong
    ///   with the checkpoint.
    public func savepoint(to path: String) async throws -> String {
        guard let coordinator = state.withLock({ $0.coordinator }) else {
            throw CheckpointError.jobHasEnded
        }
        return try await withCheckedThrowingContinuation { continuation in
            coordinator.requestSavepoint(path) { continuation.resume(with: $0) }
        }
    }

    /// What became of the checkpoints so far; `nil` in a job that takes none.
    public var checkpointHistory: CheckpointHistory? {
        guard options.checkpoints != nil else { return nil }
        let (earlier, coordinator) = state.withLock { ($0.history, $0.coordinator) }
        var history = coordinator?.history ?? CheckpointHistory()
        history.goOn(from: earlier)
        return history
    }

    /// What the user should know of the run so far: what was restored, what was skipped, why it was
    /// started again.
    public var notices: [String] { state.withLock { $0.notices } }

    /// How the job is doing. Has the operators measure their state, for the next time.
    public func metrics() -> JobMetrics {
        let (parts, start, end) = state.withLock { ($0.parts, $0.startedAt, $0.endedAt) }
        guard let parts else { return JobMetrics(elapsedSeconds: 0, operators: []) }
        if end == nil { for memory in parts.memories { memory.requestMeasure() } }
        // Read after the start, or a job that starts meanwhile would have started in the future.
        let now = executor.nanoseconds()
        return JobMetrics(
            elapsedSeconds: Double((end ?? now) - start) / 1e9,
            operators: plan.graph.operators.map {
                parts.metrics(of: $0, at: end ?? now, since: start)
            })
    }

    /// Looks at queues and, if asked to, state; only where no tasklet runs.
    package func observe(countsState: Bool) -> JobObservation? {
        guard let parts = state.withLock({ $0.parts }) else { return nil }
        var observation = JobObservation(parts)
        if countsState { observation.count(parts) }
        return observation
    }

    // MARK: - Starting again

    private func note(_ notice: String) { state.withLock { $0.notices.append(notice) } }

    /// Whether starting again could change nothing.
    private func isPermanent(_ error: any Error) -> Bool {
        if state.withLock({ $0.isAborted }) { return true }
        guard let failure = error as? JobFailure else { return true }
        return !failure.cause.mayPass
    }

    /// Whether the checkpoint that was restored has turned out damaged, and may be passed over for the
    /// one before it: not where it was asked for by name, or where nothing may start again.
    private func passesOver(_ error: any Error, hasBegun: Bool) -> Bool {
        guard let directory = options.checkpoints?.directory,
            let epoch = state.withLock({ $0.isAborted ? nil : $0.replaceableCheckpoint }),
            let failure = error as? JobFailure, options.restartStrategy != .never || !hasBegun,
            !isStopping.load(ordering: .sequentiallyConsistent)
        else { return false }
        let cause = (failure.cause as? OperatorFailure)?.cause ?? failure.cause
        guard let damage = cause as? CheckpointStorageError, damage.isDamage else { return false }
        directory.noteDamage(epoch, damage)
        _ = endAttempt()
        if hasBegun { state.withLock { $0.history.restarts += 1 } }
        return true
    }

    /// Puts an attempt behind.
    ///
    /// - Returns: Whether it had completed a checkpoint.
    private func endAttempt() -> Bool {
        state.withLock { state in
            let attempt = state.coordinator?.history ?? CheckpointHistory()
            let hasCompleted = attempt.completed > 0
            var history = attempt
            history.goOn(from: state.history)
            state = State(
                isAborted: state.isAborted, history: history, notices: state.notices,
                firstEpoch: state.firstEpoch, firstBadRecords: state.firstBadRecords)
            return hasCompleted
        }
    }

    /// A number in 0 ..< 1 that follows from the time, so that a simulated run repeats itself.
    private func jitter() -> Double {
        var hasher = StableHasher()
        hasher.combine(executor.nanoseconds())
        return Double(hasher.finalize() >> 11) * 0x1p-53
    }

    /// Waits, a little at a time, so that a stop need not wait for the rest.
    ///
    /// - Returns: Whether nobody has asked for the end meanwhile.
    private func pause(_ span: Duration) async -> Bool {
        var left = span
        while true {
            let part = min(left, .milliseconds(100))
            await withCheckedContinuation { continuation in
                executor.schedule(after: part) { continuation.resume() }
            }
            let isOver =
                isStopping.load(ordering: .sequentiallyConsistent)
                || state.withLock { $0.isAborted }
            if isOver { return false }
            left -= part
            if left <= .zero { return true }
        }
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
    private func prepare(isFirst: Bool) throws -> JobParts {
        let setup = try options.checkpoints.map {
            try CheckpointSetup(
                plan, $0, executor, isFirst: isFirst,
                restarts: options.restartStrategy != .never,
                since: state.withLock { $0.firstEpoch })
        }
        for notice in setup?.notices ?? [] { note(notice) }
        state.withLock { $0.replaceableCheckpoint = setup?.replaceable }
        // A run that has begun before finds what it has written itself.
        let (prepared, splits) = try inspectSurroundings(
            hasWritten: setup?.restored != nil || !isFirst)
        let (cancellation, firstBadRecords) = state.withLock { state in
            if state.firstEpoch == nil { state.firstEpoch = setup?.coordinator.requestedEpoch.next }
            return (state.cancellation, state.firstBadRecords)
        }
        var assembler = JobAssembler(
            plan: plan, executor: executor, options: options, prepared: prepared, splits: splits,
            checkpoints: setup?.coordinator, restored: setup?.restored,
            isStopping: { [self] in
                isStopping.load(ordering: .relaxed)
                    || cancellation.isCancelled.load(ordering: .relaxed)
            },
            onFailure: { [self] in fail($0) }, onFinish: { [self] in finishOne() })
        var parts = try assembler.assemble()
        parts.recordsRestored = plan.graph.operators.filter { $0.kind == .source }
            .reduce(0) { $0 + parts.counts(of: $1.id).received }
        guard let setup else { return parts }
        do {
            try beginBadRecords(
                parts.badRecords, isRestored: setup.restored != nil, isFirst: isFirst,
                firstBadRecords)
            try setup.finish(
                &parts, onFailure: { [self] in fail($0) }, onFinish: { [self] in finishOne() })
            // All of them before any recovers: to go back destroys what came later.
            if setup.restored != nil {
                for chain in parts.checkpoints { try chain.validateRecovery() }
            }
            if let notice = try setup.giveUpLater() { note(notice) }
        } catch {
            parts.discard()
            throw error
        }
        state.withLock { $0.coordinator = setup.coordinator }
        return parts
    }

    /// Checks sinks, reads small tables and finds splits.
    private func inspectSurroundings(
        hasWritten: Bool
    ) throws -> (prepared: [OperatorID: any Sendable], splits: [OperatorID: [SourceSplit]]) {
        var prepared: [OperatorID: any Sendable] = [:]
        var splits: [OperatorID: [SourceSplit]] = [:]
        for node in plan.graph.operators {
            let context = SubtaskContext(
                job: plan.graph.job, operatorName: node.id.name, subtask: 0,
                parallelism: plan.subtasks(of: node.id),
                isCheckpointed: options.checkpoints != nil)
            try context.attributing {
                switch node.body {
                case .sink(let sink):
                    if hasWritten { try sink.validateRestored() } else { try sink.validate() }
                case .source(let source): splits[node.id] = try source.splits()
                case .transform(let transform): prepared[node.id] = try transform.prepare?()
                }
            }
        }
        return (prepared, splits)
    }

    /// Remembers what bad records there were before this run, so that one which starts again from the
    /// beginning knows those that it has set aside itself.
    private func beginBadRecords(
        _ handlers: [OperatorID: any RecoverableBadRecords], isRestored: Bool, isFirst: Bool,
        _ first: [OperatorID: [UInt8]]
    ) throws {
        if isRestored { return }
        if isFirst {
            let saved = try handlers.mapValues { try $0.save() }
            state.withLock { $0.firstBadRecords = saved }
        } else {
            for (id, handler) in handlers {
                try first[id].map { try handler.restore($0, count: 0) }
            }
        }
    }

    private func start(_ parts: JobParts, _ waiter: CheckedContinuation<Void, Never>) {
        let (mayStart, coordinator) = state.withLock { state in
            state.parts = parts
            state.startedAt = executor.nanoseconds()
            state.unfinished = parts.tasklets.count
            state.waiter = waiter
            return (state.failure == nil, state.coordinator)
        }
        if mayStart {
            coordinator?.start()
            watchMemory(number: 0)
        }
        for tasklet in parts.tasklets {
            if !mayStart { tasklet.cancel() }
            tasklet.release()
        }
        // A stop that was asked for before there was anything to stop.
        if isStopping.load(ordering: .sequentiallyConsistent) { _ = coordinator?.requestStop() }
    }

    // MARK: - Memory

    private static let memoryInterval = Duration.milliseconds(250)
    private static let looksBetweenMeasures = 4

    /// Looks at the process's memory now and then, and has the operators measure theirs, until the
    /// attempt is over.
    ///
    /// - Parameter number: How often it was looked at.
    private func watchMemory(number: Int) {
        let (parts, attempt) = state.withLock { ($0.parts, $0.cancellation) }
        guard let parts, let memory = executor.memory() else { return }
        if let limit = options.memoryLimit.bytes(of: memory), memory.residentBytes > limit {
            let use = MemoryUse(
                residentBytes: memory.residentBytes, limitBytes: limit, limit: options.memoryLimit,
                operators: parts.memoryOfOperators(plan))
            return fail(JobError.memoryLimitReached(job: plan.graph.job, use))
        }
        if number % Self.looksBetweenMeasures == 0 {
            for memory in parts.memories { memory.requestMeasure() }
        }
        // What waits holds no state: what a job has on a disk is removed when its state goes.
        executor.schedule(after: Self.memoryInterval) { [weak self] in
            guard let self,
                state.withLock({ $0.cancellation === attempt && $0.endedAt == nil }),
                !attempt.isCancelled.load(ordering: .relaxed)
            else { return }
            watchMemory(number: number + 1)
        }
    }

    // MARK: - Ending

    private func fail(_ error: any Error, isAborted: Bool = false) {
        let parts = state.withLock { state -> JobParts? in
            guard state.failure == nil, state.endedAt == nil else { return nil }
            state.failure = error
            state.isAborted = isAborted
            return state.parts
        }
        let (coordinator, cancellation) = state.withLock { ($0.coordinator, $0.cancellation) }
        coordinator?.abandon()
        cancellation.isCancelled.store(true, ordering: .sequentiallyConsistent)
        guard let parts else { return }
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
            recordsRead: read.reduce(0) { $0 + $1.counts.received },
            recordsRestored: parts?.recordsRestored ?? 0, ledger: ledger,
            peakStateBytes: parts?.peakStateBytes(plan) ?? [:])
    }
}
