public import WeirCore

/// Timers: what is due when, in order of time and, at one time, of registration.
///
/// Coalesced: a payload is registered at most once for one time. A binary heap whose cancelled
/// entries are dropped when they come to its top, or when they have become the greater part of it.
///
/// Shape: `count` timers. Times: event or processing time, microseconds. A plain value.
public struct TimerQueue<Payload: Hashable & Sendable>: Sendable {
    private struct Timer: Hashable, Sendable {
        let time: Timestamp
        let payload: Payload
    }

    private struct Entry: Sendable {
        let timer: Timer
        let number: UInt64

        static func < (left: Entry, right: Entry) -> Bool {
            (left.timer.time, left.number) < (right.timer.time, right.number)
        }
    }

    private var heap: [Entry] = []
    /// The number under which each pending timer was registered; what the heap has beyond these has
    /// been cancelled.
    private var pending: [Timer: UInt64] = [:]
    private var registered: UInt64 = 0

    /// Makes an empty queue.
    public init() {}

    /// The number of pending timers.
    public var count: Int { pending.count }
    /// Whether there are none.
    public var isEmpty: Bool { pending.isEmpty }

    /// Registers a timer.
    ///
    /// - Returns: Whether it is new; `false` when the same payload waits for the same time already.
    /// - Complexity: O(log n).
    @discardableResult
    public mutating func register(_ payload: Payload, at time: Timestamp) -> Bool {
        let timer = Timer(time: time, payload: payload)
        guard pending[timer] == nil else { return false }
        registered += 1
        pending[timer] = registered
        heap.append(Entry(timer: timer, number: registered))
        siftUp(heap.count - 1)
        return true
    }

    /// Takes a timer back.
    ///
    /// - Returns: Whether it was pending.
    /// - Complexity: O(log n) amortised.
    @discardableResult
    public mutating func cancel(_ payload: Payload, at time: Timestamp) -> Bool {
        guard pending.removeValue(forKey: Timer(time: time, payload: payload)) != nil else {
            return false
        }
        if heap.count > 64, heap.count > 2 * pending.count { dropCancelled() }
        dropCancelledTop()
        return true
    }

    /// The time of the first pending timer; `nil` when there is none.
    ///
    /// - Complexity: O(1).
    public var earliest: Timestamp? { heap.first?.timer.time }

    /// Takes the first timer that is due at `time`; `nil` when none is.
    ///
    /// - Complexity: O(log n).
    public mutating func popDue(upTo time: Timestamp) -> (time: Timestamp, payload: Payload)? {
        guard let first = heap.first, first.timer.time <= time else { return nil }
        removeTop()
        pending.removeValue(forKey: first.timer)
        dropCancelledTop()
        return (first.timer.time, first.timer.payload)
    }

    /// All pending timers, in the order in which they are due.
    ///
    /// - Complexity: O(n log n).
    public var all: [(time: Timestamp, payload: Payload)] {
        heap.filter { pending[$0.timer] == $0.number }.sorted(by: <)
            .map { ($0.timer.time, $0.timer.payload) }
    }

    // MARK: - The heap

    /// Keeps the top of the heap pending, always.
    private mutating func dropCancelledTop() {
        while let first = heap.first, pending[first.timer] != first.number { removeTop() }
    }

    private mutating func dropCancelled() {
        // Sorted, the rest is a heap again.
        heap = heap.filter { pending[$0.timer] == $0.number }.sorted(by: <)
    }

    private mutating func removeTop() {
        let last = heap.removeLast()
        guard !heap.isEmpty else { return }
        heap[0] = last
        siftDown()
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child] < heap[parent] else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown() {
        var parent = 0
        while true {
            var least = parent
            for child in 2 * parent + 1...2 * parent + 2
            where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
