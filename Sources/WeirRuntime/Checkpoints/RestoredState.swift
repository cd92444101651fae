import WeirCore
import WeirGraph
import WeirState

/// What a checkpoint has for a job that is being put together: gives each part of each operator's
/// state what belongs to it.
struct RestoredState {
    let checkpoint: SavedCheckpoint
    var defect: EngineDefect?

    /// Whether a part of an operator's state was saved.
    func has(_ part: String, of id: OperatorID) -> Bool {
        checkpoint.manifest.operators.contains { saved in
            saved.id == id.name && saved.parts.contains { $0.name == part && !$0.pieces.isEmpty }
        }
    }

    /// Fills the parts of one subtask of an operator, and its counters.
    ///
    /// - Throws: ``RestoreError`` for a part that can't be read in the form in which it is kept now.
    func fill(_ id: OperatorID, _ context: SubtaskContext, _ keyGroups: KeyGroups) throws {
        guard let saved = checkpoint.manifest.operators.first(where: { $0.id == id.name }) else {
            return
        }
        // What was counted as held in state that is dropped would be missing in the end.
        let kept = Set(context.kept.entries.map(\.name))
        let isWhole = saved.parts.allSatisfy { $0.pieces.isEmpty || kept.contains($0.name) }
        if context.subtask == 0, isWhole, defect != .countersNotRestored {
            context.counters.restore(Self.total(saved.counters))
        }
        let ownership = KeyOwnership(
            keyGroups: keyGroups, subtask: context.subtask, parallelism: context.parallelism)
        for entry in context.kept.entries {
            if defect == .transactionsForgotten, entry.part is any SinkEpochs { continue }
            let layout = try entry.part.layout()
            let pieces = checkpoint.state(ofOperator: id.name, part: entry.name)
            guard let first = pieces.first else { continue }
            do {
                guard first.layout.arrangement == layout.arrangement else {
                    throw StateFormatError.otherArrangement(first.layout, layout)
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

    /// Checks that the checkpoint is of this job, before anything is filled.
    static func checkIdentity(
        _ manifest: CheckpointManifest, at path: String, against plan: PhysicalPlan
    ) throws {
        guard manifest.job == plan.graph.job else {
            throw RestoreError.otherJob(
                path: path, found: manifest.job, expected: plan.graph.job)
        }
        guard manifest.keyGroups == plan.keyGroups.count else {
            throw RestoreError.otherKeyGroups(
                found: manifest.keyGroups, expected: plan.keyGroups.count)
        }
    }

    /// Checks that no state is lost: that of operators which are gone, and parts that an operator no
    /// longer keeps.
    func checkNothingDropped(_ contexts: [OperatorID: [SubtaskContext]]) throws {
        let dropped = checkpoint.manifest.operators.flatMap { saved -> [String] in
            let parts = saved.parts.filter { !$0.pieces.isEmpty }.map(\.name)
            guard let context = contexts[OperatorID(saved.id)]?.first else {
                return parts.isEmpty ? [] : ["operator '\(saved.id)'"]
            }
            let kept = Set(context.kept.entries.map(\.name))
            return parts.filter { !kept.contains($0) }.map {
                "state '\($0)' of operator '\(saved.id)'"
            }
        }
        guard dropped.isEmpty else {
            throw RestoreError.droppedState(path: checkpoint.path, dropped)
        }
    }
}
