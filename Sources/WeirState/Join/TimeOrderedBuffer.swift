public import WeirCore

/// Elements that wait for a time: taken out in order of time and, at one time, of arrival.
///
/// A radix heap: what waits lies in 64 buckets, unsorted, by the highest bit in which its time differs
/// from the latest point that has been asked for. When that point moves on, whole buckets are due; of one
/// more, elements are filed anew into lower ones, and nothing else is looked at. So an element is moved a
/// few times from one array to the end of another, where a binary heap compares it with a dozen others
/// all over memory: measured, a tenth of what an interval join did. Unlike ``TimerQueue`` it neither
/// looks for equals nor cancels: what waits here waits once. Buckets are made of pages, which
/// snapshots share. A plain value.
///
/// Source: Ahuja, Mehlhorn, Orlin and Tarjan, "Faster algorithms for the shortest path problem",
/// J. ACM 37(2), 1990.
public struct TimeOrderedBuffer<Element> {
    @usableFromInline typealias Slot = TimedSlots<Element>.Slot
    @usableFromInline typealias Pages = TimedSlots<Element>.Pages

    /// Bucket n has what waits for times after `floor` that differ from it in bit n and in none above.
    @usableFromInline var buckets = ContiguousArray(repeating: Pages(), count: 64)
    /// A bit for each bucket: whether anything is in it.
    @usableFromInline var occupied: UInt64 = 0
    /// The latest point that has been asked for.
    @usableFromInline var floor = Timestamp.earliest
    /// What waits for `floor` or an earlier time; sorted, the first to be taken is the last.
    @usableFromInline var due = ContiguousArray<Slot>()
    @usableFromInline var isDueSorted = true
    @usableFromInline var added: UInt64 = 0
    @usableFromInline var waiting = 0

    /// Makes an empty buffer.
    @inlinable public init() {}

    /// The number of elements.
    @inlinable public var count: Int { waiting }
    /// Whether there are none.
    @inlinable public var isEmpty: Bool { waiting == 0 }

    /// The bytes that the elements take, but for what they have on the heap.
    var heldBytes: Int { (waiting &- due.count &+ due.capacity) * MemoryLayout<Slot>.stride }

    /// What waits, as snapshots take it.
    var slots: TimedSlots<Element> {
        var slots = TimedSlots<Element>()
        slots.pages = Pages(buckets.joined())
        if !due.isEmpty { slots.pages.append(due) }
        return slots
    }

    /// Adds an element that waits for `time`.
    ///
    /// - Complexity: O(1).
    @inlinable public mutating func insert(_ element: Element, at time: Timestamp) {
        added &+= 1
        waiting &+= 1
        file(Slot(element: element, time: time, number: added))
    }

    /// Takes the first element whose time has come by `time`; `nil` when there is none.
    ///
    /// - Complexity: As ``popDueInAnyOrder(upTo:)``, and what sorting the elements due takes: once, unless
    ///   elements are added between two calls that are due already.
    @inlinable public mutating func popDue(
        upTo time: Timestamp
    ) -> (time: Timestamp, element: Element)? {
        raiseFloor(to: time)
        if !isDueSorted { sortDue() }
        return popLastDue(upTo: time)
    }

    /// Takes some element whose time has come by `time`; `nil` when there is none.
    ///
    /// - Complexity: O(1) amortised, but for moving an element on O(log d) times, where its time is d
    ///   microseconds after the latest one asked for.
    @inlinable public mutating func popDueInAnyOrder(
        upTo time: Timestamp
    ) -> (time: Timestamp, element: Element)? {
        raiseFloor(to: time)
        // All that is due lies at or before `floor`, and perhaps not before an earlier time.
        if time < floor, !isDueSorted { sortDue() }
        return popLastDue(upTo: time)
    }

    /// Finds out what is due, and answers how many elements ``next(_:)`` knows, of which some may be due later.
    ///
    /// - Parameter isOrdered: Whether ``popDue(upTo:)`` is to take them.
    /// - Complexity: As that of taking one.
    @inlinable public mutating func prepareDue(upTo time: Timestamp, isOrdered: Bool) -> Int {
        raiseFloor(to: time)
        if isOrdered || time < floor, !isDueSorted { sortDue() }
        return due.count
    }

    /// The element that will be taken `number` elements after the next one, of those that
    /// ``prepareDue(upTo:isOrdered:)`` has counted, if none is added before.
    @inlinable public func next(_ number: Int) -> Element? { due[due.count &- 1 &- number].element }

    @inlinable @inline(__always) mutating func popLastDue(
        upTo time: Timestamp
    ) -> (time: Timestamp, element: Element)? {
        guard let last = due.last, last.time <= time, let element = last.element else { return nil }
        due.removeLast()
        waiting &-= 1
        if due.isEmpty {
            isDueSorted = true
            // What one large step of time took should not stay.
            if due.capacity > 4 &* TimedSlots<Element>.pageSize { due = ContiguousArray() }
        }
        return (last.time, element)
    }

    @inlinable @inline(__always) mutating func raiseFloor(to time: Timestamp) {
        if time > floor { fileDue(upTo: time) }
    }

    /// Files what is due by a time later than `floor`, and what shares the most bits with it.
    @inlinable mutating func fileDue(upTo time: Timestamp) {
        let highest = bucket(of: time)
        floor = time
        // The sum wraps where it is of all bits.
        var touched = occupied & ((2 &<< UInt64(highest)) &- 1)
        occupied &= ~touched
        // Those below come first, and are empty when what lies in the highest goes down to them.
        while touched != 0 {
            var pages = Pages()
            swap(&pages, &buckets[touched.trailingZeroBitCount])
            touched &= touched &- 1
            for index in pages.indices {
                for slot in pages[index] { file(slot) }
                // Not twice the memory for a moment, where all goes down from one bucket.
                pages[index] = ContiguousArray()
            }
        }
    }

    /// The bucket of a time later than `floor`.
    @inlinable @inline(__always) func bucket(of time: Timestamp) -> Int {
        63 &- (time.microseconds ^ floor.microseconds).leadingZeroBitCount
    }

    @inlinable @inline(__always) mutating func file(_ slot: Slot) {
        guard slot.time > floor else {
            if let last = due.last, !slot.precedes(last) { isDueSorted = false }
            due.append(slot)
            return
        }
        let bucket = bucket(of: slot.time)
        occupied |= 1 &<< UInt64(bucket)
        Self.append(slot, to: &buckets[bucket])
    }

    @inlinable static func append(_ slot: Slot, to pages: inout Pages) {
        let last = pages.count &- 1
        if last >= 0, pages[last].count < TimedSlots<Element>.pageSize {
            pages[last].append(slot)
            return
        }
        var page = ContiguousArray<Slot>()
        // A bucket of a few elements should not take a page of memory.
        if last >= 0 { page.reserveCapacity(TimedSlots<Element>.pageSize) }
        page.append(slot)
        pages.append(page)
    }

    @inlinable mutating func sortDue() {
        due.sort { $1.precedes($0) }
        isDueSorted = true
    }
}

extension TimedSlots.Slot {
    @inlinable func precedes(_ other: TimedSlots.Slot) -> Bool {
        time != other.time ? time < other.time : number < other.number
    }
}

extension TimeOrderedBuffer: Sendable where Element: Sendable {}
