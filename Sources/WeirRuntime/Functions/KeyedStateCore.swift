public import WeirCore
public import WeirState

/// What the steps of all keyed functions are made of: state by key, timers, outputs, and the mark
/// whose timers are being fired.
///
/// The state, the timers and the watermark are plain values; the rest is how they are used.
public final class KeyedStateCore<Key: StreamKey, State: Sendable, Output: Sendable> {
    /// Called with each timer that is due.
    public typealias OnTimer = (FiredTimer, inout State, KeyedContext<Key, Output>) throws -> Void

    @usableFromInline let context: SubtaskContext
    @usableFromInline let counters: OperatorCounters
    @usableFromInline let outputs: FunctionOutputs<Output>
    @usableFromInline let timers: KeyTimers<Key>
    @usableFromInline let table = StateTable<Key, KeyedEntry<State>>()
    @usableFromInline let initialState: State
    /// The span that state is kept for, in microseconds, and its clock; `nil`: no span.
    @usableFromInline let timeToLive: (domain: TimeDomain, microseconds: Int64)?
    /// When to look whether a key's state has expired: one look for each key.
    @usableFromInline var looks = TimerQueue<Key>()
    /// Processing time at the start of the batch or mark at hand; kept only where state lives by it.
    @usableFromInline var now = Timestamp.earliest
    @usableFromInline var pendingSignal: Signal?
    @usableFromInline let isEmpty: (State) -> Bool
    @usableFromInline let onTimer: OnTimer
    @usableFromInline let onEnd: () throws -> Void

    @inlinable init(
        _ context: SubtaskContext, outputs: FunctionOutputs<Output>, initialState: State,
        retention: StateRetention, isEmpty: @escaping (State) -> Bool,
        onTimer: @escaping OnTimer, onEnd: @escaping () throws -> Void
    ) {
        self.context = context
        counters = context.counters
        self.outputs = outputs
        timers = KeyTimers(context.clock)
        self.initialState = initialState
        timeToLive = retention.span.map {
            (retention.needsWatermarks ? .eventTime : .processingTime, $0.wholeMicroseconds)
        }
        self.isEmpty = isEmpty
        self.onTimer = onTimer
        self.onEnd = onEnd
        context.state.add { [weak self] in self?.views ?? [] }
        keep(in: context)
    }

    @inlinable func keep(in context: SubtaskContext) {
        context.keep("state", table)
        context.keep("event-timers", of: timers, \.eventTime, hash: { $0.stableHash })
        context.keep(
            "processing-timers", of: timers, \.processingTime, hash: { $0.stableHash },
            ticking: context.clock)
        context.keep(
            "looks", of: self, \.looks, hash: { $0.stableHash },
            ticking: timeToLive?.domain == .processingTime ? context.clock : nil)
        context.keepTime("watermark", of: timers, \.watermark)
    }

    /// What is kept, as text: the states by key, and the timers.
    @usableFromInline var views: [StateViews.Entry] {
        var entries = table.views("state") { String(describing: $0.state) }
        for (time, key) in timers.eventTime.all {
            entries.append(StateViews.Entry(kind: "event-time timers", key: key, value: time))
        }
        for (time, key) in timers.processingTime.all {
            entries.append(StateViews.Entry(kind: "processing-time timers", key: key, value: time))
        }
        return entries
    }

    /// The number of keys with state.
    @inlinable public var keyCount: Int { table.count }

    // MARK: - State

    /// Calls `body` with the state of a key, and forgets the state if it is empty then.
    ///
    /// - Parameter time: The event time of the call.
    @inlinable @inline(__always) func withState(
        _ key: Key, hash: UInt64, time: Timestamp, isEmpty: (State) -> Bool,
        _ body: (inout State, KeyedContext<Key, Output>) throws -> Void
    ) throws {
        let context = KeyedContext(key: key, time: time, timers: timers, outputs: outputs)
        timers.clearsState = false
        let goes = try table.update(
            key, hash: hash, initial: { KeyedEntry(state: initialState) }
        ) { entry in
            if timeToLive != nil { touch(&entry, key, at: time) }
            try body(&entry.state, context)
            return timers.clearsState || isEmpty(entry.state)
        }
        if goes { try forget(key, hash: hash) }
    }

    @inlinable func forget(_ key: Key, hash: UInt64) throws {
        guard let removed = try table.remove(key, hash: hash), timeToLive != nil else { return }
        looks.cancel(key, at: removed.look)
    }

    /// Starts anew a state that has expired, and has it live on from now.
    @usableFromInline func touch(_ entry: inout KeyedEntry<State>, _ key: Key, at time: Timestamp) {
        guard let timeToLive else { return }
        let moment = timeToLive.domain == .eventTime ? time : now
        let isNew = entry.expiry == .earliest
        if moment >= entry.expiry, !isNew { entry.state = initialState }
        entry.expiry = max(entry.expiry, moment.advanced(byMicroseconds: timeToLive.microseconds))
        guard isNew else { return }
        // One look for each key, which is never later than the state's expiry.
        entry.look = entry.expiry
        looks.register(key, at: entry.look)
        if timeToLive.domain == .processingTime { context.clock.requestTick(at: entry.look) }
    }

    /// Forgets the states that have expired by `time`.
    @usableFromInline func dropExpired(by time: Timestamp) throws {
        while let (_, key) = looks.popDue(upTo: time) {
            let hash = key.stableHash
            guard let entry = try table.value(of: key, hash: hash) else { continue }
            if entry.expiry <= time {
                try table.remove(key, hash: hash)
                continue
            }
            looks.register(key, at: entry.expiry)
            try table.update(key, hash: hash, initial: { entry }) { $0.look = entry.expiry }
        }
    }

    // MARK: - Marks and timers

    /// Reads the clock where states live by it.
    @inlinable func noteTime() {
        if timeToLive?.domain == .processingTime { now = context.clock.now() }
    }

    /// Fires the timers that a mark makes due, then hands the mark on.
    @inlinable func signal(_ signal: Signal) throws -> Progress {
        switch signal {
        case .watermark(let time): timers.watermark = max(timers.watermark, time)
        case .end:
            timers.watermark = .latest
            timers.isEnding = true
        case .idle, .flush, .barrier: return try outputs.signal(signal)
        case .tick: break
        }
        noteTime()
        pendingSignal = signal
        return try run()
    }

    /// Goes on with the mark at hand.
    @inlinable func run() throws -> Progress {
        guard let signal = pendingSignal else { return .done }
        // A turn ends after so many timers, whatever they put out.
        var timersLeft = 8_192
        while let (timer, key) = timers.popDue(by: signal) {
            try fire(timer, key)
            timersLeft &-= 1
            guard outputs.isFull || timersLeft == 0 else { continue }
            let progress = try outputs.handOver()
            if progress != .done { return progress }
            if timersLeft <= 0 { return .yielded }
        }
        return try finish(signal)
    }

    @inlinable func fire(_ timer: FiredTimer, _ key: Key) throws {
        let time: Timestamp =
            timer.domain == .eventTime
            ? timer.time : timers.watermark.advanced(byMicroseconds: 1)
        do {
            try withState(key, hash: key.stableHash, time: time, isEmpty: isEmpty) {
                try onTimer(timer, &$0, $1)
            }
        } catch {
            throw TimerFailure(timer: timer, key: key, cause: error)
        }
    }

    @inlinable func finish(_ signal: Signal) throws -> Progress {
        let progress = try outputs.handOver()
        if progress != .done { return progress }
        pendingSignal = nil
        switch signal {
        case .watermark(let time) where timeToLive?.domain == .eventTime: try dropExpired(by: time)
        case .tick(let time):
            timers.requestTick()
            if timeToLive?.domain == .processingTime {
                try dropExpired(by: time)
                if let next = looks.earliest { context.clock.requestTick(at: next) }
            }
        case .end: try onEnd()
        case .watermark, .idle, .flush, .barrier: break
        }
        return try outputs.signal(signal)
    }
}

/// The state of one key.
@frozen
public struct KeyedEntry<State> {
    @usableFromInline var state: State
    /// From when on it counts as gone, and when to look for that; used only with a time-to-live.
    @usableFromInline var expiry = Timestamp.earliest
    @usableFromInline var look = Timestamp.earliest

    @inlinable init(state: State) { self.state = state }
}
