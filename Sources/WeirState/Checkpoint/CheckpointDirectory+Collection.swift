import WeirCore

extension CheckpointDirectory {
    /// Removes the checkpoints that need not be kept, and the files that none refers to.
    ///
    /// - Returns: What could not be removed; it is tried again the next time.
    func collect() -> [CheckpointProblem] {
        tidying {
            try removeCheckpoints()
            return try removeFiles()
        }
    }

    /// Removes the files that no checkpoint refers to.
    func collectFiles() -> [CheckpointProblem] { tidying { try removeFiles() } }

    private func tidying(_ body: () throws -> [CheckpointProblem]) -> [CheckpointProblem] {
        do {
            return try body()
        } catch let error as CheckpointStorageError {
            return [CheckpointProblem(epoch: nil, error)]
        } catch {
            return [CheckpointProblem(epoch: nil, file: path, reason: "\(error)")]
        }
    }

    /// Forgets a checkpoint that was given up, and removes its files as far as that is possible
    /// now.
    func withdraw(_ epoch: Epoch) {
        // If the last step of completing failed, the manifest may be there already.
        let published = CheckpointPath.checkpoint(path, epoch)
        do {
            if try fileSystem.status(published) != nil { try hide(epoch) }
            state.withLock { state in
                state.inProgress[epoch] = nil
                state.complete[epoch] = nil
            }
        } catch {
            // It stays as it is, complete or not, with all that it needs: its segments are kept as
            // those of a checkpoint in progress.
            return
        }
        _ = collectFiles()
    }

    /// Takes the checkpoints away that need not be kept. Their directories are renamed, and that is
    /// made to last before anything that they refer to is removed: so a crash leaves no checkpoint
    /// with files missing.
    private func removeCheckpoints() throws {
        let removable = state.withLock { $0.removableCheckpoints(retaining: retained) }
        for epoch in removable {
            try hide(epoch)
            state.withLock { $0.complete[epoch] = nil }
        }
    }

    /// Takes a checkpoint's name away, so that nothing finds it any more.
    func hide(_ epoch: Epoch) throws {
        let directory = CheckpointPath.checkpoint(path, epoch)
        let hidden = directory + CheckpointPath.partialSuffix
        if try fileSystem.status(directory) != nil {
            try fileSystem.removeTree(hidden)
            try fileSystem.rename(directory, to: hidden)
        }
        try fileSystem.synchronizeDirectory(CheckpointPath.checkpoints(path))
    }

    /// Removes hidden checkpoints, and segments that nothing refers to.
    private func removeFiles() throws -> [CheckpointProblem] {
        var problems: [CheckpointProblem] = []
        func attempt(_ path: String) {
            do throws(CheckpointStorageError) { try fileSystem.removeTree(path) } catch {
                problems.append(CheckpointProblem(epoch: nil, error))
            }
        }
        // The lock is held throughout, so that no checkpoint in progress takes up a segment that is
        // being removed.
        try state.withLock { state in
            let checkpoints = CheckpointPath.checkpoints(path)
            for name in try fileSystem.list(checkpoints) where !state.isInUse(checkpoint: name) {
                attempt(checkpoints + "/" + name)
            }
            guard state.isCollectable else { return }
            let kept = state.referredSegments
            let segments = CheckpointPath.segments(path)
            for name in try fileSystem.list(segments)
            where !state.isInUse(segment: name, referred: kept) {
                attempt(segments + "/" + name)
            }
        }
        return problems
    }
}

extension CheckpointDirectory.State {
    /// The complete checkpoints that are neither among the newest, nor savepoints, nor in use.
    /// Damaged ones go when they are older than all that are kept.
    func removableCheckpoints(retaining retained: Int) -> [Epoch] {
        let good = complete.filter { $0.value.kind == .checkpoint && !$0.value.isDamaged }.keys
        guard good.count >= retained else { return [] }
        let oldestKept = good.sorted()[good.count - retained]
        return complete.filter { epoch, kept in
            epoch < oldestKept && kept.kind == .checkpoint && uses[epoch] == nil
        }.keys.sorted()
    }

    /// The names of all segments that are needed.
    var referredSegments: Set<String> {
        var names: Set<String> = []
        for kept in complete.values { names.formUnion(kept.segments ?? []) }
        for written in inProgress.values { names.formUnion(written) }
        return names
    }

    /// Whether a name in `checkpoints` is more than the remains of a checkpoint.
    func isInUse(checkpoint name: String) -> Bool {
        guard name.hasSuffix(CheckpointPath.partialSuffix) else { return true }
        let epoch = CheckpointPath.epoch(
            ofName: name.dropLast(CheckpointPath.partialSuffix.count))
        return epoch.map { inProgress[$0] != nil } ?? true
    }

    /// Whether a file in `segments` is needed, or none of ours.
    func isInUse(segment name: String, referred: Set<String>) -> Bool {
        if name.hasSuffix(CheckpointPath.partialSuffix) {
            // `<epoch>-<number>.partial`
            let epoch = name.split(separator: "-").first.flatMap { Int($0) }
            return epoch.map { inProgress[Epoch($0)] != nil } ?? true
        }
        guard name.hasSuffix(CheckpointPath.segmentSuffix) else { return true }
        return referred.contains(String(name.dropLast(CheckpointPath.segmentSuffix.count)))
    }
}
