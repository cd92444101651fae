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
    @usableFromInline let usual: UsualWindow?
    @usableFromInline let lateness: Int64
    @usableFromInline let aggregate: Folded
    @usableFromInline let keyOf: (Input) -> Key
    @usableFromInline let takeUsualRows: UsualRowLoop<Input, Key, Folded, Output>
    @usableFromInline let panes: Panes
    @usableFromInline let counters: OperatorCounters
    @usableFromInline let clock: (any ProcessingClock)?

    /// Each key's open windows; a key without any is not in it.
    @usableFromInline let table = StateTable<Key, OpenWindows<Folded.Accumulator>>()
    // Access is not checked for overlaps at run time: a record would make several calls for it, and what is
    // passed `inout` is a timer queue, or a list, whose methods call nothing of the operator's.
    @exclusivity(unchecked) @usableFromInline var eventTimers = TimerQueue<WindowTimer<Key>>()
    @exclusivity(unchecked) @usableFromInline var processingTimers = TimerQueue<WindowTimer<Key>>()
    @exclusivity(unchecked) @usableFromInline var nextNumber = 0
    @exclusivity(unchecked) @usableFromInline var watermark = Timestamp.earliest
    @exclusivity(unchecked) @usableFromInline var now = Timestamp.earliest
    @exclusivity(unchecked) @usableFromInline var hasEnded = false

    /// The batch at hand, and the first of its rows that has not been taken.
    @exclusivity(unchecked) @usableFromInline var input = Batch<Input>()
    @exclusivity(unchecked) @usableFromInline var row = 0
    @exclusivity(unchecked) @usableFromInline var pendingSignal: Signal?
    @exclusivity(unchecked) @usableFromInline var timersMayBeDue = false
    /// The windows of the record at hand, and which of the open ones they are.
    @exclusivity(unchecked) @usableFromInline var assigned = ContiguousArray<Window>()
    @exclusivity(unchecked) @usableFromInline
    var touched = ContiguousArray<(number: Int, firstStart: Timestamp)>()

    @inlinable init(
        _ windowing: Windowing<Input, Key>, _ aggregate: Folded, context: SubtaskContext,
        keyOf: @escaping (Input) -> Key,
        usual loop: @escaping UsualRowLoop<Input, Key, Folded, Output>,
        panes: Panes
    ) {
        self.windowing = windowing
        trigger = windowing.trigger
        isMerging = windowing.isMerging
        isEventTime = windowing.domain == .eventTime
        usual = windowing.usual
        lateness = isEventTime ? max(0, windowing.allowedLateness.wholeMicroseconds) : 0
        self.aggregate = aggregate
        self.keyOf = keyOf
        takeUsualRows = loop
        self.panes = panes
        counters = context.counters
        clock = windowing.needsClock ? context.clock : nil
        context.show("windows", table)
        keep(in: context)
    }

    @inlinable func keep(in context: SubtaskContext) {
        context.keep("windows", table)
        context.keep("event-timers", of: self, \.eventTimers, hash: { $0.key.stableHash })
        context.keep(
            "processing-timers", of: self, \.processingTimers, hash: { $0.key.stableHash },
            ticking: clock)
        context.keepGreatest("window-numbers", of: self, \.nextNumber)
        context.keepTime("watermark", of: self, \.watermark)
        context.keepTime("processing-time", of: self, \.now)
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
        // Rows may have to wait for the output, so they count as held from here on.
        counters.held.add(input.count)
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
        case .flush, .idle, .barrier: break
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
            try takeUsualRows(self)
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
            guard !assigned.isEmpty else {
                counters.held.add(-1)
                return counters.filtered.add(1)
            }
            let hash = input.hasHashes ? input.hash(at: row) : key.stableHash
            if try !fold(input[row], key, hash: hash, at: time) {
                counters.held.add(-1)
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
                try open.update(position) { try decide(record, at: time, key, &$0) }
            }
            return (!touched.isEmpty, open.isEmpty)
        }
        if isEmpty { try table.remove(key, hash: hash) }
        return isKept
    }

    /// Opens a window of the record at hand, or finds the one that it is merged into.
    @inlinable func touch(_ window: Window, _ key: Key, _ open: inout Entries) throws {
        guard isMerging else {
            let position = position(of: window, key, &open)
            return touched.append(
                (open[position].number, open[position].firstStart))
        }
        guard let position = try merge(window, key, &open) else { return }
        let entry = (open[position].number, open[position].firstStart)
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
            try open.update(position) { entry in
                if entry.accumulator == nil { entry.accumulator = aggregate.makeAccumulator() }
                // Seen above not to be nil; changed in place, since a copy could be a long one.
                try aggregate.add(record, to: &entry.accumulator!)
                entry.unfired &+= 1
                entry.unfiredElsewhere &+= 1
            }
            if let found = last, open[found].window.end >= open[position].window.end { continue }
            last = position
        }
        if let last { open.update(last) { $0.unfiredElsewhere &-= 1 } }
    }

    @inlinable func position(of window: Window, _ key: Key, _ open: inout Entries) -> Int {
        let position = open.position(of: window)
        if position < open.count, open[position].window == window {
            return position
        }
        open.insert(opened(window, key), at: position)
        return position
    }

    @inlinable func opened(_ window: Window, _ key: Key) -> Entry {
        var entry = Entry(window, number: nextNumber)
        nextNumber &+= 1
        entry.hasEnded = due(window) <= currentTime
        if let trigger { entry.triggerState = trigger.makeState() }
        arm(&entry, key)
        return entry
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
    _ windowing: Windowing<Input, Key>, _ folded: Folded, keyOf: @escaping @Sendable (Input) -> Key,
    result: @escaping (Key, Window, WindowPane, Folded.Result) throws -> Output
) -> Step<Input> where Folded.Input == Input {
    windowOperatorStep(
        context, into: next, late: late, windowing, folded, keyOf: keyOf,
        usual: usualRowLoop(by: keyOf, Folded.self, Output.self), result: result)
}

/// Makes the same step from its record loop; see `mapStep` of WeirCore.
@inlinable
public func windowOperatorStep<Input, Key: StreamKey, Folded: Aggregate, Output>(
    _ context: SubtaskContext, into next: Step<Output>, late: Step<Input>?,
    _ windowing: Windowing<Input, Key>, _ folded: Folded, keyOf: @escaping (Input) -> Key,
    usual loop: @escaping UsualRowLoop<Input, Key, Folded, Output>,
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
        windowing, folded, context: context, keyOf: keyOf, usual: loop, panes: panes)
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
