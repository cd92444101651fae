public import WeirCore

/// Timers: what is due when, in order of time and, at one time, of registration.
///
/// Coalesced: a payload is registered at most once for one time. A binary heap whose cancelled
/// entries are dropped when they come to its top, or when they have become the greater part of it.
/// Payloads are kept beside the heap, in pages that snapshots share.
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

    @usableFromInline var heap = TimedHeap()
    /// The pending timers; what the heap has beyond these has been cancelled.
    @usableFromInline var slots = TimedSlots<Payload>()
    /// The place of each pending timer.
    @usableFromInline var pending: [Timer: Int32] = [:]
    @usableFromInline var registered: UInt64 = 0

    /// Makes an empty queue.
    @inlinable public init() {}

    /// The number of pending timers.
    @inlinable public var count: Int { pending.count }
    /// Whether there are none.
    @inlinable public var isEmpty: Bool { pending.isEmpty }

    /// The bytes that the queue takes; not what payloads have on the heap.
    var heldBytes: Int {
        slots.heldBytes + heap.heldBytes
            + pending.capacity * (MemoryLayout<Timer>.stride + MemoryLayout<Int32>.stride)
    }

    /// Registers a timer.
    ///
    /// - Returns: Whether it is new; `false` when the same payload waits for the same time already.
    /// - Complexity: O(log n).
    @discardableResult
    @inlinable public mutating func register(_ payload: Payload, at time: Timestamp) -> Bool {
        let timer = Timer(time: time, payload: payload)
        guard pending[timer] == nil else { return false }
        registered += 1
        let place = slots.add(payload, at: time, number: registered)
        pending[timer] = place
        heap.insert(TimedPlace(time: time, number: registered, place: place))
        return true
    }

    /// Takes a timer back.
    ///
    /// - Returns: Whether it was pending.
    /// - Complexity: O(log n) amortised.
    @discardableResult
    @inlinable public mutating func cancel(_ payload: Payload, at time: Timestamp) -> Bool {
        guard let place = pending.removeValue(forKey: Timer(time: time, payload: payload)) else {
            return false
        }
        _ = slots.take(place)
        if heap.count > 64, heap.count > 2 * pending.count {
            heap.filter { [slots] in slots.number(at: $0.place) == $0.number }
        }
        dropCancelledTop()
        return true
    }

    /// The time of the first pending timer; `nil` when there is none.
    ///
    /// - Complexity: O(1).
    @inlinable public var earliest: Timestamp? { heap.first?.time }

    /// Takes the first timer that is due at `time`; `nil` when none is.
    ///
    /// - Complexity: O(log n).
    @inlinable public mutating func popDue(
        upTo time: Timestamp
    ) -> (time: Timestamp, payload: Payload)? {
        guard let first = heap.first, first.time <= time,
            let payload = slots.take(first.place)
        else { return nil }
        heap.removeFirst()
        pending.removeValue(forKey: Timer(time: first.time, payload: payload))
        dropCancelledTop()
        return (first.time, payload)
    }

    /// All pending timers, in the order in which they are due.
    ///
    /// - Complexity: O(n log n).
    public var all: [(time: Timestamp, payload: Payload)] {
        var sorted = heap
        sorted.filter { slots.number(at: $0.place) == $0.number }
        return sorted.places.compactMap { place in
            slots.element(at: place.place).map { (place.time, $0) }
        }
    }

    /// Keeps the top of the heap pending, always.
    @inlinable mutating func dropCancelledTop() {
        while let first = heap.first, slots.number(at: first.place) != first.number {
            heap.removeFirst()
        }
    }
}
