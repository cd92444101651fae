import WeirCore
import WeirGraph
import WeirState

/// What a checkpoint has for a job that is being put together: gives each part of each operator's
/// state what belongs to it.
struct RestoredState {
    let checkpoint: SavedCheckpoint

    /// Fills the parts of one subtask of an operator, and its counters.
    ///
    /// - Throws: ``RestoreError`` for a part that can't be read in the form in which it is kept now.
    func fill(_ id: OperatorID, _ context: SubtaskContext, _ keyGroups: KeyGroups) throws {
        guard let saved = checkpoint.manifest.operators.first(where: { $0.id == id.name }) else {
            return
        }
        if context.subtask == 0 { context.counters.restore(Self.total(saved.counters)) }
        let ownership = KeyOwnership(
            keyGroups: keyGroups, subtask: context.subtask, parallelism: context.parallelism)
        for entry in context.kept.entries {
            let layout = try entry.part.layout()
            let pieces = checkpoint.state(ofOperator: id.name, part: entry.name)
            guard let first = pieces.first else { continue }
            do {
                guard first.layout.arrangement == layout.arrangement else {
                    throw StateFormatError(
                        "it was kept as '\(first.layout.arrangement)' and is now kept as "
                            + "'\(layout.arrangement)'")
                }
                try entry.part.restore(
                    belonging(pieces, layout.distribution, context), owning: ownership)
            } catch let error as StateFormatError {
                throw RestoreError.part(
                    operatorName: id.name, part: entry.name, reason: error.reason)
            }
        }
    }

    /// What ``StateDistribution`` says a subtask is given.
    private func belonging(
        _ pieces: [SavedState], _ distribution: StateDistribution, _ context: SubtaskContext
    ) -> [SavedState] {
        switch distribution {
        case .shared: pieces
        case .replicated: Array(pieces.filter { $0.subtask == 0 }.prefix(1))
        case .subtask: pieces.filter { $0.subtask % context.parallelism == context.subtask }
        case .keyed:
            // Each owns a range of key groups, so that at the same parallelism one piece is all.
            pieces.filter { piece in
                piece.parallelism != context.parallelism || piece.subtask == context.subtask
            }
        }
    }

    private static func total(_ counters: [[String: Int]]) -> [String: Int] {
        counters.reduce(into: [:]) { total, counts in
            total.merge(counts) { $0 + $1 }
        }
    }

    /// Checks that the checkpoint and the job go together, before anything is filled.
    static func check(
        _ manifest: CheckpointManifest, at path: String, against plan: PhysicalPlan,
        allowsDroppedState: Bool
    ) throws {
        guard manifest.job == plan.graph.job else {
            throw RestoreError.otherJob(
                path: path, found: manifest.job, expected: plan.graph.job)
        }
        guard manifest.keyGroups == plan.keyGroups.count else {
            throw RestoreError.otherKeyGroups(
                found: manifest.keyGroups, expected: plan.keyGroups.count)
        }
        let known = Set(plan.graph.operators.map(\.id.name))
        let dropped = manifest.operators.filter { saved in
            !known.contains(saved.id) && saved.parts.contains { !$0.pieces.isEmpty }
        }
        guard dropped.isEmpty || allowsDroppedState else {
            throw RestoreError.droppedState(path: path, dropped.map { "operator '\($0.id)'" })
        }
    }
}
