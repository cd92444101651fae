public import WeirCore

/// Timers: what is due when, in order of time and, at one time, of registration.
///
/// Coalesced: a payload is registered at most once for one time. Places in order of time, of which
/// those of cancelled timers are dropped when they come first, or when they have become the greater
/// part. Payloads are kept beside them, in pages that snapshots share. A dictionary finds a payload's
/// place; it is there only while it is asked for, so that an owner who knows what is pending, and
/// seldom cancels, pays for no hashing.
///
/// Shape: `count` timers, at most 2³¹ − 1. Times: event or processing time, microseconds. A plain
/// value.
public struct TimerQueue<Payload: Hashable & Sendable>: Sendable {
    @usableFromInline struct Timer: Hashable, Sendable {
        @usableFromInline let time: Timestamp
        @usableFromInline let payload: Payload

        @inlinable init(time: Timestamp, payload: Payload) {
            self.time = time
            self.payload = payload
        }
    }

    @usableFromInline var order = TimedOrder()
    /// The pending timers; what the order has beyond these has been cancelled.
    @usableFromInline var slots = TimedSlots<Payload>()
    /// The place of each pending timer; `nil` until that is asked for, and when it has not been for long.
    @usableFromInline var places: [Timer: Int32]?
    /// The changes of `places` since it was last asked for.
    @usableFromInline var unasked = 0
    @usableFromInline var registered: UInt64 = 0

    /// Makes an empty queue.
    @inlinable public init() {}

    /// The number of pending timers.
    @inlinable public var count: Int { slots.used &- slots.free.count }
    /// Whether there are none.
    @inlinable public var isEmpty: Bool { count == 0 }

    /// The bytes that the queue takes; not what payloads have on the heap.
    var heldBytes: Int {
        slots.heldBytes + order.heldBytes
            + (places?.capacity ?? 0) * (MemoryLayout<Timer>.stride + MemoryLayout<Int32>.stride)
    }

    /// Registers a timer.
    ///
    /// - Returns: Whether it is new; `false` when the same payload waits for the same time already.
    /// - Complexity: O(log n); O(n) when it is the first in long that may be pending already.
    @discardableResult
    @inlinable public mutating func register(_ payload: Payload, at time: Timestamp) -> Bool {
        findPlaces()
        guard places?[Timer(time: time, payload: payload)] == nil else { return false }
        add(payload, at: time)
        return true
    }

    /// Registers a timer that the caller knows not to be pending: cheaper than ``register(_:at:)``.
    ///
    /// - Complexity: O(log n).
    @inlinable public mutating func registerNew(_ payload: Payload, at time: Timestamp) {
        forgetUnasked()
        add(payload, at: time)
    }

    @inlinable mutating func add(_ payload: Payload, at time: Timestamp) {
        registered += 1
        let place = slots.add(payload, at: time, number: registered)
        places?[Timer(time: time, payload: payload)] = place
        order.insert(TimedPlace(time: time, number: registered, place: place))
    }

    /// Takes a timer back.
    ///
    /// - Returns: Whether it was pending.
    /// - Complexity: O(log n) amortised; O(n) when it is the first to be taken back in long.
    @discardableResult
    @inlinable public mutating func cancel(_ payload: Payload, at time: Timestamp) -> Bool {
        findPlaces()
        guard let place = places?.removeValue(forKey: Timer(time: time, payload: payload)) else {
            return false
        }
        _ = slots.take(place)
        if order.count > 64, order.count > 2 * count {
            order.filter { [slots] in slots.number(at: $0.place) == $0.number }
        }
        dropCancelledFirst()
        return true
    }

    /// Sees to it that places can be asked for.
    @inlinable mutating func findPlaces() {
        unasked = 0
        if places == nil { collectPlaces() }
    }

    @inlinable @inline(never) mutating func collectPlaces() {
        var found: [Timer: Int32] = [:]
        found.reserveCapacity(count)
        slots.forEach { place, time, payload in
            found[Timer(time: time, payload: payload)] = place
        }
        places = found
    }

    /// Lets the places go that have been changed four times over since they were asked for: to collect
    /// them again costs a fourth of that.
    @inlinable mutating func forgetUnasked() {
        guard places != nil else { return }
        unasked &+= 1
        if unasked > 64 &+ 4 &* count { places = nil }
    }

    /// The time of the first pending timer; `nil` when there is none.
    ///
    /// - Complexity: O(1).
    @inlinable public var earliest: Timestamp? { order.first?.time }

    /// Takes the first timer that is due at `time`; `nil` when none is.
    ///
    /// - Complexity: O(log n).
    @inlinable public mutating func popDue(
        upTo time: Timestamp
    ) -> (time: Timestamp, payload: Payload)? {
        guard let first = order.first, first.time <= time,
            let payload = slots.take(first.place)
        else { return nil }
        order.removeFirst()
        if places != nil {
            places?.removeValue(forKey: Timer(time: first.time, payload: payload))
            forgetUnasked()
        }
        dropCancelledFirst()
        return (first.time, payload)
    }

    /// All pending timers, in the order in which they are due.
    ///
    /// - Complexity: O(n log n).
    public var all: [(time: Timestamp, payload: Payload)] {
        order.sorted.compactMap { place in
            guard slots.number(at: place.place) == place.number else { return nil }
            return slots.element(at: place.place).map { (place.time, $0) }
        }
    }

    /// Keeps the first of the order pending, always.
    @inlinable mutating func dropCancelledFirst() {
        // Where none has been cancelled, none need be looked at.
        while order.count > count, let first = order.first,
            slots.number(at: first.place) != first.number
        {
            order.removeFirst()
        }
    }
}
