import Foundation
public import WeirCore

/// The directory that holds one job's checkpoints.
///
/// ```
/// DIR/owner.json                               who has it now; locked while the job runs
/// DIR/restored.json                            where a run began that has no checkpoint yet
/// DIR/segments/<hash>.segment                  blocks of state
/// DIR/checkpoints/<epoch, 12 digits>/manifest.json
/// ```
///
/// A checkpoint is complete when the directory of its epoch is there: it is written under another
/// name, made durable, and renamed as the last step. The newest are kept with all that they refer
/// to, and savepoints. Nothing is removed that a checkpoint in progress or a ``SavedCheckpoint``
/// which is still referred to needs.
///
/// Any thread may call any method.
public final class CheckpointDirectory: Sendable {
    /// The directory.
    public let path: String
    /// How many checkpoints are kept, besides savepoints; at least 1.
    public let retained: Int

    package let fileSystem: any CheckpointFileSystem
    let state = Locked(State())

    struct State {
        var lock: (any CheckpointLock)?
        var job: String?
        /// The newest epoch that was ever seen or begun.
        var newest = Epoch.none
        /// The checkpoints that were completed.
        var complete: [Epoch: KeptCheckpoint] = [:]
        /// What was found when blocks were read.
        var damagedBlocks: [Epoch: CheckpointStorageError] = [:]
        /// How many ``SavedCheckpoint`` there are of an epoch, and checkpoints in progress on top
        /// of it.
        var uses: [Epoch: Int] = [:]
        /// The segments that checkpoints in progress have written.
        var inProgress: [Epoch: Set<String>] = [:]
        /// Whether segments may be removed: not where a manifest can't be read, so that nobody knows
        /// which it needs. Someone may put back a good copy; else its checkpoint goes in time, when it
        /// is older than all that are kept.
        var isCollectable: Bool { !complete.values.contains { $0.segments == nil } }
    }

    /// What collection needs to know of a checkpoint.
    struct KeptCheckpoint {
        /// `nil` when the manifest could not be read.
        let job: String?
        let kind: CheckpointKind
        /// `nil` when the manifest could not be read.
        let segments: Set<String>?
        /// What was found damaged: then it does not count among those that are kept.
        var damage: CheckpointStorageError?

        var isDamaged: Bool { damage != nil }

        init(_ manifest: CheckpointManifest) {
            job = manifest.job
            kind = manifest.kind
            segments = Set(manifest.segments.map(\.name))
        }

        /// One with a manifest that could not be read.
        init(unreadable damage: CheckpointStorageError) {
            (job, kind, segments) = (nil, .checkpoint, nil)
            self.damage = damage
        }
    }

    /// Names a directory; nothing is made or read.
    ///
    /// - Precondition: `retained` is at least 1.
    public init(
        _ path: String, fileSystem: any CheckpointFileSystem = DiskFileSystem(),
        retaining retained: Int = 3
    ) {
        precondition(retained >= 1, "at least one checkpoint must be kept")
        self.path = CheckpointPath.trimmed(path)
        self.fileSystem = fileSystem
        self.retained = retained
    }

    deinit { release() }

    /// Makes the directory if it is missing, takes it for a job, and removes what was left behind
    /// by a run that was killed. To be called before ``begin(_:kind:base:)``.
    ///
    /// - Returns: What could not be tidied up, and manifests that are damaged.
    /// - Throws: ``CheckpointStorageError/inUse(path:owner:)`` when another running job has it,
    ///   ``CheckpointStorageError/belongsToOtherJob(path:owner:job:)``, and what the file system
    ///   throws.
    public func claim(job: String) throws -> [CheckpointProblem] {
        for directory in [CheckpointPath.segments(path), CheckpointPath.checkpoints(path)] {
            try fileSystem.makeDirectories(directory)
        }
        // An earlier run may have died, or failed, between making them and making them last.
        for directory in [path, CheckpointPath.parent(of: path)] {
            try fileSystem.synchronizeDirectory(directory)
        }
        let lock = try takeLock(job: job)
        do {
            let problems = try scan(job: job)
            state.withLock { state in
                state.lock = lock
                state.job = job
            }
            // Old checkpoints stay until the next is complete: the newest may turn out damaged.
            return problems + collectFiles()
        } catch {
            lock.release()
            throw error
        }
    }

    /// Whether it has been taken for a job, and not been released since.
    package var isClaimed: Bool { state.withLock { $0.job != nil } }

    /// Lets another job have the directory; also done when this object goes.
    public func release() {
        state.withLock { state in
            state.lock?.release()
            state.lock = nil
            state.job = nil
        }
    }

    /// The newest epoch in the directory, complete, damaged or begun; ``Epoch/none`` where there is
    /// none. The next checkpoint must come after it.
    public func newestEpoch() throws -> Epoch {
        let onDisk = try SavedCheckpoint.epochs(root: path, fileSystem: fileSystem).last ?? .none
        return state.withLock { state in
            state.newest = max(state.newest, onDisk)
            return state.newest
        }
    }

    /// The newest checkpoint that can be used; damaged ones are passed over, also those of which
    /// ``noteDamage(_:_:)`` was told. Where the last run began at a savepoint and has completed no
    /// checkpoint, that is the newest.
    ///
    /// - Parameter verifying: Whether all blocks are read and checked now; otherwise each is when it
    ///   is read.
    /// - Returns: The checkpoint, `nil` where none was ever completed, and what is wrong with those
    ///   passed over.
    /// - Throws: ``CheckpointStorageError/noUsableCheckpoint(path:problems:)`` when there are
    ///   checkpoints and all are damaged; and what is thrown for reasons other than damage, where an
    ///   older checkpoint would be the wrong answer.
    public func latest(
        verifying: Bool = false
    ) throws -> (checkpoint: SavedCheckpoint?, problems: [CheckpointProblem]) {
        var problems: [CheckpointProblem] = []
        let epochs = try SavedCheckpoint.epochs(root: path, fileSystem: fileSystem)
        for epoch in epochs.reversed() {
            do {
                if let damage = state.withLock({ $0.damagedBlocks[epoch] }) { throw damage }
                let checkpoint = try open(epoch)
                if verifying { try checkpoint.verify() }
                return (checkpoint, problems)
            } catch let error as CheckpointStorageError where error.isDamage {
                state.withLock { $0.complete[epoch]?.damage = error }
                problems.append(CheckpointProblem(epoch: epoch, error))
            }
        }
        guard problems.isEmpty else {
            throw CheckpointStorageError.noUsableCheckpoint(path: path, problems: problems)
        }
        guard let origin = try origin() else { return (nil, []) }
        return (try SavedCheckpoint.open(origin, fileSystem: fileSystem, verifying: verifying), [])
    }

    /// Takes a checkpoint for damaged from now on: a block of it was, when it came to be read.
    public func noteDamage(_ epoch: Epoch, _ error: CheckpointStorageError) {
        state.withLock { $0.damagedBlocks[epoch] = error }
    }

    /// Opens one checkpoint of the directory.
    ///
    /// - Throws: ``CheckpointStorageError``, naming the file that is missing or damaged.
    public func open(_ epoch: Epoch) throws -> SavedCheckpoint {
        // Counted as used before it is read, so that it is not removed meanwhile.
        use(epoch)
        do {
            return try SavedCheckpoint.read(epoch, root: path, fileSystem: fileSystem) {
                [self] in release(epoch)
            }
        } catch {
            release(epoch)
            throw error
        }
    }

    /// Whether a checkpoint, wherever it was opened, is one of this directory.
    package func holds(_ checkpoint: SavedCheckpoint) -> Bool {
        checkpoint.path == CheckpointPath.checkpoint(path, checkpoint.epoch)
    }

    /// Begins a checkpoint.
    ///
    /// - Parameters:
    ///   - epoch: Its number; after all that the directory holds or has begun.
    ///   - base: The checkpoint of this directory that unchanged blocks are taken from; `nil`:
    ///     everything is written.
    /// - Throws: ``CheckpointStorageError/staleEpoch(path:epoch:newest:)``,
    ///   ``CheckpointStorageError/notClaimed(path:)``.
    public func begin(
        _ epoch: Epoch, kind: CheckpointKind = .checkpoint, base: SavedCheckpoint? = nil
    ) throws -> CheckpointWriter {
        if let base {
            precondition(
                holds(base), "the base of a checkpoint must lie in the same directory")
        }
        try state.withLock { state in
            guard state.lock != nil else { throw CheckpointStorageError.notClaimed(path: path) }
            guard epoch > state.newest else {
                throw CheckpointStorageError.staleEpoch(
                    path: path, epoch: epoch, newest: state.newest)
            }
            state.newest = epoch
            state.inProgress[epoch] = []
        }
        return CheckpointWriter(self, epoch: epoch, kind: kind, base: base)
    }

    private func use(_ epoch: Epoch) {
        state.withLock { $0.uses[epoch, default: 0] += 1 }
    }

    private func release(_ epoch: Epoch) {
        state.withLock { state in
            let left = (state.uses[epoch] ?? 1) - 1
            state.uses[epoch] = left > 0 ? left : nil
        }
    }
}

// MARK: - The owner

extension CheckpointDirectory {
    private struct Owner: Codable {
        let job: String
        let process: Int32
        let host: String
    }

    private func takeLock(job: String) throws -> any CheckpointLock {
        let process = ProcessInfo.processInfo
        let owner = Owner(
            job: job, process: process.processIdentifier, host: process.hostName)
        let file = CheckpointPath.owner(path)
        if let lock = try fileSystem.lock(file, owner: [UInt8](try JSONEncoder().encode(owner))) {
            return lock
        }
        throw CheckpointStorageError.inUse(path: path, owner: ownerText(file))
    }

    private func ownerText(_ file: String) -> String {
        guard let bytes = try? fileSystem.contents(file),
            let owner = try? JSONDecoder().decode(Owner.self, from: Data(bytes))
        else { return "another job" }
        return "the job '\(owner.job)' (process \(owner.process) on \(owner.host))"
    }

    /// Finds out what is in the directory.
    private func scan(job: String) throws -> [CheckpointProblem] {
        var problems: [CheckpointProblem] = []
        var found = State()
        for epoch in try SavedCheckpoint.epochs(root: path, fileSystem: fileSystem) {
            found.newest = epoch
            do throws(CheckpointStorageError) {
                let manifest = try SavedCheckpoint.manifest(
                    epoch, root: path, fileSystem: fileSystem)
                found.complete[epoch] = KeptCheckpoint(manifest)
            } catch {
                found.complete[epoch] = KeptCheckpoint(unreadable: error)
                problems.append(CheckpointProblem(epoch: epoch, error))
            }
        }
        if let owner = found.complete.values.compactMap(\.job).first(where: { $0 != job }) {
            throw CheckpointStorageError.belongsToOtherJob(path: path, owner: owner, job: job)
        }
        state.withLock { state in
            state.newest = max(found.newest, state.newest)
            state.complete = found.complete
        }
        return problems
    }
}

// MARK: - What checkpoints in progress ask for

extension CheckpointDirectory {
    func claimedJob() throws -> String {
        guard let job = state.withLock({ $0.job }) else {
            throw CheckpointStorageError.notClaimed(path: path)
        }
        return job
    }

    /// Keeps a segment as long as the checkpoint of `epoch` is in progress.
    func keep(segment: String, for epoch: Epoch) {
        state.withLock { _ = $0.inProgress[epoch]?.insert(segment) }
    }

    /// Makes a checkpoint valid, all of whose segments are written.
    func publish(_ manifest: CheckpointManifest) throws {
        try fileSystem.synchronizeDirectory(CheckpointPath.segments(path))
        let directory = CheckpointPath.checkpoint(path, manifest.epoch)
        let partial = directory + CheckpointPath.partialSuffix
        try fileSystem.makeDirectory(partial)
        let file = try fileSystem.create(partial + "/" + CheckpointPath.manifest)
        try file.append(try ManifestFile.encode(manifest))
        try file.synchronize()
        try file.close()
        try fileSystem.synchronizeDirectory(partial)
        try fileSystem.rename(partial, to: directory)
        try fileSystem.synchronizeDirectory(CheckpointPath.checkpoints(path))
        state.withLock { state in
            state.complete[manifest.epoch] = KeptCheckpoint(manifest)
            state.inProgress[manifest.epoch] = nil
        }
        // Where it can't be removed, it is not looked at as long as there are checkpoints.
        try? forgetOrigin()
    }

    /// The checkpoint that was just completed.
    func opened(_ manifest: CheckpointManifest, _ content: SavedContent) -> SavedCheckpoint {
        let epoch = manifest.epoch
        use(epoch)
        return SavedCheckpoint(manifest, content, root: path, fileSystem: fileSystem) {
            [self] in release(epoch)
        }
    }
}
