public import WeirCore

extension PatternMatcher {
    /// Ends the partial matches that began first: their span is over.
    ///
    /// - Parameter time: The last point inside the span.
    @inlinable func expire(_ state: inout PatternState<Element>, at time: Timestamp) {
        guard let start = state.runs.first?.start else { return }
        var end = 0
        var late: ContiguousArray<PatternState<Element>.Found> = []
        while end < state.runs.count, state.runs[end].start == start {
            var run = state.runs[end]
            if run.awaitsDeadline {
                note(&run, &state)
            } else if reportsTimeouts, !run.isComplete {
                state.buffer.retain(run.node)
                late.append(.init(node: run.node, start: start))
            }
            state.buffer.release(run.node, &released)
            end += 1
        }
        state.runs.removeFirst(end)
        if state.runs.isEmpty { state.runs = [] }
        emitFound(&state, at: time)
        sortByPath(&late, state)
        for entry in late {
            emit(entry, &state) { .timedOut($0, at: time) }
        }
    }

    /// Emits the matches just found, or holds them back where others may come that began before.
    @inlinable func emitFound(_ state: inout PatternState<Element>, at time: Timestamp) {
        if found.count > 1 { sortByPath(&found, state) }
        if case .none = automaton.skip {
            for entry in found { emit(entry, &state) { .match($0, at: time) } }
        } else {
            hold(&state)
            emitHeld(&state, at: time)
        }
        found.removeAll(keepingCapacity: true)
    }

    @inlinable func emit(
        _ entry: PatternState<Element>.Found, _ state: inout PatternState<Element>,
        _ result: (PatternMatch<Element>) -> PatternResult<Element>
    ) {
        results.append(
            result(state.buffer.match(to: entry.node, stageNames: automaton.stageNames)))
        state.buffer.noteResult(entry.node)
        state.buffer.release(entry.node, &released)
    }

    /// In the order of their beginnings; those that began alike, in the order of their records, one
    /// after the other.
    @inlinable func sortByPath(
        _ entries: inout ContiguousArray<PatternState<Element>.Found>,
        _ state: PatternState<Element>
    ) {
        guard entries.count > 1 else { return }
        let buffer = state.buffer
        var keyed = entries.map { entry in
            (
                entry,
                buffer.path(to: entry.node).map {
                    (buffer.sequence($0), buffer.nodes[Int($0)].stage)
                }
            )
        }
        keyed.sort { $0.1.lexicographicallyPrecedes($1.1, by: <) }
        entries = ContiguousArray(keyed.map(\.0))
    }

    /// Merges the matches just found into those held back.
    @inlinable func hold(_ state: inout PatternState<Element>) {
        guard !found.isEmpty else { return }
        guard let last = state.held.last, found[0].start < last.start else {
            state.held.append(contentsOf: found)
            return
        }
        var merged: ContiguousArray<PatternState<Element>.Found> = []
        merged.reserveCapacity(state.held.count + found.count)
        var next = 0
        for entry in state.held {
            while next < found.count, found[next].start < entry.start {
                merged.append(found[next])
                next += 1
            }
            merged.append(entry)
        }
        merged.append(contentsOf: found[next...])
        state.held = merged
    }

    /// Emits the matches held back, up to the first that a partial match which began before it may still
    /// precede, and drops what they exclude.
    ///
    /// - Parameter time: That of the results; those of matches that end later have their end.
    @inlinable func emitHeld(_ state: inout PatternState<Element>, at time: Timestamp) {
        guard !state.held.isEmpty else { return }
        /// What began before this is excluded.
        var threshold = 0
        var run = 0
        var done = 0
        while done < state.held.count {
            let entry = state.held[done]
            if entry.start < threshold {
                state.buffer.release(entry.node, &released)
            } else {
                while run < state.runs.count, state.runs[run].start < threshold { run += 1 }
                if run < state.runs.count, state.runs[run].start < entry.start { break }
                threshold = max(threshold, self.threshold(of: entry, state))
                emit(entry, &state) { .match($0, at: max(time, $0.end ?? time)) }
            }
            done += 1
        }
        if done == state.held.count { state.held = [] } else { state.held.removeFirst(done) }
        drop(before: threshold, &state)
    }

    /// The record before which a match excludes what began.
    @inlinable func threshold(
        of entry: PatternState<Element>.Found, _ state: PatternState<Element>
    ) -> Int {
        let buffer = state.buffer
        func sequence(_ stage: Int, isFirst: Bool) -> Int {
            let path = buffer.path(to: entry.node).filter { buffer.nodes[Int($0)].stage == stage }
            return (isFirst ? path.first : path.last).map(buffer.sequence) ?? 0
        }
        return switch automaton.skip {
        case .none: 0
        case .toNext: entry.start + 1
        case .pastLast: buffer.sequence(entry.node) + 1
        case .toFirst(let stage): sequence(stage, isFirst: true)
        case .toLast(let stage): sequence(stage, isFirst: false)
        }
    }

    @inlinable func drop(before threshold: Int, _ state: inout PatternState<Element>) {
        var end = 0
        while end < state.runs.count, state.runs[end].start < threshold {
            state.buffer.release(state.runs[end].node, &released)
            end += 1
        }
        guard end > 0 else { return }
        state.runs.removeFirst(end)
        if state.runs.isEmpty { state.runs = [] }
    }
}
