import Synchronization
import WeirCore

/// What one chain does about memory, at the start of a turn: gives back pages that other subtasks
/// need, and says what the state of its operators takes when it has been asked to.
final class ChainMemory: @unchecked Sendable {
    // Unchecked: all but `isAsked` is constant, and the contexts' state touched by the chain's worker alone.
    private let contexts: [SubtaskContext]
    private let spilling: [SubtaskContext]
    private let tasklet: Tasklet
    private let isAsked = Atomic<Bool>(false)

    /// - Parameter contexts: The operators of the chain, whose steps have been made.
    /// - Returns: `nil` where none of them keeps anything.
    init?(_ contexts: [SubtaskContext], tasklet: Tasklet) {
        self.contexts = contexts.filter { !$0.kept.entries.isEmpty }
        spilling = self.contexts.filter { $0.kept.pool != nil }
        self.tasklet = tasklet
        if self.contexts.isEmpty { return nil }
    }

    /// Does what is due, between two calls of the chain's steps.
    ///
    /// - Throws: What a page store throws, with the operator's name.
    func beginTurn() throws {
        for context in spilling { try context.attributing { try context.kept.beginTurn() } }
        if isAsked.load(ordering: .relaxed), isAsked.exchange(false, ordering: .acquiring) {
            measure()
        }
    }

    /// Notes what the state takes now.
    func measure() { for context in contexts { context.kept.measure() } }

    /// Has the chain measure soon; from any thread.
    func requestMeasure() {
        isAsked.store(true, ordering: .releasing)
        tasklet.wake()
    }
}
