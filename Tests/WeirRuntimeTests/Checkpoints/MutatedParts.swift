import WeirCore
import WeirGraph

@testable import WeirTesting

extension EngineMutation {
    /// Treats parts of state in another way.
    static func ofParts(
        _ name: String, _ replacement: @escaping @Sendable (String, any StatePart) -> any StatePart
    ) -> EngineMutation {
        var mutation = EngineMutation(name)
        mutation.graph = { graph in
            graph.replacingBodies { _, body in
                TransformBody(prepare: body.prepare) { context, outputs, prepared in
                    let own = SubtaskContext(
                        job: context.job, operatorName: context.operatorName,
                        subtask: context.subtask, parallelism: context.parallelism,
                        batchSize: context.batchSize, counters: context.counters,
                        splits: context.splits, clock: context.clock, cleanups: context.cleanups,
                        state: context.state, isCheckpointed: context.isCheckpointed)
                    let steps = try body.makeSteps(own, outputs, prepared)
                    for entry in own.kept.entries {
                        context.kept.keep(entry.name, replacement(entry.name, entry.part))
                    }
                    return steps
                }
            }
        }
        return mutation
    }

    /// Does not restore the parts for which `isForgotten` holds.
    static func forgetting(
        _ name: String, _ isForgotten: @escaping @Sendable (String) -> Bool
    ) -> EngineMutation {
        ofParts(name) { isForgotten($0) ? ForgottenPart($1) : $1 }
    }
}

/// A part that is saved, and not restored.
class ForgottenPart: StatePart {
    let part: any StatePart

    init(_ part: any StatePart) { self.part = part }

    func layout() throws -> StateLayout { try part.layout() }
    func snapshot(_ epoch: Epoch, since base: Epoch?) throws -> any StateSnapshot {
        try part.snapshot(epoch, since: base)
    }
    func restore(_ saved: [SavedState], owning ownership: KeyOwnership) throws {}
}

/// A part that takes all keys, whoever owns them.
final class GreedyPart: ForgottenPart {
    override func restore(_ saved: [SavedState], owning ownership: KeyOwnership) throws {
        try part.restore(
            saved,
            owning: KeyOwnership(keyGroups: ownership.keyGroups, subtask: 0, parallelism: 1))
    }
}

/// A part whose snapshot is taken when it is written, and not at the barrier.
final class LatePart: ForgottenPart {
    override func snapshot(_ epoch: Epoch, since base: Epoch?) throws -> any StateSnapshot {
        LateSnapshot { [part] in try part.snapshot(epoch, since: nil) }
    }
    override func restore(_ saved: [SavedState], owning ownership: KeyOwnership) throws {
        try part.restore(saved, owning: ownership)
    }

    final class LateSnapshot: StateSnapshot, @unchecked Sendable {
        // Unchecked: a simulated run has one thread.
        private let take: () throws -> any StateSnapshot
        private var taken: (any StateSnapshot)?

        init(_ take: @escaping () throws -> any StateSnapshot) { self.take = take }

        private var snapshot: (any StateSnapshot)? {
            if taken == nil { taken = try? take() }
            return taken
        }
        var directory: [UInt8] { snapshot?.directory ?? [] }
        var blocks: [StateBlock] { snapshot?.blocks ?? [] }
        func write(_ index: Int, to output: inout StateWriter) throws {
            try snapshot?.write(index, to: &output)
        }
        func release() { taken?.release() }
    }
}
