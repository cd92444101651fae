/// Places in the order in which they are due.
///
/// Most come in that order, as what waits for an equal span does: these are a run, which is added to at
/// its end and taken from at its beginning. The others are in a heap beside it.
///
/// Shape: one run, one heap; the first of all is the first of either. A plain value.
@usableFromInline
struct TimedOrder: Sendable {
    /// In order; those before `head` have been taken.
    @usableFromInline var run = ContiguousArray<TimedPlace>()
    @usableFromInline var head = 0
    @usableFromInline var heap = TimedHeap()

    @inlinable init() {}

    @inlinable var count: Int { run.count &- head &+ heap.count }
    var heldBytes: Int { run.capacity * MemoryLayout<TimedPlace>.stride + heap.heldBytes }

    /// The first to be due.
    @inlinable var first: TimedPlace? {
        guard head < run.count else { return heap.first }
        guard let other = heap.first, other.precedes(run[head]) else { return run[head] }
        return other
    }

    /// Adds a place.
    ///
    /// - Complexity: O(1) when it is the last of the run to be due; otherwise O(log n).
    @inlinable mutating func insert(_ place: TimedPlace) {
        if head < run.count, place.precedes(run[run.count &- 1]) { return heap.insert(place) }
        run.append(place)
    }

    /// Drops the first to be due.
    ///
    /// - Complexity: O(1) amortised for one of the run; otherwise O(log n).
    @inlinable mutating func removeFirst() {
        guard head < run.count else { return heap.removeFirst() }
        if let other = heap.first, other.precedes(run[head]) { return heap.removeFirst() }
        head &+= 1
        if head == run.count {
            run.removeAll(keepingCapacity: run.capacity <= 1024)
            head = 0
        } else if head >= 64, head &* 2 >= run.count {
            // As many have been taken as are moved.
            run.removeFirst(head)
            head = 0
        }
    }

    /// Keeps only what `isKept` says.
    @usableFromInline mutating func filter(_ isKept: (TimedPlace) -> Bool) {
        run = ContiguousArray(run[head...].filter(isKept))
        head = 0
        heap.filter(isKept)
    }

    /// All of them, in order.
    var sorted: [TimedPlace] { (run[head...] + heap.places).sorted { $0.precedes($1) } }
}
