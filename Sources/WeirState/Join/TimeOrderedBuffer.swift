public import WeirCore

/// Elements that wait for a time: taken out in order of time and, at one time, of arrival.
///
/// A binary heap that, unlike ``TimerQueue``, neither looks for equals nor cancels: what waits here
/// waits once, and costs nothing beside the heap. A plain value.
public struct TimeOrderedBuffer<Element> {
    @usableFromInline struct Entry {
        @usableFromInline var time: Timestamp
        @usableFromInline var number: UInt64
        @usableFromInline var element: Element

        @inlinable init(time: Timestamp, number: UInt64, element: Element) {
            self.time = time
            self.number = number
            self.element = element
        }

        @inlinable func precedes(_ other: Entry) -> Bool {
            time != other.time ? time < other.time : number < other.number
        }
    }

    @usableFromInline var heap: ContiguousArray<Entry> = []
    @usableFromInline var added: UInt64 = 0

    /// Makes an empty buffer.
    @inlinable public init() {}

    /// The number of elements.
    @inlinable public var count: Int { heap.count }
    /// Whether there are none.
    @inlinable public var isEmpty: Bool { heap.isEmpty }
    /// The earliest time that an element waits for.
    @inlinable public var earliest: Timestamp? { heap.first?.time }

    /// Adds an element that waits for `time`.
    ///
    /// - Complexity: O(log n); O(1) when it is the latest.
    @inlinable public mutating func insert(_ element: Element, at time: Timestamp) {
        added &+= 1
        heap.append(Entry(time: time, number: added, element: element))
        var child = heap.count &- 1
        while child > 0 {
            let parent = (child &- 1) / 2
            guard heap[child].precedes(heap[parent]) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes the first element whose time has come by `time`; `nil` when there is none.
    ///
    /// - Complexity: O(log n).
    @inlinable public mutating func popDue(
        upTo time: Timestamp
    ) -> (time: Timestamp, element: Element)? {
        guard let first = heap.first, first.time <= time else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            siftDown()
        }
        return (first.time, first.element)
    }

    @inlinable mutating func siftDown() {
        let count = heap.count
        var parent = 0
        while true {
            var child = 2 &* parent &+ 1
            guard child < count else { return }
            if child &+ 1 < count, heap[child &+ 1].precedes(heap[child]) { child &+= 1 }
            guard heap[child].precedes(heap[parent]) else { return }
            heap.swapAt(parent, child)
            parent = child
        }
    }
}

extension TimeOrderedBuffer.Entry: Sendable where Element: Sendable {}
extension TimeOrderedBuffer: Sendable where Element: Sendable {}
