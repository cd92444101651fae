import Synchronization
import WeirCore
import WeirGraph

/// What one tasklet's chain does for checkpoints: saves the state of its operators at a barrier, and
/// has its sinks commit.
///
/// Called by the chain's worker, but for ``commit(upTo:)`` and ``setFinished()``.
final class ChainCheckpoints: @unchecked Sendable {
    // Unchecked: all but the atomics and the constants is touched by the chain's worker alone.
    /// An operator of the chain.
    struct Member {
        let id: OperatorID
        let context: SubtaskContext
    }

    /// The chain's number among those of the job.
    let number: Int
    let subtask: Int
    let members: [Member]
    let isSource: Bool
    private let sinks: [any SinkEpochs]
    /// The queues that the chain feeds.
    private let outputs: [any AnyQueue]
    private let coordinator: CheckpointCoordinator
    private let tasklet: Tasklet
    private let executor: any Executor
    private let committable = Atomic<Int>(0)
    private let isOver = Atomic<Bool>(false)
    private var committed = Epoch.none
    private var passedBarrier = Epoch.none
    private var hasOpenedSinks = false
    private var hasSaidDrained = false
    private var hasSaidEnded = false
    private var partsLoading: [any StatePart]?
    private var mayOverdraw = false

    init(
        number: Int, subtask: Int, members: [Member], isSource: Bool, sinks: [any SinkEpochs],
        outputs: [any AnyQueue], coordinator: CheckpointCoordinator, tasklet: Tasklet,
        executor: any Executor
    ) {
        self.number = number
        self.subtask = subtask
        self.members = members
        self.isSource = isSource
        self.sinks = sinks
        self.outputs = outputs
        self.coordinator = coordinator
        self.tasklet = tasklet
        self.executor = executor
    }

    var hasSinks: Bool { !sinks.isEmpty }
    /// Whether the job goes on from a checkpoint.
    var isRestored: Bool { coordinator.restoredEpoch > .none }

    func wake() { tasklet.wake() }

    /// Asks the sinks whether they could go on from the checkpoint; changes nothing. Called before any
    /// chain runs.
    func validateRecovery() throws {
        for sink in sinks { try sink.validateRecovery(after: coordinator.restoredEpoch) }
    }

    /// Recovers the sinks' transactions before anything else, and commits epochs that are complete.
    func startTurn() throws {
        guard hasSinks else { return }
        if !hasOpenedSinks {
            hasOpenedSinks = true
            for sink in sinks { try sink.open(restoredFrom: coordinator.restoredEpoch) }
        }
        let due = Epoch(committable.load(ordering: .acquiring))
        guard due > committed else { return }
        committed = due
        for sink in sinks { try sink.commit(upTo: due) }
    }

    // MARK: - Sources

    /// The epoch whose barrier the source has to send; `nil` when there is none.
    func dueBarrier() -> Epoch? {
        let requested = coordinator.requestedEpoch
        guard requested > passedBarrier else { return nil }
        passedBarrier = requested
        return requested
    }

    /// Whether the source may send its end.
    func mayEnd(isDrained: Bool) -> Bool {
        if isDrained, !hasSaidDrained {
            hasSaidDrained = true
            coordinator.noteDrained()
        }
        return isDrained && coordinator.mayEnd
    }

    /// Lets a source overdraw its outputs while a barrier that overtakes records is due or goes through.
    func setOverdraftOfSource(passing epoch: Epoch?) {
        setOverdraft(overtakingEpoch > passedBarrier || (epoch != nil && overtakingEpoch == epoch))
    }

    // MARK: - Barriers

    /// The epoch whose barrier may overtake records, since its checkpoint takes too long.
    var overtakingEpoch: Epoch { coordinator.overtakingEpoch }

    /// Lets the chain overdraw the queues that it feeds, or no longer.
    func setOverdraft(_ isAllowed: Bool) {
        guard isAllowed != mayOverdraw else { return }
        mayOverdraw = isAllowed
        for output in outputs { output.mayOverdraw = isAllowed }
    }

    /// Saves the state of all operators of the chain; the barrier is sent on after that.
    func cut(_ epoch: Epoch) throws {
        guard let base = coordinator.base(for: epoch) else { return }
        let started = executor.nanoseconds()
        let cut = ChainCut(chain: number, subtask: subtask, epoch: epoch)
        for member in members {
            try member.context.attributing {
                try cut.add(member, epoch, since: base.epoch)
            }
        }
        cut.pauseNanoseconds = executor.nanoseconds() - started
        coordinator.acknowledge(cut)
        if coordinator.defect == .commitsBeforeComplete { commit(upTo: epoch) }
    }

    /// The chain's input has ended, and all that it had to say is out.
    ///
    /// - Returns: Whether its tasklet is done; a chain with sinks waits until its last epoch may be
    ///   committed.
    func finish() throws -> Bool {
        if !hasSaidEnded {
            hasSaidEnded = true
            let cut = ChainCut(chain: number, subtask: subtask, epoch: coordinator.finalEpoch)
            for member in members {
                cut.addCounters(member)
                for entry in member.context.kept.entries {
                    // All else is over; a restore must find that the splits have been read.
                    let isOfSource = isSource && member.id == members.first?.id
                    guard isOfSource || entry.part is any SinkEpochs else { continue }
                    try member.context.attributing {
                        try cut.add(member.id, entry, coordinator.finalEpoch, since: nil)
                    }
                }
            }
            coordinator.noteEnded(cut)
        }
        guard hasSinks else { return true }
        return try standsStill()
    }

    /// Whether the last checkpoint is complete, so that nothing is left to do: it has been committed.
    func standsStill() throws -> Bool {
        guard isOver.load(ordering: .acquiring) else { return false }
        try startTurn()
        // A chain whose input has not ended was stopped.
        for sink in sinks { try hasSaidEnded ? sink.finish() : sink.suspend() }
        for member in members { member.context.cleanups.run() }
        return true
    }

    /// Loads a little more of what a restore has left on disk.
    ///
    /// - Returns: Whether there was anything to load.
    func loadMore() throws -> Bool {
        let parts = partsLoading ?? members.flatMap { $0.context.kept.entries.map(\.part) }
        guard !parts.isEmpty else { return false }
        var left: [any StatePart] = []
        for (index, part) in parts.enumerated() {
            guard try part.loadMore(limit: 64) else { continue }
            left = Array(parts[index...])
            break
        }
        partsLoading = left
        return !left.isEmpty
    }

    // MARK: - From the coordinator, on any thread

    /// Has the sinks commit all epochs up to this one.
    func commit(upTo epoch: Epoch) {
        committable.store(epoch.number, ordering: .releasing)
        if hasSinks { tasklet.wake() }
    }

    /// The last checkpoint is complete: the chain's tasklet is to finish.
    func setFinished() {
        isOver.store(true, ordering: .releasing)
        tasklet.wake()
    }
}

/// What a sink's step does for checkpoints.
protocol SinkEpochs: StatePart {
    /// Opens the writer and asks it whether it could go on from the checkpoint; changes nothing.
    func validateRecovery(after epoch: Epoch) throws
    /// Opens the writer, commits what the restored checkpoint has prepared, begins the next epoch.
    func open(restoredFrom epoch: Epoch) throws
    /// Commits the transactions of all epochs up to this one.
    func commit(upTo epoch: Epoch) throws
    /// Closes the writer; all has been committed.
    func finish() throws
    /// Closes the writer for another run to go on; all has been committed.
    func suspend() throws
}

/// The state of one chain at a barrier, on its way to disk.
final class ChainCut: @unchecked Sendable {
    // Unchecked: filled by the chain's worker, then handed to the coordinator, then to one writer.
    struct Part {
        let id: OperatorID
        let name: String
        let layout: StateLayout
        let snapshot: any StateSnapshot
    }

    let chain: Int
    let subtask: Int
    let epoch: Epoch
    private(set) var parts: [Part] = []
    /// The counters of each operator.
    private(set) var counters: [OperatorID: [String: Int]] = [:]
    /// The records that the barrier overtook.
    private(set) var recordsInFlight = 0
    var pauseNanoseconds: UInt64 = 0

    init(chain: Int, subtask: Int, epoch: Epoch) {
        self.chain = chain
        self.subtask = subtask
        self.epoch = epoch
    }

    func add(_ member: ChainCheckpoints.Member, _ epoch: Epoch, since base: Epoch?) throws {
        addCounters(member)
        for entry in member.context.kept.entries { try add(member.id, entry, epoch, since: base) }
    }

    func addCounters(_ member: ChainCheckpoints.Member) {
        counters[member.id] = member.context.counters.saved
    }

    func add(
        _ id: OperatorID, _ entry: OperatorState.Entry, _ epoch: Epoch, since base: Epoch?
    ) throws {
        let snapshot: any StateSnapshot
        if let inFlight = entry.part as? any AnyQueuedRecords {
            // Where the barrier was aligned there are none.
            guard let overtaken = try inFlight.overtakenSnapshot() else { return }
            recordsInFlight += overtaken.recordCount
            snapshot = overtaken.snapshot
        } else {
            snapshot = try entry.part.snapshot(epoch, since: base)
        }
        parts.append(
            Part(id: id, name: entry.name, layout: try entry.part.layout(), snapshot: snapshot))
    }

    /// Gives up the snapshots, written or not.
    func release() {
        for part in parts { part.snapshot.release() }
        parts = []
    }
}

extension OperatorCounters {
    private var named: [(String, Counter)] {
        [
            ("received", received), ("passed", passed), ("filtered", filtered), ("late", late),
            ("shed", shed), ("deadLettered", deadLettered), ("held", held), ("emitted", emitted),
            ("unread", unread),
        ] + sideOutputs.enumerated().map { ("sideOutput\($0.offset + 1)", $0.element) }
    }

    /// The counts, by name.
    var saved: [String: Int] {
        Dictionary(uniqueKeysWithValues: named.map { ($0.0, $0.1.current) })
    }

    /// Goes on from saved counts; what this does not know is left out.
    func restore(_ saved: [String: Int]) {
        for (name, counter) in named { counter.set(saved[name] ?? 0) }
    }
}
