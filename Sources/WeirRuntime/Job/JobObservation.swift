import WeirCore
import WeirGraph

/// What a run looks like from within at one moment; for checks of the engine itself.
///
/// Taken where no tasklet runs: on an executor that runs everything in turn.
package struct JobObservation: Sendable {
    /// How full the fullest queue is, and how many batches and marks it may hold.
    package var fullestQueue: (filled: Int, capacity: Int) = (0, 0)
    /// The pieces of state that each operator keeps, by operator and kind.
    package var state: [String: Int] = [:]

    init(_ parts: JobParts) {
        for queue in parts.queues.joined() {
            let depth = queue.depth
            if depth.filled * max(1, fullestQueue.capacity)
                >= fullestQueue.filled * depth.capacity
            {
                fullestQueue = depth
            }
        }
    }

    /// Counts the pieces of state; in time that grows with the state.
    mutating func count(_ parts: JobParts) {
        for (id, contexts) in parts.contexts {
            for entry in contexts.flatMap(\.state.entries) {
                state["\(id) \(entry.kind)", default: 0] += 1
            }
        }
    }
}
