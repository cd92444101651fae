public import WeirCore

extension PatternMatcher {
    /// A record as the automaton looks at it.
    @usableFromInline struct Subject {
        @usableFromInline let record: Element
        @usableFromInline let sequence: Int
        @usableFromInline let time: Timestamp
        /// Its place in the buffer; −1 until a stage takes it.
        @usableFromInline var event: Int32 = -1

        @inlinable init(record: Element, sequence: Int, time: Timestamp) {
            self.record = record
            self.sequence = sequence
            self.time = time
        }
    }

    /// The records that a partial match has taken, put together when a condition first asks for them.
    @usableFromInline struct Context {
        @usableFromInline let node: Int32
        @usableFromInline var match: PatternMatch<Element>?

        @inlinable init(node: Int32) { self.node = node }
    }

    /// Shows the next record to each partial match, and lets new ones begin with it.
    @inlinable func processNext(_ state: inout PatternState<Element>) throws {
        let pending = state.pending[state.pendingHead]
        state.pendingHead += 1
        state.sequence += 1
        var subject = Subject(
            record: pending.record, sequence: state.sequence, time: pending.time)
        for index in answers.indices { answers[index] = 0 }
        do {
            for index in state.runs.indices { try advance(state.runs[index], by: &subject, &state) }
            try begin(with: &subject, &state)
        } catch let error as PatternLimitExceeded {
            throw error
        } catch {
            throw RecordError(record: pending.record, cause: error)
        }
        state.runs.removeAll(keepingCapacity: !nextRuns.isEmpty)
        state.runs.append(contentsOf: nextRuns)
        nextRuns.removeAll(keepingCapacity: true)
        emitFound(&state, at: pending.time)
        if subject.event >= 0 {
            state.buffer.releaseEvent(subject.event, &released)
        } else {
            released.unmatched += 1
        }
    }

    /// Appends what becomes of a partial match to `nextRuns`: itself where it goes on waiting, and one for
    /// each stage that takes the record.
    @inlinable func advance(
        _ old: PatternState<Element>.Run, by subject: inout Subject,
        _ state: inout PatternState<Element>
    ) throws {
        var run = old
        var context = Context(node: run.node)
        let stage = automaton.stages[Int(run.stage)]
        if try isEnded(run, stage, by: subject, &context, &state) {
            return state.buffer.release(run.node, &released)
        }
        if run.awaitsNext {
            note(&run, &state)
            run.awaitsNext = false
        }
        run.isFresh = false
        let place = nextRuns.count
        nextRuns.append(run)
        var left = run.open
        while left != 0 {
            let target = left.trailingZeroBitCount
            let bit: UInt64 = 1 << UInt64(target)
            left &= left - 1
            let isInner = target == Int(run.stage)
            let next = automaton.stages[target]
            let satisfies = try holds(next.condition, subject, &context, &state)
            var isStopped = false
            if next.until >= 0, satisfies || isInner {
                isStopped = try holds(next.until, subject, &context, &state)
            }
            switch isInner ? next.innerContiguity : next.contiguity {
            case .strict, .start: run.open &= ~bit
            case .relaxed: if satisfies || isInner && isStopped { run.open &= ~bit }
            case .any: if isInner && isStopped { run.open &= ~bit }
            }
            guard satisfies, !isStopped else { continue }
            try take(
                &subject, target, count: isInner ? run.count : 0, behind: run.node,
                start: run.start, run.startTime, &state)
            if next.isGreedy {
                // The stages behind may not take over any more: this one could go on.
                run.open &= bit | (bit - 1)
                break
            }
        }
        if run.open == 0 && !run.awaitsDeadline {
            nextRuns.remove(at: place)
            state.buffer.release(run.node, &released)
        } else {
            nextRuns[place] = run
        }
    }

    /// Whether a negative stage's condition ends a partial match.
    @inlinable func isEnded(
        _ run: PatternState<Element>.Run, _ stage: PatternAutomaton<Element>.Stage,
        by subject: Subject, _ context: inout Context, _ state: inout PatternState<Element>
    ) throws -> Bool {
        if run.isFresh, run.count >= stage.least {
            for condition in stage.notNext
            where try holds(condition, subject, &context, &state) { return true }
        }
        for condition in stage.notFollowedBy
        where try holds(condition, subject, &context, &state) { return true }
        return false
    }

    /// Lets matches begin with a record.
    @inlinable func begin(
        with subject: inout Subject, _ state: inout PatternState<Element>
    ) throws {
        var context = Context(node: -1)
        var left = automaton.firstTargets
        while left != 0 {
            let target = left.trailingZeroBitCount
            left &= left - 1
            let stage = automaton.stages[target]
            guard try holds(stage.condition, subject, &context, &state) else { continue }
            if stage.until >= 0, try holds(stage.until, subject, &context, &state) { continue }
            try take(
                &subject, target, count: 0, behind: -1, start: subject.sequence, subject.time,
                &state)
            if stage.isGreedy { return }
        }
    }

    /// Has a stage take the record behind a node.
    @inlinable func take(
        _ subject: inout Subject, _ target: Int, count: Int32, behind parent: Int32, start: Int,
        _ startTime: Timestamp, _ state: inout PatternState<Element>
    ) throws {
        let stage = automaton.stages[target]
        if subject.event < 0 {
            subject.event = state.buffer.add(
                subject.record, at: subject.time, sequence: subject.sequence)
        }
        let node = state.buffer.addNode(event: subject.event, stage: target, parent: parent)
        var run = PatternState<Element>.Run(
            node: node, stage: Int32(target), count: count == .max ? count : count + 1,
            start: start, startTime: startTime)
        if run.count < stage.most || stage.most == .max { run.open = 1 << UInt64(target) }
        if run.count >= stage.least {
            run.open |= stage.targets
            if stage.mayBeLast { finish(&run, stage, target, &state) }
        }
        guard run.open != 0 || run.awaitsDeadline || run.awaitsNext else {
            return state.buffer.release(node, &released)
        }
        nextRuns.append(run)
        if nextRuns.count + state.held.count > automaton.partialMatchesMax { throw limitExceeded() }
    }

    /// A run has reached the end of the pattern: it is complete, unless a negative stage at the end of
    /// the pattern has it wait.
    @inlinable func finish(
        _ run: inout PatternState<Element>.Run, _ stage: PatternAutomaton<Element>.Stage,
        _ target: Int, _ state: inout PatternState<Element>
    ) {
        let isLast = target == automaton.stages.count - 1
        if isLast, !stage.notFollowedBy.isEmpty {
            run.awaitsDeadline = true
        } else if isLast, !stage.notNext.isEmpty {
            run.awaitsNext = true
        } else {
            note(&run, &state)
        }
    }

    /// Notes that a run is a match as it is.
    @inlinable func note(
        _ run: inout PatternState<Element>.Run, _ state: inout PatternState<Element>
    ) {
        run.isComplete = true
        state.buffer.retain(run.node)
        found.append(.init(node: run.node, start: run.start))
    }

    /// Whether a condition holds for the record.
    @inlinable func holds(
        _ condition: Int, _ subject: Subject, _ context: inout Context,
        _ state: inout PatternState<Element>
    ) throws -> Bool {
        switch automaton.conditions[condition] {
        case .simple(let isSatisfied):
            if answers[condition] == 0 {
                answers[condition] = try isSatisfied(subject.record) ? 2 : 1
            }
            return answers[condition] == 2
        case .iterative(let isSatisfied):
            let match =
                context.match
                ?? state.buffer.match(to: context.node, stageNames: automaton.stageNames)
            context.match = match
            return try isSatisfied(subject.record, match)
        }
    }

    @usableFromInline func limitExceeded() -> PatternLimitExceeded {
        var counts = [Int](repeating: 0, count: automaton.stages.count)
        for run in nextRuns { counts[Int(run.stage)] += 1 }
        let most = counts.indices.max { counts[$0] < counts[$1] }
        return PatternLimitExceeded(
            limit: automaton.partialMatchesMax, stage: most.map { automaton.stageNames[$0] } ?? "")
    }
}
