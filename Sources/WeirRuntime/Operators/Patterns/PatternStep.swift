public import WeirCore
public import WeirState

/// Makes the step that finds a pattern in the records of each key.
///
/// Records wait, by key, until the watermark has passed them, and are then dealt with in the order of
/// event time. What was found goes out before the mark that brought it to light.
///
/// - Parameters:
///   - next: Takes the results. Each has the event time of the match's last record, or, where the match
///     was complete later, of that moment.
///   - late: Takes records that come behind the watermark; `nil`: they are only counted.
///   - timedOut: Takes partial matches whose span is over, with the last point of their span as event
///     time; `nil`: nobody asks for them.
@inlinable
public func patternStep<Element: Sendable, Key: StreamKey, Output>(
    _ context: SubtaskContext, into next: Step<Output>, late: Step<Element>?,
    timedOut: Step<TimedOutMatch<Key, Element>>?, _ automaton: PatternAutomaton<Element>,
    keyOf: @escaping (Element) -> Key,
    result: @escaping (Key, PatternMatch<Element>) throws -> Output
) -> Step<Element> {
    let operation = PatternOperation<Key, Element, Output>(
        context, into: next, late: late, timedOut: timedOut, automaton, result: result)
    context.state.add { operation.entries }
    return Step(
        process: { batch in
            context.counters.received.add(batch.count)
            return try context.attributing { try operation.collect(&batch, keyOf) }
        },
        signal: { signal in try context.attributing { try operation.signal(signal) } },
        resume: {
            let progress = try operation.resume()
            guard progress == .done else { return progress }
            return try context.attributing { try operation.run() }
        })
}

/// One subtask of a pattern operator: the state of its keys, and where it is in the work that a
/// watermark has brought.
@usableFromInline
final class PatternOperation<Key: StreamKey, Element: Sendable, Output> {
    @usableFromInline let matcher: PatternMatcher<Element>
    @usableFromInline let table = StateTable<Key, PatternState<Element>>()
    /// When each key must be looked at again: at its first record, or when a partial match's span is over.
    @usableFromInline var timers = TimerQueue<Key>()
    @usableFromInline let main: PatternOutput<Output>
    @usableFromInline let late: PatternOutput<Element>
    @usableFromInline let timedOut: PatternOutput<TimedOutMatch<Key, Element>>
    @usableFromInline let result: (Key, PatternMatch<Element>) throws -> Output
    @usableFromInline let counters: OperatorCounters
    @usableFromInline let batchSize: Int
    @usableFromInline let stageNames: [String]
    @usableFromInline var watermark = Timestamp.earliest
    /// The last watermark handed on.
    @usableFromInline var sent = Timestamp.earliest
    @usableFromInline var pendingSignal: Signal?
    /// The key being dealt with, whose results the matcher has, and how many of them are on their way.
    @usableFromInline var active: (key: Key, hash: UInt64)?
    @usableFromInline var isActiveDone = true
    @usableFromInline var resultsTaken = 0

    @inlinable init(
        _ context: SubtaskContext, into next: Step<Output>, late: Step<Element>?,
        timedOut: Step<TimedOutMatch<Key, Element>>?, _ automaton: PatternAutomaton<Element>,
        result: @escaping (Key, PatternMatch<Element>) throws -> Output
    ) {
        matcher = PatternMatcher(automaton, reportsTimeouts: timedOut != nil)
        counters = context.counters
        let sides = context.counters.sideOutputs
        main = PatternOutput(next, counter: counters.emitted)
        self.late = PatternOutput(late, counter: sides.first)
        self.timedOut = PatternOutput(timedOut, counter: sides.count > 1 ? sides[1] : nil)
        self.result = result
        batchSize = context.batchSize
        stageNames = automaton.stageNames
        keep(in: context)
    }

    @inlinable func keep(in context: SubtaskContext) {
        context.kept.keep(
            "stages",
            KeptValue(
                distribution: .replicated, get: { [weak self] in self?.stageNames },
                set: { [weak self] saved, _ in try self?.check(saved.first?.value) }))
        context.keep("patterns", table)
        context.keep("timers", of: self, \.timers, hash: { $0.stableHash })
        context.keepTime("watermark", of: self, \.watermark)
        context.keepTime("sent", of: self, \.sent)
    }

    /// Partial matches are of stages by their numbers, so that these must be what they were.
    @usableFromInline func check(_ saved: [String]?) throws {
        guard let saved, saved != stageNames else { return }
        throw StateFormatError(
            "the partial matches are of a pattern of the stages \(saved), and not of "
                + "\(stageNames). Give the changed pattern's operator another name, or keep the "
                + "pattern as it was")
    }

    @inlinable var progress: Progress {
        main.answer.joined(with: late.answer).joined(with: timedOut.answer)
    }

    /// What is kept of each key, as text.
    @usableFromInline var entries: [StateViews.Entry] {
        table.views("pattern") { state in
            "\(state.recordCount) records, \(state.partialMatchCount) partial matches"
        }
    }

    // MARK: - Records come in

    /// Keeps a batch's records by key, and hands on those that are late.
    @inlinable func collect(
        _ batch: inout Batch<Element>, _ keyOf: (Element) -> Key
    ) throws -> Progress {
        let hasHashes = batch.hasHashes
        for row in batch.indices {
            let time = batch.time(at: row)
            guard time > watermark else {
                counters.late.add(1)
                late.append(batch[row], at: time)
                continue
            }
            let key = keyOf(batch[row])
            let hash = hasHashes ? batch.hash(at: row) : key.stableHash
            counters.held.add(1)
            try table.update(key, hash: hash, initial: { PatternState() }) { state in
                state.append(batch[row], at: time)
                schedule(key, &state, at: time)
            }
        }
        batch.removeAll()
        try late.send()
        return progress
    }

    /// Sees to it that a key's timer is due by `time`.
    @inlinable func schedule(_ key: Key, _ state: inout PatternState<Element>, at time: Timestamp) {
        if let timer = state.timer {
            guard time < timer else { return }
            timers.cancel(key, at: timer)
        }
        timers.register(key, at: time)
        state.timer = time
    }

    // MARK: - A mark brings work

    /// Deals with what a mark has brought, then hands the mark on.
    @inlinable func signal(_ signal: Signal) throws -> Progress {
        switch signal {
        case .flush, .idle, .tick, .barrier: return try handOn(signal)
        case .watermark(let time): watermark = max(watermark, time)
        case .end: watermark = .latest
        }
        pendingSignal = signal
        return try run()
    }

    @inlinable func handOn(_ signal: Signal) throws -> Progress {
        try main.signal(signal)
        try late.signal(signal)
        try timedOut.signal(signal)
        return progress
    }

    /// Resumes whichever output refused.
    @inlinable func resume() throws -> Progress {
        try main.resume()
        try late.resume()
        try timedOut.resume()
        return progress
    }

    /// Goes on with what a mark has brought.
    @inlinable func run() throws -> Progress {
        guard let signal = pendingSignal else { return .done }
        var budget = 8 * batchSize
        while true {
            while resultsTaken < matcher.results.count {
                if main.rows.count >= batchSize || timedOut.rows.count >= batchSize {
                    let progress = try send()
                    if progress != .done { return progress }
                    budget -= batchSize
                    if budget <= 0 { return .yielded }
                }
                try takeResult()
            }
            finishResults()
            if budget <= 0 { return .yielded }
            guard try findWork() else { break }
            try advance(&budget)
        }
        let progress = try send()
        if progress != .done { return progress }
        pendingSignal = nil
        sent = watermark
        return try handOn(signal)
    }

    @inlinable func send() throws -> Progress {
        try main.send()
        try timedOut.send()
        return progress
    }

    /// Moves the matcher's next result to its output.
    @inlinable func takeResult() throws {
        guard let active else { return }
        switch matcher.results[resultsTaken] {
        case .match(let match, let time):
            main.append(try result(active.key, match), at: time)
        case .timedOut(let match, let time):
            timedOut.append(TimedOutMatch(key: active.key, match: match), at: time)
        }
        resultsTaken += 1
    }

    @inlinable func finishResults() {
        if isActiveDone { active = nil }
        guard resultsTaken > 0 else { return }
        matcher.results.removeAll(keepingCapacity: matcher.results.count <= 2 * batchSize)
        resultsTaken = 0
    }

    /// Finds the next key to deal with; answers whether there is one.
    @inlinable func findWork() throws -> Bool {
        if active != nil { return true }
        if let due = timers.popDue(upTo: watermark) {
            active = (due.payload, due.payload.stableHash)
        } else if watermark == .latest, !table.isEmpty {
            // Nothing more can come, so nothing that waits without a limit of time is of use.
            let key = try table.key(at: table.count - 1)
            active = (key, key.stableHash)
        }
        isActiveDone = false
        return active != nil
    }

    /// Deals with the key at hand as far as the watermark goes and the budget lasts.
    @inlinable func advance(_ budget: inout Int) throws {
        guard let (key, hash) = active else { return }
        var isEmpty = false
        do {
            try table.update(key, hash: hash, initial: { PatternState() }) { state in
                isActiveDone = try matcher.advance(
                    &state, to: watermark, after: sent, limit: batchSize, budget: &budget)
                guard isActiveDone else { return }
                state.timer = nil
                isEmpty = state.isEmpty
                if let due = matcher.nextDue(state) { schedule(key, &state, at: due) }
            }
        } catch var error as PatternLimitExceeded {
            error.key = "'\(key)'"
            throw error
        }
        if isEmpty { try table.remove(key, hash: hash) }
        let released = matcher.takeReleased()
        counters.held.add(-(released.inResults + released.unmatched))
        counters.passed.add(released.inResults)
        counters.filtered.add(released.unmatched)
    }
}
