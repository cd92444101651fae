public import WeirCore
public import WeirGraph

/// What a keyed function may know and do while it treats a record or a timer.
///
/// Valid during the call that it is passed to; keep no copy of it.
public struct KeyedContext<Key: StreamKey, Output: Sendable> {
    /// The key of the record or timer.
    public let key: Key
    /// The event time of what is emitted, unless said otherwise. For a record and for a timer of
    /// event time: its own. For a timer of processing time: the microsecond after the watermark, the
    /// earliest time that is late nowhere below.
    public let time: Timestamp
    @usableFromInline let timers: KeyTimers<Key>
    @usableFromInline let outputs: FunctionOutputs<Output>

    @inlinable init(
        key: Key, time: Timestamp, timers: KeyTimers<Key>, outputs: FunctionOutputs<Output>
    ) {
        self.key = key
        self.time = time
        self.timers = timers
        self.outputs = outputs
    }

    /// The watermark: no record with an event time at or before it is expected any more.
    /// ``Timestamp/earliest`` before the first, ``Timestamp/latest`` once the input has ended. While
    /// a timer of event time is fired, it is the watermark that made it due.
    @inlinable public var watermark: Timestamp { timers.watermark }
    /// The processing time now. Costs tens of nanoseconds.
    @inlinable public var processingTime: Timestamp { timers.clock.now() }
    /// Whether the input has ended, and this is one of the timers that were still pending. A
    /// function that registers its next timer whenever one fires must not do so then: every timer of
    /// event time fires at once, without end.
    @inlinable public var inputHasEnded: Bool { timers.isEnding }

    // MARK: - Emitting

    /// Emits a record to the main output, with the event time ``time``.
    @inlinable public func emit(_ record: consuming Output) { outputs.emit(record, at: time) }

    /// Emits a record to the main output, with an event time of its own.
    @inlinable public func emit(_ record: consuming Output, at time: Timestamp) {
        outputs.emit(record, at: time)
    }

    /// Emits a record to a side output.
    ///
    /// - Parameter time: The record's event time; `nil`: ``time``.
    /// - Throws: ``UndeclaredSideOutput`` when the function does not list it.
    @inlinable public func emit<Side: Sendable>(
        _ record: consuming Side, to side: SideOutput<Side>, at time: Timestamp? = nil
    ) throws {
        try outputs.emit(record, to: side, at: time ?? self.time)
    }

    // MARK: - Timers

    /// Has the function called when the watermark reaches `time`.
    ///
    /// At or before the current watermark: when the next watermark comes, or, from within a timer,
    /// before the watermark that fired that one is passed on.
    ///
    /// - Returns: Whether it is new; `false` when this key has a timer at that time already.
    /// - Complexity: O(log timers).
    @inlinable @discardableResult
    public func registerEventTimeTimer(at time: Timestamp) -> Bool {
        timers.register(key, at: time, .eventTime)
    }

    /// Has the function called when processing time reaches `time`; as soon as it can where that is
    /// past.
    ///
    /// - Returns: Whether it is new; `false` when this key has a timer at that time already, and once
    ///   the input has ended: time does not pass any more then.
    /// - Complexity: O(log timers).
    @inlinable @discardableResult
    public func registerProcessingTimeTimer(at time: Timestamp) -> Bool {
        timers.register(key, at: time, .processingTime)
    }

    /// Takes back this key's timer of event time at `time`.
    ///
    /// - Returns: Whether there was one.
    /// - Complexity: O(1) amortised.
    @inlinable @discardableResult
    public func cancelEventTimeTimer(at time: Timestamp) -> Bool {
        timers.cancel(key, at: time, .eventTime)
    }

    /// Takes back this key's timer of processing time at `time`.
    ///
    /// - Returns: Whether there was one.
    /// - Complexity: O(1) amortised.
    @inlinable @discardableResult
    public func cancelProcessingTimeTimer(at time: Timestamp) -> Bool {
        timers.cancel(key, at: time, .processingTime)
    }

    // MARK: - State

    /// Has the state of this key forgotten when the call returns. Its timers stay.
    @inlinable public func clearState() { timers.clearsState = true }
}
