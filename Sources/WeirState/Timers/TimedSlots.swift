public import WeirCore

/// Elements that wait for a time, each in a numbered place, in pages.
///
/// What a snapshot takes of it is the list of pages: arrays within an array, of which each is copied
/// before it changes while a snapshot still has it. So a snapshot of a million elements costs the
/// worker the list of some thousand pages, and then each page once that it changes meanwhile.
///
/// Shape: places are numbered from 0; pages have 256 of them; freed places are used again. A plain
/// value.
@usableFromInline
struct TimedSlots<Element> {
    /// A place; `element` is `nil` and `number` 0 where it is free.
    @usableFromInline struct Slot {
        @usableFromInline var element: Element?
        @usableFromInline var time: Timestamp
        @usableFromInline var number: UInt64

        @inlinable init(element: Element?, time: Timestamp, number: UInt64) {
            self.element = element
            self.time = time
            self.number = number
        }
    }

    @usableFromInline typealias Pages = ContiguousArray<ContiguousArray<Slot>>

    @usableFromInline var pages = Pages()
    @usableFromInline var free = ContiguousArray<Int32>()
    @usableFromInline var used = 0

    @inlinable static var pageShift: Int { 8 }
    @inlinable static var pageSize: Int { 1 << pageShift }

    @inlinable init() {}

    /// Puts an element into a free place; answers which.
    ///
    /// - Parameter number: Of its registration, greater than 0.
    @inlinable mutating func add(_ element: Element, at time: Timestamp, number: UInt64) -> Int32 {
        let slot = Slot(element: element, time: time, number: number)
        if let place = free.popLast() {
            pages[Int(place) &>> Self.pageShift][Int(place) & (Self.pageSize &- 1)] = slot
            return place
        }
        if used & (Self.pageSize &- 1) == 0 {
            var page = ContiguousArray<Slot>()
            // A queue of a few timers should not take a page of memory.
            if used > 0 { page.reserveCapacity(Self.pageSize) }
            pages.append(page)
        }
        pages[pages.count &- 1].append(slot)
        used &+= 1
        return Int32(truncatingIfNeeded: used &- 1)
    }

    /// Frees a place; answers what it had. With the last element all memory goes.
    @inlinable mutating func take(_ place: Int32) -> Element? {
        let page = Int(place) &>> Self.pageShift
        let index = Int(place) & (Self.pageSize &- 1)
        let element = pages[page][index].element
        free.append(place)
        guard free.count < used else {
            self = TimedSlots()
            return element
        }
        pages[page][index].element = nil
        pages[page][index].number = 0
        return element
    }

    /// The number of the registration that a place was given to; 0 where it is free.
    @inlinable func number(at place: Int32) -> UInt64 {
        let place = Int(place)
        guard place < used else { return 0 }
        return pages[place &>> Self.pageShift][place & (Self.pageSize &- 1)].number
    }

    /// Calls `body` with each place that is not free.
    @inlinable func forEach(_ body: (Int32, Timestamp, Element) -> Void) {
        for (page, slots) in pages.enumerated() {
            for (index, slot) in slots.enumerated() {
                guard let element = slot.element else { continue }
                let place = page &<< Self.pageShift | index
                body(Int32(truncatingIfNeeded: place), slot.time, element)
            }
        }
    }

    /// The bytes of the pages; not what elements have on the heap.
    var heldBytes: Int { pages.count * Self.pageSize * MemoryLayout<Slot>.stride }

    /// What a place has.
    @inlinable func element(at place: Int32) -> Element? {
        let place = Int(place)
        guard place < used else { return nil }
        return pages[place &>> Self.pageShift][place & (Self.pageSize &- 1)].element
    }
}

extension TimedSlots.Slot: Sendable where Element: Sendable {}
extension TimedSlots: Sendable where Element: Sendable {}

/// What a heap has of an element in ``TimedSlots``.
@usableFromInline
struct TimedPlace: Sendable {
    @usableFromInline let time: Timestamp
    @usableFromInline let number: UInt64
    @usableFromInline let place: Int32

    @inlinable init(time: Timestamp, number: UInt64, place: Int32) {
        self.time = time
        self.number = number
        self.place = place
    }

    @inlinable func precedes(_ other: TimedPlace) -> Bool {
        time != other.time ? time < other.time : number < other.number
    }
}

/// A binary heap of places, the first to be due on top.
@usableFromInline
struct TimedHeap: Sendable {
    @usableFromInline var places = ContiguousArray<TimedPlace>()

    @inlinable init() {}

    @inlinable var count: Int { places.count }
    @inlinable var first: TimedPlace? { places.first }
    var heldBytes: Int { places.capacity * MemoryLayout<TimedPlace>.stride }

    /// Adds a place.
    ///
    /// - Complexity: O(log n); O(1) when it is the last to be due.
    @inlinable mutating func insert(_ place: TimedPlace) {
        places.append(place)
        places.withUnsafeMutableBufferPointer { places in
            // What is later moves down, and the new one into the place that is left.
            var child = places.count &- 1
            while child > 0 {
                let parent = (child &- 1) / 2
                guard place.precedes(places[parent]) else { break }
                places[child] = places[parent]
                child = parent
            }
            places[child] = place
        }
    }

    /// Drops the first to be due.
    ///
    /// - Complexity: O(log n).
    @inlinable mutating func removeFirst() {
        let last = places.removeLast()
        guard !places.isEmpty else { return }
        places.withUnsafeMutableBufferPointer { places in
            let count = places.count
            var parent = 0
            while true {
                var child = 2 &* parent &+ 1
                guard child < count else { break }
                if child &+ 1 < count, places[child &+ 1].precedes(places[child]) { child &+= 1 }
                guard places[child].precedes(last) else { break }
                places[parent] = places[child]
                parent = child
            }
            places[parent] = last
        }
    }

    /// Keeps only what `isKept` says.
    @usableFromInline mutating func filter(_ isKept: (TimedPlace) -> Bool) {
        // Sorted, the rest is a heap again.
        places = ContiguousArray(places.filter(isKept).sorted { $0.precedes($1) })
    }
}
