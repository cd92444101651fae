public import WeirCore

// A checkpoint and a restore of a step under test: the state goes through bytes, as it does in a job.

extension StepHarness {
    /// Has the step hand on what it holds back only for fuller batches, and writes its state as a
    /// checkpoint would.
    ///
    /// - Parameter base: An earlier snapshot of the same step; blocks that have not changed since
    ///   are taken from it. `nil`: all blocks are written.
    /// - Throws: `StateFormatError` when a type in the state cannot be kept in a checkpoint.
    public func snapshot(since base: StepSnapshot? = nil) throws -> StepSnapshot {
        try send(.flush)
        return try UnwrittenSnapshot(
            of: context, base?.epoch.next ?? Epoch(1), since: base?.epoch
        ).written(onto: base)
    }

    /// Fills the step, which must be new, from snapshots.
    ///
    /// - Parameter snapshots: One of each subtask that the operator had; of keyed state the step
    ///   takes what belongs to its subtask.
    public func restore(from snapshots: [StepSnapshot], keyGroups: KeyGroups = KeyGroups()) throws {
        try context.restore(snapshots, keyGroups: keyGroups)
    }

    /// Fills the step, which must be new, from the snapshot of an operator's only subtask.
    public func restore(from snapshot: StepSnapshot) throws { try restore(from: [snapshot]) }
}

extension TwoPortHarness {
    /// Has the steps hand on what they hold back only for fuller batches, and writes their state as
    /// a checkpoint would; see ``StepHarness/snapshot(since:)``.
    public func snapshot(since base: StepSnapshot? = nil) throws -> StepSnapshot {
        try left.send(.flush)
        try right.send(.flush)
        return try UnwrittenSnapshot(
            of: context, base?.epoch.next ?? Epoch(1), since: base?.epoch
        ).written(onto: base)
    }

    /// Fills the steps, which must be new, from snapshots; see
    /// ``StepHarness/restore(from:keyGroups:)``.
    ///
    /// A port that had ended must be told so again, as a job does.
    public func restore(from snapshots: [StepSnapshot], keyGroups: KeyGroups = KeyGroups()) throws {
        try context.restore(snapshots, keyGroups: keyGroups)
    }

    /// Fills the steps, which must be new, from the snapshot of an operator's only subtask.
    public func restore(from snapshot: StepSnapshot) throws { try restore(from: [snapshot]) }
}
