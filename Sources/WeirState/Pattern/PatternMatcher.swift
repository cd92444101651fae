public import WeirCore

/// What a pattern operator found for a key.
public enum PatternResult<Element: Sendable>: Sendable {
    /// A match, with the event time of its result.
    case match(PatternMatch<Element>, at: Timestamp)
    /// A partial match whose span was over.
    case timedOut(PatternMatch<Element>, at: Timestamp)
}

/// Runs a ``PatternAutomaton`` over the records of a key, in the order of event time.
///
/// One for each subtask. It keeps nothing between calls but memory to use again; what is known of a key
/// is in its ``PatternState``.
public final class PatternMatcher<Element: Sendable> {
    @usableFromInline typealias State = PatternState<Element>

    @usableFromInline let automaton: PatternAutomaton<Element>
    @usableFromInline let reportsTimeouts: Bool
    /// The results found and not yet taken.
    public var results: ContiguousArray<PatternResult<Element>> = []
    /// Records that were given up since this was last set to none, by whether a result has them.
    @usableFromInline var released = ReleasedRecords()
    @usableFromInline var nextRuns: ContiguousArray<State.Run> = []
    @usableFromInline var found: ContiguousArray<State.Found> = []
    /// What the conditions say of the record at hand: 0 not asked, 1 no, 2 yes.
    @usableFromInline var answers: ContiguousArray<UInt8>

    /// Makes a matcher.
    ///
    /// - Parameter reportsTimeouts: Whether partial matches whose span is over are results.
    @inlinable public init(_ automaton: PatternAutomaton<Element>, reportsTimeouts: Bool) {
        self.automaton = automaton
        self.reportsTimeouts = reportsTimeouts
        answers = ContiguousArray(repeating: 0, count: automaton.conditions.count)
    }

    /// Takes the number of records given up since the last call: those that a result has, and the others.
    @inlinable public func takeReleased() -> (inResults: Int, unmatched: Int) {
        defer { released = ReleasedRecords() }
        return (released.inResults, released.unmatched)
    }

    /// Deals with a key's records and deadlines through `watermark`, until as many results as `limit`
    /// are waiting or the budget is used up.
    ///
    /// At a watermark of `.latest` nothing more can come: partial matches without a limit of time are
    /// given up, and nothing is left of the key.
    ///
    /// - Parameters:
    ///   - last: The watermark before; results are later than it.
    ///   - budget: What may be done in this turn; a partial match shown a record costs one.
    /// - Returns: Whether all has been dealt with.
    /// - Throws: ``PatternLimitExceeded``; what a condition throws, as a ``RecordError``.
    /// - Complexity: O(partial matches) a record.
    @inlinable public func advance(
        _ state: inout PatternState<Element>, to watermark: Timestamp, after last: Timestamp,
        limit: Int, budget: inout Int
    ) throws -> Bool {
        if !state.isSorted { sort(&state) }
        while results.count < limit, budget > 0 {
            budget -= 1 + state.runs.count
            let record = nextRecord(state, watermark)
            if let deadline = nextDeadline(state),
                isDue(deadline, before: record, at: watermark)
            {
                expire(&state, at: deadline.advanced(byMicroseconds: -1))
            } else if record != nil {
                try processNext(&state)
            } else {
                finishTurn(&state, watermark, last)
                return true
            }
        }
        return false
    }

    /// When this key must be looked at again; `nil` when only a record can change anything.
    @inlinable public func nextDue(_ state: PatternState<Element>) -> Timestamp? {
        let deadline = nextDeadline(state)?.advanced(byMicroseconds: -1)
        guard state.pendingHead < state.pending.count else { return deadline }
        var first = state.pending[state.pendingHead].time
        if !state.isSorted {
            for entry in state.pending[state.pendingHead...] { first = min(first, entry.time) }
        }
        return min(first, deadline ?? first)
    }

    // MARK: - What is next

    @inlinable func nextRecord(_ state: State, _ watermark: Timestamp) -> Timestamp? {
        guard state.pendingHead < state.pending.count else { return nil }
        let time = state.pending[state.pendingHead].time
        return time <= watermark ? time : nil
    }

    /// The first point of time outside the span of the partial match that began first.
    @inlinable func nextDeadline(_ state: State) -> Timestamp? {
        guard let span = automaton.span, let first = state.runs.first else { return nil }
        return first.startTime.advanced(byMicroseconds: span)
    }

    @inlinable func isDue(
        _ deadline: Timestamp, before record: Timestamp?, at watermark: Timestamp
    ) -> Bool {
        if let record { return deadline <= record }
        return deadline.advanced(byMicroseconds: -1) <= watermark
    }

    @inlinable func sort(_ state: inout State) {
        let tieOrder = automaton.tieOrder
        state.pending.removeFirst(state.pendingHead)
        state.pendingHead = 0
        state.pending.sort { left, right in
            if left.time != right.time { return left.time < right.time }
            if let tieOrder {
                if tieOrder(left.record, right.record) { return true }
                if tieOrder(right.record, left.record) { return false }
            }
            return left.arrival < right.arrival
        }
        state.isSorted = true
    }

    @inlinable func finishTurn(_ state: inout State, _ watermark: Timestamp, _ last: Timestamp) {
        state.pending.removeFirst(state.pendingHead)
        state.pendingHead = 0
        if state.pending.isEmpty {
            state.arrivals = 0
            state.pending = []
        }
        guard watermark == .latest, !state.runs.isEmpty || !state.held.isEmpty else { return }
        for run in state.runs { state.buffer.release(run.node, &released) }
        state.runs = []
        emitHeld(&state, at: last.advanced(byMicroseconds: 1))
    }
}
