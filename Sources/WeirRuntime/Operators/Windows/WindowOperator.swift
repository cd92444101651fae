public import WeirCore
public import WeirState

/// One subtask of a window operator that keeps the windows of each key by themselves: for windows that
/// are merged, emit more than once, or end by the clock.
///
/// The rules are those of Apache Flink's `WindowOperator`: a window takes records until the watermark
/// has passed its last point by the allowed lateness, judged for sessions after merging; its state
/// then goes. Panes are decided on record by record and timer by timer, so that what comes out does
/// not depend on how records fall into batches.
public final class WindowOperator<Input, Key: StreamKey, Folded: Aggregate, Output>
where Folded.Input == Input {
    /// Where its panes go.
    public typealias Panes = PaneOutput<Key, Folded.Accumulator, Output, Input>
    @usableFromInline typealias Entry = OpenWindow<Folded.Accumulator>
    @usableFromInline typealias Entries = OpenWindows<Folded.Accumulator>

    @usableFromInline let windowing: Windowing<Input, Key>
    @usableFromInline let trigger: AnyWindowTrigger<Input>?
    @usableFromInline let isMerging: Bool
    @usableFromInline let isEventTime: Bool
    @usableFromInline let lateness: Int64
    @usableFromInline let aggregate: Folded
    @usableFromInline let keyOf: (Input) -> Key
    @usableFromInline let panes: Panes
    @usableFromInline let counters: OperatorCounters
    @usableFromInline let clock: (any ProcessingClock)?

    /// Each key's open windows; a key without any is not in it.
    @usableFromInline let table = StateTable<Key, OpenWindows<Folded.Accumulator>>()
    @usableFromInline var eventTimers = TimerQueue<WindowTimer<Key>>()
    @usableFromInline var processingTimers = TimerQueue<WindowTimer<Key>>()
    @usableFromInline var nextNumber = 0
    @usableFromInline var watermark = Timestamp.earliest
    @usableFromInline var now = Timestamp.earliest
    @usableFromInline var hasEnded = false

    /// The batch at hand, and the first of its rows that has not been taken.
    @usableFromInline var input = Batch<Input>()
    @usableFromInline var row = 0
    @usableFromInline var pendingSignal: Signal?
    @usableFromInline var timersMayBeDue = false
    /// The windows of the record at hand, and which of the open ones they are.
    @usableFromInline var assigned = ContiguousArray<Window>()
    @usableFromInline var touched = ContiguousArray<(number: Int, firstStart: Timestamp)>()

    @inlinable init(
        _ windowing: Windowing<Input, Key>, _ aggregate: Folded, context: SubtaskContext,
        keyOf: @escaping (Input) -> Key, panes: Panes
    ) {
        self.windowing = windowing
        trigger = windowing.trigger
        isMerging = windowing.isMerging
        isEventTime = windowing.domain == .eventTime
        lateness = isEventTime ? max(0, windowing.allowedLateness.wholeMicroseconds) : 0
        self.aggregate = aggregate
        self.keyOf = keyOf
        self.panes = panes
        counters = context.counters
        clock = windowing.needsClock ? context.clock : nil
        context.show("windows", table)
    }

    /// The keys with open windows.
    public var keyCount: Int { table.count }
    /// The timers that wait.
    public var timerCount: Int { eventTimers.count + processingTimers.count }

    // MARK: - What comes in

    /// Takes over the rows of a batch.
    @inlinable func process(_ batch: inout Batch<Input>) throws -> Progress {
        swap(&batch, &input)
        row = 0
        if let clock {
            // A clock that is set back must not open windows that have been closed.
            now = max(now, clock.now())
            timersMayBeDue = true
        }
        return try run()
    }

    /// Fires what a mark completes, then hands the mark on.
    @inlinable func signal(_ signal: Signal) throws -> Progress {
        switch signal {
        case .flush, .idle: break
        case .tick(let time): now = max(now, time)
        case .watermark(let time): watermark = max(watermark, time)
        case .end:
            watermark = .latest
            now = .latest
        }
        // Below a source that has ended, the last watermark comes before the end.
        hasEnded = watermark == .latest
        timersMayBeDue = true
        pendingSignal = signal
        return try run()
    }

    /// Goes on with whatever is unfinished: panes, timers, rows, then the mark.
    @inlinable func run() throws -> Progress {
        panes.startTurn()
        while true {
            let progress = try panes.drain()
            if progress != .done { return progress }
            if timersMayBeDue {
                if try fireTimer() { continue }
                timersMayBeDue = false
            }
            guard row < input.count else { break }
            try take(row)
            row &+= 1
        }
        input.removeAll()
        row = 0
        let progress = try panes.finish()
        if progress != .done { return progress }
        if let clock, let next = processingTimers.earliest { clock.requestTick(at: next) }
        guard let signal = pendingSignal else { return .done }
        pendingSignal = nil
        return try panes.outputs.signal(signal)
    }

    // MARK: - Records

    @inlinable func take(_ row: Int) throws {
        let time = isEventTime ? input.time(at: row) : now
        do {
            let key = keyOf(input[row])
            assigned.removeAll(keepingCapacity: true)
            try windowing.assign(input[row], key, at: time, into: &assigned)
            guard !assigned.isEmpty else { return counters.filtered.add(1) }
            let hash = input.hasHashes ? input.hash(at: row) : key.stableHash
            if try fold(input[row], key, hash: hash, at: time) {
                counters.held.add(1)
            } else {
                panes.outputs.noteLate(input[row], at: input.time(at: row))
            }
        } catch {
            throw RecordError(record: input[row], cause: error)
        }
    }

    /// Folds a record into its windows; answers whether any of them was open.
    @inlinable func fold(
        _ record: Input, _ key: Key, hash: UInt64, at time: Timestamp
    ) throws -> Bool {
        if !isMerging {
            // Of sessions, lateness is judged after merging.
            assigned.removeAll { expiry(of: $0) <= currentTime }
            if assigned.isEmpty { return false }
        }
        let (isKept, isEmpty) = try table.update(key, hash: hash, initial: { Entries() }) {
            open -> (Bool, Bool) in
            // All windows first, so that a record whose windows become one is in that once.
            touched.removeAll(keepingCapacity: true)
            for window in assigned { try touch(window, key, &open) }
            try add(record, &open)
            for (number, firstStart) in touched {
                guard let position = open.position(ofNumber: number, firstStart: firstStart) else {
                    continue
                }
                try decide(record, at: time, key, &open.windows[position])
            }
            return (!touched.isEmpty, open.windows.isEmpty)
        }
        if isEmpty { table.remove(key, hash: hash) }
        return isKept
    }

    /// Opens a window of the record at hand, or finds the one that it is merged into.
    @inlinable func touch(_ window: Window, _ key: Key, _ open: inout Entries) throws {
        guard isMerging else {
            let position = position(of: window, key, &open)
            return touched.append(
                (open.windows[position].number, open.windows[position].firstStart))
        }
        guard let position = try merge(window, key, &open) else { return }
        let entry = (open.windows[position].number, open.windows[position].firstStart)
        if !touched.contains(where: { $0.number == entry.0 }) { touched.append(entry) }
    }

    /// Folds the record at hand into its windows, and has the ledger count it in the last to go.
    @inlinable func add(_ record: Input, _ open: inout Entries) throws {
        var last: Int?
        for (number, firstStart) in touched {
            // One that a later window of the same record has taken in is not there any more.
            guard let position = open.position(ofNumber: number, firstStart: firstStart) else {
                continue
            }
            if open.windows[position].accumulator == nil {
                open.windows[position].accumulator = aggregate.makeAccumulator()
            }
            // Seen above not to be nil; changed in place, since a copy could be a long one.
            try aggregate.add(record, to: &open.windows[position].accumulator!)
            open.windows[position].unfired &+= 1
            if let found = last, open.windows[found].window.end >= open.windows[position].window.end
            {
                continue
            }
            last = position
        }
        if let last { open.windows[last].recordsUnfired &+= 1 }
    }

    @inlinable func position(of window: Window, _ key: Key, _ open: inout Entries) -> Int {
        let position = open.position(of: window)
        if position < open.windows.count, open.windows[position].window == window {
            return position
        }
        open.windows.insert(opened(window, key), at: position)
        return position
    }

    @inlinable func opened(_ window: Window, _ key: Key) -> Entry {
        var entry = Entry(window, number: nextNumber)
        nextNumber &+= 1
        entry.hasEnded = due(window) <= currentTime
        entry.triggerState = trigger?.makeState()
        arm(&entry, key)
        return entry
    }

    // MARK: - Sessions

    /// Merges `window` with those of the key that it overlaps or touches.
    ///
    /// - Returns: The position of the merged window; `nil` when it would be too late.
    @inlinable func merge(_ window: Window, _ key: Key, _ open: inout Entries) throws -> Int? {
        let range = open.neighbours(of: window)
        let first = range.lowerBound
        guard !range.isEmpty else {
            guard expiry(of: window) > currentTime else { return nil }
            open.windows.insert(opened(window, key), at: first)
            return first
        }
        var merged = window
        for position in range {
            merged.start = min(merged.start, open.windows[position].window.start)
            merged.end = max(merged.end, open.windows[position].window.end)
        }
        for _ in 1..<range.count {
            let other = open.windows.remove(at: first + 1)
            try absorb(other, into: &open.windows[first], key)
        }
        guard merged != open.windows[first].window else { return first }
        open.windows[first].window = merged
        // One that has fired and now lasts longer will be complete, and fire, again.
        open.windows[first].hasEnded = due(merged) <= currentTime
        arm(&open.windows[first], key)
        return first
    }

    @inlinable func absorb(_ other: Entry, into entry: inout Entry, _ key: Key) throws {
        if let newer = other.accumulator {
            if entry.accumulator == nil {
                entry.accumulator = newer
            } else {
                try aggregate.merge(newer, into: &entry.accumulator!)  // seen not to be nil
            }
        }
        entry.unfired &+= other.unfired
        entry.recordsUnfired &+= other.recordsUnfired
        entry.recordsFired &+= other.recordsFired
        entry.panes = max(entry.panes, other.panes)
        if let timer = other.endTimer { cancel(other, at: timer, isEnd: true, domain, key) }
        if let trigger, let state = other.triggerState { trigger.merge(state, &entry.triggerState) }
        for timer in other.triggerTimers {
            cancel(other, at: timer.time, isEnd: false, timer.domain, key)
            register(&entry, timer, key)
        }
    }

    // MARK: - Panes

    @inlinable func decide(
        _ record: Input, at time: Timestamp, _ key: Key, _ entry: inout Entry
    ) throws {
        let decision = try consult(&entry, key) { trigger, state, context in
            try trigger.onRecord(record, time, &state, &context)
        }
        try act(
            decision ?? (entry.hasEnded ? .fire : .proceed),
            entry.hasEnded ? .late : .early, key, &entry)
    }

    /// Asks the trigger, and registers the timers that it wants; `nil` where there is no trigger.
    @inlinable func consult(
        _ entry: inout Entry, _ key: Key,
        _ ask: (AnyWindowTrigger<Input>, inout (any Sendable)?, inout TriggerContext) throws ->
            TriggerDecision
    ) throws -> TriggerDecision? {
        guard let trigger else { return nil }
        var context = TriggerContext(
            window: entry.window, watermark: watermark, processingTime: now,
            isPastEnd: entry.hasEnded)
        let decision = try ask(trigger, &entry.triggerState, &context)
        for request in context.requests {
            let timer = WindowTriggerTimer(time: request.time, domain: request.domain)
            if request.isCancellation {
                entry.triggerTimers.removeAll { $0 == timer }
                cancel(entry, at: timer.time, isEnd: false, timer.domain, key)
            } else {
                register(&entry, timer, key)
            }
        }
        return decision
    }

    @inlinable func act(
        _ decision: TriggerDecision, _ timing: WindowPane.Timing, _ key: Key, _ entry: inout Entry,
        isLast: Bool = false
    ) throws {
        let purges = decision.purges || (decision.fires && windowing.panes == .discarding)
        if decision.fires { fire(timing, key, &entry, keeps: !purges && !isLast) }
        if purges { purge(&entry) }
    }

    /// Emits a pane, if there is anything in it.
    @inlinable func fire(
        _ timing: WindowPane.Timing, _ key: Key, _ entry: inout Entry, keeps: Bool
    ) {
        guard let accumulator = entry.accumulator else { return }
        if !keeps { entry.accumulator = nil }
        panes.add(
            key, entry.window, WindowPane(timing: timing, index: entry.panes), accumulator)
        entry.panes &+= 1
        entry.unfired = 0
        entry.recordsFired &+= entry.recordsUnfired
        entry.recordsUnfired = 0
    }

    /// Forgets the records so far.
    @inlinable func purge(_ entry: inout Entry) {
        entry.accumulator = nil
        entry.unfired = 0
        counters.held.add(-entry.recordsFired - entry.recordsUnfired)
        counters.passed.add(entry.recordsFired)
        counters.filtered.add(entry.recordsUnfired)
        entry.recordsFired = 0
        entry.recordsUnfired = 0
    }

    // MARK: - Ends and timers

    @inlinable var domain: TimeDomain { isEventTime ? .eventTime : .processingTime }
    @inlinable var currentTime: Timestamp { isEventTime ? watermark : now }

    /// When a window is complete. A watermark of its last point promises that nothing in it is to
    /// come; a clock may still show that point when a record comes.
    @inlinable func due(_ window: Window) -> Timestamp {
        isEventTime ? window.lastTimestamp : window.end
    }

    /// When a window goes.
    @inlinable func expiry(of window: Window) -> Timestamp {
        due(window).advanced(byMicroseconds: lateness)
    }

    /// Sees to it that a timer comes when the window next needs one, or before. A session that grows
    /// keeps the timer it has, and gets another when that comes too early: not one for each record.
    @inlinable func arm(_ entry: inout Entry, _ key: Key) {
        let needed = entry.hasEnded ? expiry(of: entry.window) : due(entry.window)
        if let waiting = entry.endTimer {
            if waiting <= needed { return }
            cancel(entry, at: waiting, isEnd: true, domain, key)
        }
        entry.endTimer = needed
        let timer = timer(of: entry, key, isEnd: true)
        if isEventTime {
            eventTimers.register(timer, at: needed)
        } else {
            processingTimers.register(timer, at: needed)
        }
        if needed <= currentTime { timersMayBeDue = true }
    }

    @inlinable func timer(of entry: Entry, _ key: Key, isEnd: Bool) -> WindowTimer<Key> {
        WindowTimer(key: key, number: entry.number, firstStart: entry.firstStart, isEnd: isEnd)
    }

    @inlinable func register(_ entry: inout Entry, _ timer: WindowTriggerTimer, _ key: Key) {
        guard !entry.triggerTimers.contains(timer) else { return }
        entry.triggerTimers.append(timer)
        let payload = self.timer(of: entry, key, isEnd: false)
        switch timer.domain {
        case .eventTime: eventTimers.register(payload, at: timer.time)
        case .processingTime: processingTimers.register(payload, at: timer.time)
        }
        timersMayBeDue = true
    }

    @inlinable func cancel(
        _ entry: Entry, at time: Timestamp, isEnd: Bool, _ domain: TimeDomain, _ key: Key
    ) {
        let payload = timer(of: entry, key, isEnd: isEnd)
        switch domain {
        case .eventTime: eventTimers.cancel(payload, at: time)
        case .processingTime: processingTimers.cancel(payload, at: time)
        }
    }

    /// Fires the next timer that is due; answers whether one was.
    @inlinable func fireTimer() throws -> Bool {
        var domain = TimeDomain.eventTime
        var due = eventTimers.popDue(upTo: watermark)
        if due == nil {
            domain = .processingTime
            due = processingTimers.popDue(upTo: now)
        }
        guard let (time, timer) = due else { return false }
        let hash = timer.key.stableHash
        let isEmpty = try table.update(timer.key, hash: hash, initial: { Entries() }) { open in
            guard
                let position = open.position(
                    ofNumber: timer.number, firstStart: timer.firstStart)
            else { return open.windows.isEmpty }
            if timer.isEnd {
                let isClosed = try end(&open.windows[position], timer.key, at: time)
                if isClosed { open.windows.remove(at: position) }
            } else {
                try fireTrigger(&open.windows[position], timer.key, at: time, domain)
            }
            return open.windows.isEmpty
        }
        if isEmpty { table.remove(timer.key, hash: hash) }
        return true
    }

    @inlinable func fireTrigger(
        _ entry: inout Entry, _ key: Key, at time: Timestamp, _ domain: TimeDomain
    ) throws {
        entry.triggerTimers.removeAll { $0.time == time && $0.domain == domain }
        // A trigger that registers its next timer each time would never come to the end of time.
        if hasEnded { return }
        if !entry.hasEnded, domain == self.domain, due(entry.window) <= time {
            // At one time the end of the window comes first; its own timer is behind this one if the
            // window has grown.
            return register(&entry, WindowTriggerTimer(time: time, domain: domain), key)
        }
        let decision = try consult(&entry, key) { trigger, state, context in
            try trigger.onTimer(time, domain, &state, &context)
        }
        try act(decision ?? .proceed, entry.hasEnded ? .late : .early, key, &entry)
    }

    /// Looks after a window whose timer was due at `time`; answers whether it has gone.
    ///
    /// Judged by the timer's time, not by how far a mark went: what else is due between the two comes
    /// in its order.
    @inlinable func end(_ entry: inout Entry, _ key: Key, at time: Timestamp) throws -> Bool {
        entry.endTimer = nil
        guard due(entry.window) <= time else {
            arm(&entry, key)
            return false
        }
        let expires = expiry(of: entry.window) <= time
        let timing: WindowPane.Timing = entry.hasEnded ? .late : .onTime
        if !entry.hasEnded {
            entry.hasEnded = true
            let decision = try consult(&entry, key) { trigger, state, context in
                try trigger.onWindowEnd(&state, &context)
            }
            try act(decision ?? .fire, .onTime, key, &entry, isLast: expires)
        }
        guard expires else {
            arm(&entry, key)
            return false
        }
        // What no pane has had goes into a last one.
        if entry.unfired > 0 { fire(timing, key, &entry, keeps: false) }
        for timer in entry.triggerTimers {
            cancel(entry, at: timer.time, isEnd: false, timer.domain, key)
        }
        purge(&entry)
        return true
    }
}

/// Makes the step that aggregates records by key and window, for windows of every kind but those of
/// a number of records.
///
/// - Parameters:
///   - next: Takes the results; each has the last point of its window as its event time.
///   - late: Takes records that came too late for all their windows; `nil`: they are only counted.
@inlinable
public func windowOperatorStep<Input, Key: StreamKey, Folded: Aggregate, Output>(
    _ context: SubtaskContext, into next: Step<Output>, late: Step<Input>?,
    _ windowing: Windowing<Input, Key>, _ folded: Folded, keyOf: @escaping (Input) -> Key,
    result: @escaping (Key, Window, WindowPane, Folded.Result) throws -> Output
) -> Step<Input> where Folded.Input == Input {
    let outputs = MainAndLateOutput(main: next, late: late, counters: context.counters)
    let panes = PaneOutput<Key, Folded.Accumulator, Output, Input>(
        outputs, batchSize: context.batchSize
    ) { key, window, pane, accumulator, _, output, _ in
        output.append(
            try result(key, window, pane, folded.result(of: accumulator)), at: window.lastTimestamp)
        return true
    }
    let state = WindowOperator<Input, Key, Folded, Output>(
        windowing, folded, context: context, keyOf: keyOf, panes: panes)
    return Step(
        process: { batch in
            context.counters.received.add(batch.count)
            return try context.attributing { try state.process(&batch) }
        },
        signal: { signal in try context.attributing { try state.signal(signal) } },
        resume: {
            let progress = try outputs.resume()
            guard progress == .done else { return progress }
            return try context.attributing { try state.run() }
        })
}
