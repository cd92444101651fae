import Synchronization
public import WeirCore
import WeirGraph
import WeirState

/// Numbers the epochs of one attempt to run a job: asks the sources for barriers, collects what the
/// chains have saved, has it written, and tells the sinks what to commit.
///
/// One checkpoint is under way at a time. All methods may be called from any thread.
///
/// Source: Carbone et al., "State Management in Apache Flink", PVLDB 10(12), 2017.
final class CheckpointCoordinator: Sendable {
    /// What the coordinator needs of the job.
    struct Hooks: Sendable {
        /// Fails the job.
        let fail: @Sendable (any Error) -> Void
        /// Writes what the chains have saved, off the workers; calls back when that is done.
        let write: @Sendable (CollectedCheckpoint) -> Void
        /// Nothing more will be written.
        let finished: @Sendable () -> Void
    }

    private enum Phase {
        case idle
        /// Waiting for the chains' cuts.
        case collecting
        /// Waiting for the disk.
        case writing
    }

    private struct State {
        var phase = Phase.idle
        var epoch: Epoch
        var base: SavedCheckpoint?
        var startedAt: UInt64 = 0
        /// Whether the barriers may overtake records.
        var isUnaligned = false
        var endedAt: UInt64 = 0
        var cuts: [ChainCut] = []
        var drainedSources = 0
        var endedChains = 0
        var hasReleasedEnd = false
        var isStopping = false
        /// The epoch after which the job stands still.
        var stopEpoch: Epoch?
        var isOver = false
        var failuresInRow = 0
        var savepoints: [SavepointRequest] = []
        var history = CheckpointHistory()
    }

    let restoredEpoch: Epoch
    private let options: CheckpointOptions
    private let executor: any Executor
    private let hooks: Locked<Hooks?>
    private let chains = Locked<[ChainCheckpoints]>([])
    private let state: Locked<State>
    private let requested: Atomic<Int>
    private let overtaking = Atomic<Int>(0)
    private let isEndReleased = Atomic<Bool>(false)
    private let finalNumber = Atomic<Int>(0)

    /// - Parameters:
    ///   - restored: The checkpoint that the job goes on from; `nil`: from the beginning. The next one
    ///     refers to what has not changed since, if both lie in the same directory.
    ///   - lastEpoch: The last epoch that was ever begun in this directory.
    init(
        options: CheckpointOptions, executor: any Executor, restored: SavedCheckpoint?,
        lastEpoch: Epoch
    ) {
        self.options = options
        self.executor = executor
        restoredEpoch = restored?.epoch ?? .none
        let last =
            options.defect == .epochsReused ? restoredEpoch : max(lastEpoch, restoredEpoch)
        requested = Atomic(last.number)
        hooks = Locked(nil)
        let base = restored.flatMap { options.directory.holds($0) ? $0 : nil }
        state = Locked(State(epoch: last, base: base))
    }

    func prepare(_ chains: [ChainCheckpoints], hooks: Hooks) {
        self.chains.withLock { $0 = chains }
        self.hooks.withLock { $0 = hooks }
    }

    /// Begins to take checkpoints at intervals.
    func start() {
        state.withLock { $0.endedAt = executor.nanoseconds() }
        scheduleTrigger(after: options.interval)
    }

    // MARK: - For the chains

    /// What is broken; for tests of tests.
    var defect: EngineDefect? { options.defect }
    /// The epoch that sources have been asked to end last.
    var requestedEpoch: Epoch { Epoch(requested.load(ordering: .acquiring)) }
    /// The newest epoch whose barriers may overtake the records before them.
    var overtakingEpoch: Epoch { Epoch(overtaking.load(ordering: .acquiring)) }
    /// Whether the sources may send their ends: all have been read to theirs.
    var mayEnd: Bool { isEndReleased.load(ordering: .acquiring) }
    /// The epoch that the streams' ends belong to.
    var finalEpoch: Epoch { Epoch(finalNumber.load(ordering: .acquiring)) }

    /// The checkpoint that a cut of this epoch may refer to; `nil` when the epoch has been given up.
    func base(for epoch: Epoch) -> (epoch: Epoch?, Void)? {
        state.withLock { state in
            guard state.phase == .collecting, state.epoch == epoch else { return nil }
            return (state.base?.manifest.epoch, ())
        }
    }

    /// A chain has saved its state.
    func acknowledge(_ cut: ChainCut) {
        let count = chains.withLock { $0.count }
        let collected = state.withLock { state -> CollectedCheckpoint?? in
            guard state.phase == .collecting, state.epoch == cut.epoch else { return .none }
            state.cuts.append(cut)
            guard state.cuts.count == count else { return .some(nil) }
            return .some(collect(&state, isFinal: false))
        }
        switch collected {
        case .none: cut.release()
        case .some(let checkpoint): if let checkpoint { write(checkpoint) }
        }
    }

    /// A source has been read to its end.
    func noteDrained() {
        let sources = chains.withLock { $0.count { $0.isSource } }
        state.withLock { $0.drainedSources += 1 }
        releaseEndIfDue(sources)
    }

    /// A chain has seen the end of all its inputs.
    func noteEnded(_ cut: ChainCut) {
        let count = chains.withLock { $0.count }
        let collected = state.withLock { state -> CollectedCheckpoint? in
            state.cuts.append(cut)
            state.endedChains += 1
            guard state.endedChains == count else { return nil }
            return collect(&state, isFinal: true)
        }
        if let collected { write(collected) }
    }

    private func collect(_ state: inout State, isFinal: Bool) -> CollectedCheckpoint {
        state.phase = .writing
        defer { state.cuts = [] }
        return CollectedCheckpoint(
            epoch: isFinal ? finalEpoch : state.epoch, base: isFinal ? nil : state.base,
            cuts: state.cuts, isFinal: isFinal, isUnaligned: !isFinal && state.isUnaligned,
            startedAt: state.startedAt,
            collectedAt: executor.nanoseconds(), savepoints: takeSavepoints(&state))
    }

    private func write(_ checkpoint: CollectedCheckpoint) {
        hooks.withLock { $0 }?.write(checkpoint)
    }

    // MARK: - Beginning

    private func scheduleTrigger(after span: Duration) {
        executor.schedule(after: span) { [weak self] in self?.triggerIfDue() }
    }

    private func triggerIfDue() {
        let now = executor.nanoseconds()
        let wait = state.withLock { state -> UInt64? in
            guard !state.isOver, !state.hasReleasedEnd, state.phase == .idle else { return nil }
            let earliest = state.endedAt + nanoseconds(options.minimumPause)
            return now < earliest ? earliest - now : 0
        }
        guard let wait else { return }
        if wait > 0 { return scheduleTrigger(after: .nanoseconds(Int64(wait))) }
        trigger()
    }

    /// Begins a checkpoint, unless one is under way.
    private func trigger() {
        let epoch = state.withLock { state -> Epoch? in
            guard !state.isOver, !state.hasReleasedEnd, state.phase == .idle else { return nil }
            state.epoch = state.epoch.next
            state.phase = .collecting
            state.startedAt = executor.nanoseconds()
            state.isUnaligned = false
            if state.isStopping { state.stopEpoch = state.epoch }
            return state.epoch
        }
        guard let epoch else { return }
        requested.store(epoch.number, ordering: .releasing)
        for chain in chains.withLock({ $0 }) where chain.isSource { chain.wake() }
        executor.schedule(after: options.timeout) { [weak self] in self?.timeOut(epoch) }
        if let limit = options.unalignedAfter {
            executor.schedule(after: limit) { [weak self] in self?.letOvertake(epoch) }
        }
    }

    /// Lets the barriers of a checkpoint that takes too long overtake the records before them; but not
    /// those of a savepoint or of a stop, from which the job may go on in another form.
    private func letOvertake(_ epoch: Epoch) {
        let isDue = state.withLock { state -> Bool in
            guard state.phase == .collecting, state.epoch == epoch, state.stopEpoch != epoch,
                !state.savepoints.contains(where: { $0.after < epoch })
            else { return false }
            state.isUnaligned = true
            return true
        }
        guard isDue else { return }
        overtaking.store(epoch.number, ordering: .releasing)
        for chain in chains.withLock({ $0 }) { chain.wake() }
    }

    /// Takes one more checkpoint, after which the job stands still.
    ///
    /// - Returns: Whether it was not too late for that: streams that have begun to end do so.
    func requestStop() -> Bool {
        let isInTime = state.withLock { state -> Bool in
            guard !state.isOver, !state.hasReleasedEnd else { return false }
            state.isStopping = true
            return true
        }
        if isInTime { trigger() }
        return isInTime
    }

    /// Copies the state of the next checkpoint to `path`, whole.
    func requestSavepoint(
        _ path: String, _ report: @escaping @Sendable (Result<String, any Error>) -> Void
    ) {
        let isInTime = state.withLock { state -> Bool in
            guard !state.isOver, !state.hasReleasedEnd else { return false }
            state.savepoints.append(
                SavepointRequest(path: path, after: state.epoch, report: report))
            return true
        }
        guard isInTime else { return report(.failure(CheckpointError.jobHasEnded)) }
        trigger()
    }

    /// The savepoints that were asked for before this checkpoint began.
    private func takeSavepoints(_ state: inout State) -> [SavepointRequest] {
        let epoch = state.epoch
        defer { state.savepoints.removeAll { $0.after < epoch } }
        return state.savepoints.filter { $0.after < epoch }
    }

    // MARK: - Ending

    private func releaseEndIfDue(_ sources: Int) {
        let final = state.withLock { state -> Epoch? in
            guard state.drainedSources == sources, state.phase == .idle, !state.hasReleasedEnd,
                !state.isStopping, !state.isOver
            else { return nil }
            state.hasReleasedEnd = true
            state.epoch = state.epoch.next
            state.startedAt = executor.nanoseconds()
            state.cuts = []
            return state.epoch
        }
        guard let final else { return }
        finalNumber.store(final.number, ordering: .releasing)
        isEndReleased.store(true, ordering: .releasing)
        for chain in chains.withLock({ $0 }) where chain.isSource { chain.wake() }
    }

    private func timeOut(_ epoch: Epoch) {
        let cuts = state.withLock { state -> [ChainCut]? in
            guard state.phase == .collecting, state.epoch == epoch else { return nil }
            defer { state.cuts = [] }
            return state.cuts
        }
        guard let cuts else { return }
        for cut in cuts { cut.release() }
        failed(
            epoch, CheckpointError.timedOut(epoch: epoch, after: options.timeout), isFinal: false)
    }

    /// A checkpoint is on disk, whole.
    func completed(_ checkpoint: SavedCheckpoint, isFinal: Bool, _ record: CheckpointRecord) {
        let isLast = state.withLock { state -> Bool in
            state.phase = .idle
            state.base = checkpoint
            state.endedAt = executor.nanoseconds()
            state.failuresInRow = 0
            state.history.add(record)
            state.isOver = state.isOver || isFinal || state.stopEpoch == checkpoint.manifest.epoch
            return state.isOver
        }
        let chains = chains.withLock { $0 }
        for chain in chains { chain.commit(upTo: checkpoint.manifest.epoch) }
        guard isLast else { return goOn() }
        let savepoints = state.withLock { state in
            defer { state.savepoints = [] }
            return state.savepoints
        }
        for savepoint in savepoints { savepoint.report(.failure(CheckpointError.jobHasEnded)) }
        for chain in chains { chain.setFinished() }
        hooks.withLock { $0 }?.finished()
    }

    /// A checkpoint has failed; the job goes on without it.
    ///
    /// The writer has left nothing of it, and the chains' state is still marked as changed.
    func failed(_ epoch: Epoch, _ error: any Error, isFinal: Bool) {
        let isTooMuch = state.withLock { state -> Bool in
            state.phase = .idle
            state.endedAt = executor.nanoseconds()
            state.failuresInRow += 1
            state.history.add(CheckpointRecord(epoch: epoch, failure: "\(error)"))
            let tolerated = options.toleratedFailures ?? .max
            return isFinal || state.isStopping || state.failuresInRow > tolerated
        }
        if isTooMuch {
            hooks.withLock { $0 }?.fail(CheckpointError.failed(epoch: epoch, cause: error))
        } else {
            goOn()
        }
    }

    private func goOn() {
        let sources = chains.withLock { $0.count { $0.isSource } }
        let isWaitedFor = state.withLock { $0.isStopping || !$0.savepoints.isEmpty }
        if isWaitedFor { return trigger() }
        releaseEndIfDue(sources)
        let started = state.withLock { $0.startedAt }
        let elapsed = executor.nanoseconds() - started
        let interval = nanoseconds(options.interval)
        scheduleTrigger(after: .nanoseconds(Int64(elapsed < interval ? interval - elapsed : 0)))
    }

    /// The job has failed or was aborted: nothing more is to be begun, written or committed.
    func abandon() {
        let (cuts, savepoints) = state.withLock { state in
            state.isOver = true
            defer {
                state.cuts = []
                state.savepoints = []
            }
            return (state.cuts, state.savepoints)
        }
        for cut in cuts { cut.release() }
        for savepoint in savepoints { savepoint.report(.failure(CheckpointError.jobHasEnded)) }
    }

    /// Lets go of the chains, which lead back here, and with them of all their state. Called when the
    /// attempt's last tasklet has finished.
    func dismiss() {
        chains.withLock { $0 = [] }
        hooks.withLock { $0 = nil }
    }

    /// Whether no more checkpoints will be taken.
    var isOver: Bool { state.withLock { $0.isOver } }
    /// What became of the checkpoints so far.
    var history: CheckpointHistory { state.withLock { $0.history } }

    private func nanoseconds(_ span: Duration) -> UInt64 {
        UInt64(max(0, min(span.wholeMicroseconds, 1_000_000_000_000_000))) * 1_000
    }
}

/// What the chains have saved of one epoch.
struct CollectedCheckpoint: Sendable {
    let epoch: Epoch
    let base: SavedCheckpoint?
    let cuts: [ChainCut]
    /// Whether the streams have ended, so that only the sinks' transactions are left.
    let isFinal: Bool
    /// Whether the barriers were let to overtake records.
    let isUnaligned: Bool
    let startedAt: UInt64
    let collectedAt: UInt64
    let savepoints: [SavepointRequest]

    var recordsInFlight: Int { cuts.reduce(0) { $0 + $1.recordsInFlight } }
    var longestPauseNanoseconds: UInt64 { cuts.map(\.pauseNanoseconds).max() ?? 0 }
}

/// A savepoint that someone waits for.
struct SavepointRequest: Sendable {
    let path: String
    /// The last epoch that had begun when it was asked for.
    let after: Epoch
    let report: @Sendable (Result<String, any Error>) -> Void
}

/// Why a checkpoint did not come about.
public enum CheckpointError: Error, Sendable, CustomStringConvertible {
    /// It took too long.
    case timedOut(epoch: Epoch, after: Duration)
    /// It failed, and no more failures are tolerated.
    case failed(epoch: Epoch, cause: any Error)
    /// There is nothing left to save.
    case jobHasEnded

    public var description: String {
        switch self {
        case .timedOut(let epoch, let span):
            "checkpoint \(epoch) was not complete after \(span): a source, an operator or a sink is "
                + "slower than that; give it more time, or look at which one is blocked"
        case .failed(let epoch, let cause): "checkpoint \(epoch) failed: \(cause)"
        case .jobHasEnded: "the job has ended; there is no state left to save"
        }
    }
}
