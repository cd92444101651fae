public import WeirCore

/// Elements that wait for a time: taken out in order of time and, at one time, of arrival.
///
/// A binary heap that, unlike ``TimerQueue``, neither looks for equals nor cancels: what waits here
/// waits once. Elements are kept beside the heap, in pages that snapshots share. A plain value.
public struct TimeOrderedBuffer<Element> {
    @usableFromInline var heap = TimedHeap()
    @usableFromInline var slots = TimedSlots<Element>()
    @usableFromInline var added: UInt64 = 0

    /// Makes an empty buffer.
    @inlinable public init() {}

    /// The number of elements.
    @inlinable public var count: Int { heap.count }
    /// Whether there are none.
    @inlinable public var isEmpty: Bool { heap.count == 0 }
    /// The earliest time that an element waits for.
    @inlinable public var earliest: Timestamp? { heap.first?.time }

    /// The bytes that the buffer takes; not what elements have on the heap.
    var heldBytes: Int { slots.heldBytes + heap.heldBytes }

    /// Adds an element that waits for `time`.
    ///
    /// - Complexity: O(log n); O(1) when it is the latest.
    @inlinable public mutating func insert(_ element: Element, at time: Timestamp) {
        added &+= 1
        let place = slots.add(element, at: time, number: added)
        heap.insert(TimedPlace(time: time, number: added, place: place))
    }

    /// Takes the first element whose time has come by `time`; `nil` when there is none.
    ///
    /// - Complexity: O(log n).
    @inlinable public mutating func popDue(
        upTo time: Timestamp
    ) -> (time: Timestamp, element: Element)? {
        guard let first = heap.first, first.time <= time,
            let element = slots.take(first.place)
        else { return nil }
        heap.removeFirst()
        return (first.time, element)
    }
}

extension TimeOrderedBuffer: Sendable where Element: Sendable {}
