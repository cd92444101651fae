public import WeirCore
public import WeirState

/// The timers of one subtask of a function, on both clocks, and the times that the clocks show: what
/// a ``KeyedContext`` works on.
public final class KeyTimers<Key: StreamKey> {
    @usableFromInline var eventTime = TimerQueue<Key>()
    @usableFromInline var processingTime = TimerQueue<Key>()
    @usableFromInline var watermark = Timestamp.earliest
    /// Whether the input has ended; processing time does not pass any more then.
    @usableFromInline var isEnding = false
    /// Whether the call at hand has asked for its key's state to be forgotten.
    @usableFromInline var clearsState = false
    @usableFromInline let clock: any ProcessingClock

    @inlinable init(_ clock: any ProcessingClock) { self.clock = clock }

    @inlinable func register(_ key: Key, at time: Timestamp, _ domain: TimeDomain) -> Bool {
        switch domain {
        case .eventTime: return eventTime.register(key, at: time)
        case .processingTime:
            guard !isEnding, processingTime.register(key, at: time) else { return false }
            // The clock keeps the earliest of all requests.
            clock.requestTick(at: time)
            return true
        }
    }

    @inlinable func cancel(_ key: Key, at time: Timestamp, _ domain: TimeDomain) -> Bool {
        switch domain {
        case .eventTime: eventTime.cancel(key, at: time)
        case .processingTime: processingTime.cancel(key, at: time)
        }
    }

    /// Takes the next timer that a mark makes due.
    ///
    /// At the end everything is due: event time first, since a timer of processing time may register
    /// timers of event time, and not the other way round.
    @inlinable func popDue(by signal: Signal) -> (timer: FiredTimer, key: Key)? {
        switch signal {
        case .watermark, .end:
            if let due = eventTime.popDue(upTo: watermark) {
                return (FiredTimer(time: due.time, domain: .eventTime), due.payload)
            }
            guard signal == .end, let due = processingTime.popDue(upTo: .latest) else { return nil }
            return (FiredTimer(time: due.time, domain: .processingTime), due.payload)
        case .tick(let now):
            guard let due = processingTime.popDue(upTo: now) else { return nil }
            return (FiredTimer(time: due.time, domain: .processingTime), due.payload)
        case .idle, .flush, .barrier: return nil
        }
    }

    /// Asks for a tick when the next timer of processing time is due: a tick ends all requests.
    @inlinable func requestTick() {
        if let earliest = processingTime.earliest { clock.requestTick(at: earliest) }
    }
}
