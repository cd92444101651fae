import WeirCore
import WeirGraph
import WeirState

/// Puts together what one attempt to run a job needs for its checkpoints: what to restore, the
/// coordinator, and who writes.
struct CheckpointSetup {
    let coordinator: CheckpointCoordinator
    let restored: RestoredState?
    /// What is restored, where it was chosen as the newest: another may be, if it is damaged.
    let replaceable: Epoch?
    private(set) var notices: [String] = []
    private let plan: PhysicalPlan
    private let options: CheckpointOptions
    private let executor: any Executor

    /// - Parameters:
    ///   - isFirst: Whether this is the run's first attempt; a later one goes on from the newest
    ///     checkpoint in the job's own directory, whatever the first was told.
    ///   - restarts: Whether the run may start again after a failure.
    /// - Throws: ``RestoreError``, ``CheckpointSetupError`` and `CheckpointStorageError`.
    init(
        _ plan: PhysicalPlan, _ options: CheckpointOptions, _ executor: any Executor,
        isFirst: Bool, restarts: Bool = true, since firstEpoch: Epoch?
    ) throws {
        self.plan = plan
        self.options = options
        self.executor = executor
        try Self.checkConnectors(plan, restarts: restarts)
        if isFirst {
            notices += try options.directory.claim(job: plan.graph.job).map { "\($0)" }
        }
        var found: SavedCheckpoint?
        var isNewest = true
        if !isFirst {
            found = try Self.newest(options, &notices, isRequired: false)
            if let epoch = found?.manifest.epoch, let firstEpoch, epoch < firstEpoch { found = nil }
        }
        if found == nil {
            found = try Self.find(options.restoring, options, isFirst: isFirst, &notices)
            if case .path = options.restoring { isNewest = false }
        }
        if let found {
            try RestoredState.checkIdentity(found.manifest, at: found.path, against: plan)
            // What the sinks commit now, no crash may undo: it must find this checkpoint again.
            do { try found.makeDurable() } catch {
                guard case .path = options.restoring, isFirst else { throw error }
            }
            notices.append("restored checkpoint \(found.manifest.epoch) from \(found.path)")
        }
        restored = found.map { RestoredState(checkpoint: $0, defect: options.defect) }
        replaceable = found.flatMap { found in
            isNewest && options.directory.holds(found) ? found.epoch : nil
        }
        coordinator = CheckpointCoordinator(
            options: options, executor: executor, restored: found,
            lastEpoch: try options.directory.newestEpoch())
    }

    private static func checkConnectors(_ plan: PhysicalPlan, restarts: Bool) throws {
        let problems = plan.graph.operators.compactMap { node -> String? in
            switch node.body {
            case .source(let source) where !source.isReplayable:
                "source '\(node.id)' can't be read again from where it was, so that a restore would "
                    + "lose records; read from files or a log, or run without checkpoints"
            case .sink(let sink) where restarts && !sink.isRestartable:
                "sink '\(node.id)' can't be opened again when the run starts again after a failure; "
                    + "set the restart strategy to `.never` (`--restart never`) and go on with a new "
                    + "run, or write to another sink"
            default: nil
            }
        }
        if !problems.isEmpty { throw CheckpointSetupError(problems: problems) }
    }

    private static func find(
        _ point: RestorePoint?, _ options: CheckpointOptions, isFirst: Bool,
        _ notices: inout [String]
    ) throws -> SavedCheckpoint? {
        switch point {
        case nil:
            if isFirst, let latest = try options.directory.latest().checkpoint {
                notices.append(
                    "starting from the beginning, although \(latest.path) has the state of an "
                        + "earlier run; that is given up (`--restore` goes on from there)")
            }
            return nil
        case .latest: return try newest(options, &notices, isRequired: true)
        case .latestIfAny: return try newest(options, &notices, isRequired: false)
        case .path(let path):
            let found = try SavedCheckpoint.open(path, fileSystem: options.directory.fileSystem)
            // Opened there, a checkpoint of the job's own directory is kept while it is needed.
            return options.directory.holds(found)
                ? try options.directory.open(found.epoch) : found
        }
    }

    private static func newest(
        _ options: CheckpointOptions, _ notices: inout [String], isRequired: Bool
    ) throws -> SavedCheckpoint? {
        let found = try options.directory.latest()
        // Looked for twice where the newest turns out older than this run.
        for problem in found.problems.map({ "skipped: \($0)" }) where !notices.contains(problem) {
            notices.append(problem)
        }
        if found.checkpoint == nil, isRequired {
            throw RestoreError.nothingToRestore(
                directory: options.directory.path, problems: found.problems.map { "\($0)" })
        }
        return found.checkpoint
    }

    /// Gives up the checkpoints that come after the one restored, before any sink goes back to it.
    ///
    /// - Returns: What the user should know of it; `nil`: there were none.
    func giveUpLater() throws -> String? {
        let directory = options.directory
        let start: RunStart =
            restored.map {
                directory.holds($0.checkpoint)
                    ? .own($0.checkpoint.epoch) : .elsewhere($0.checkpoint.path)
            } ?? .nothing
        let given = try directory.beginRun(at: start)
        guard let first = given.first, let last = given.last else { return nil }
        let which = first == last ? "checkpoint \(first)" : "checkpoints \(first) to \(last)"
        return "gave up the later \(which) of \(directory.path): results since are made again"
    }

    /// Adds what writes to a job that has been put together, and checks that all its state can be
    /// written.
    func finish(
        _ parts: inout JobParts, onFailure: @escaping @Sendable (any Error) -> Void,
        onFinish: @escaping @Sendable () -> Void
    ) throws {
        try checkCodecs(parts)
        if let restored, !options.allowsDroppedState {
            try restored.checkNothingDropped(parts.contexts)
        }
        if let restored {
            let saved = Set(restored.checkpoint.manifest.operators.map(\.id))
            parts.restoreEdges(
                plan,
                hasChanged: saved != Set(plan.graph.operators.map(\.id.name))
                    || options.mode == .atLeastOnce || options.allowsDroppedState)
        }
        let tasklet = Tasklet(
            name: "checkpoints", worker: executor.makeLane("checkpoints"), executor: executor)
        let body = CheckpointWriterBody(
            plan: plan, options: options, executor: executor, coordinator: coordinator,
            tasklet: tasklet)
        tasklet.prepare(
            turn: body.turn, close: body.close, onFailure: onFailure, onFinish: onFinish)
        parts.tasklets.append(tasklet)
        coordinator.prepare(
            parts.checkpoints,
            hooks: CheckpointCoordinator.Hooks(
                fail: onFailure, write: { body.add($0) }, finished: { tasklet.wake() }))
    }

    private func checkCodecs(_ parts: JobParts) throws {
        var problems: [String] = []
        for chain in parts.checkpoints where chain.subtask == 0 {
            for member in chain.members {
                for entry in member.context.kept.entries {
                    do { _ = try entry.part.layout() } catch {
                        problems.append(
                            "state '\(entry.name)' of operator '\(member.id)': \(error)")
                    }
                }
            }
        }
        if !problems.isEmpty { throw CheckpointSetupError(problems: problems) }
    }
}
