public import WeirCore

/// The live slices of one window operator's subtask, in order of time.
///
/// Finds the slice of a record, says which window is due when the watermark moves, and drops a
/// slice with all its state once the last window that contains it has been fired.
///
/// Confined to one worker.
public final class SliceStore<Key: StreamKey, Accumulator> {
    /// The windows that the slices are cut from.
    public let assigner: WindowAssigner
    /// Every window that ends at or before this has been fired.
    @inlinable public var firedThrough: Timestamp { fired }
    // Access is not checked for overlaps at run time: no method calls anything that could reach the store.
    @exclusivity(unchecked) @usableFromInline var fired = Timestamp.earliest
    /// The slices, the earliest first; those before `first` have been dropped.
    @exclusivity(unchecked) @usableFromInline
    var slices = ContiguousArray<Slice<Key, Accumulator>?>()
    @exclusivity(unchecked) @usableFromInline var first = 0
    @exclusivity(unchecked) @usableFromInline var latest: Slice<Key, Accumulator>?
    @exclusivity(unchecked) @usableFromInline var keysExpected = 16
    @exclusivity(unchecked) @usableFromInline var slicesMade = 0
    @usableFromInline let allowedLateness: Int64
    /// Where the slices' tables spill to; `nil` where they do not.
    var spillPlace: SpillPlace?

    /// Creates an empty store.
    ///
    /// - Parameter allowedLateness: How long after a window's end its slices are kept, so that late
    ///   records can still refine its result.
    public init(_ assigner: WindowAssigner, allowedLateness: Duration = .zero) {
        self.assigner = assigner
        self.allowedLateness = max(0, allowedLateness.wholeMicroseconds)
    }

    /// Where a record's time puts it.
    public enum Placement {
        /// It belongs to a slice that is kept.
        case slice(Slice<Key, Accumulator>)
        /// All windows that it belongs to have been fired and dropped.
        case late
        /// It lies in a gap between windows.
        case gap
    }

    /// The slice for a record of that time; made if it is the first in it.
    ///
    /// - Complexity: O(1) when the time lies in the slice asked for last, otherwise O(log slices).
    @inlinable public func place(_ time: Timestamp) -> Placement {
        if let latest, latest.contains(time) { return .slice(latest) }
        return find(time)
    }

    @inlinable func find(_ time: Timestamp) -> Placement {
        let start = assigner.sliceStart(of: time)
        let position = position(ofStart: start)
        if position < slices.count, let found = slices[position], found.start == start {
            latest = found
            return .slice(found)
        }
        let lastEnd = assigner.lastWindowEnd(ofSlice: start)
        guard lastEnd > start else { return .gap }
        guard expiry(ofWindowEnding: lastEnd) > fired else { return .late }
        let made = Slice<Key, Accumulator>(
            start: start, end: assigner.sliceEnd(of: time),
            table: makeTable(capacity: keysExpected), serial: slicesMade)
        slicesMade &+= 1
        slices.insert(made, at: position)
        latest = made
        return .slice(made)
    }

    /// Makes the table of the slice to come.
    @usableFromInline func makeTable(capacity: Int) -> StateTable<Key, Accumulator> {
        let table = StateTable<Key, Accumulator>(capacity: capacity)
        table.spillPlace = spillPlace?.of("slice \(slicesMade)")
        // Found once, and not again for each slice.
        table.codecs = slices.last??.table.codecs
        return table
    }

    @inlinable func expiry(ofWindowEnding end: Timestamp) -> Timestamp {
        end.advanced(byMicroseconds: allowedLateness)
    }

    /// The position of the first live slice that does not start before `start`.
    @inlinable func position(ofStart start: Timestamp) -> Int {
        var low = first
        var high = slices.count
        while low < high {
            let middle = (low &+ high) / 2
            if let slice = slices[middle], slice.start >= start {
                high = middle
            } else {
                low = middle &+ 1
            }
        }
        return low
    }

    /// The earliest window with records in it that is complete at `watermark` and has not been
    /// fired; `nil` when there is none, and all windows that end by then count as fired. What they
    /// leave behind is dropped with ``dropExpired()``.
    ///
    /// - Complexity: O(1), and O(slices kept for their lateness alone).
    @inlinable public func nextDueWindow(at watermark: Timestamp) -> Window? {
        // A watermark of t promises that nothing at or before t is to come: t is the last point of
        // a window that ends at t + 1.
        let completeThrough = watermark.advanced(byMicroseconds: 1)
        for position in first..<slices.count where fired < .latest {
            guard let slice = slices[position] else { continue }
            let end = assigner.firstWindowEnd(after: max(fired, slice.start))
            // In a slice's last windows the grid's next end may lie beyond those that contain it.
            guard end <= assigner.lastWindowEnd(ofSlice: slice.start) || end == .latest else {
                continue
            }
            guard end <= completeThrough || watermark == .latest else { break }
            return assigner.window(endingAt: end)
        }
        fired = max(fired, completeThrough)
        return nil
    }

    /// Notes that `window` has been fired.
    @inlinable public func markFired(_ window: Window) { fired = max(fired, window.end) }

    /// The slices that make up `window`, the earliest first.
    @inlinable public func slices(in window: Window) -> ContiguousArray<Slice<Key, Accumulator>> {
        var found = ContiguousArray<Slice<Key, Accumulator>>()
        var position = position(ofStart: window.start)
        while position < slices.count, let slice = slices[position], slice.start < window.end {
            found.append(slice)
            position &+= 1
        }
        return found
    }

    /// Drops the slices whose last window has been fired and whose lateness is over.
    ///
    /// - Returns: The number of records that were folded into them.
    /// - Complexity: O(slices dropped), amortised.
    @discardableResult
    @inlinable public func dropExpired() -> Int {
        var released = 0
        while first < slices.count, let slice = slices[first],
            expiry(ofWindowEnding: assigner.lastWindowEnd(ofSlice: slice.start)) <= fired
        {
            released &+= slice.records
            keysExpected = max(16, slice.table.count)
            if latest === slice { latest = nil }
            slices[first] = nil
            first &+= 1
        }
        // Closing the gap only when it is half of the array keeps dropping O(1) amortised.
        if first &* 2 > slices.count {
            slices.removeFirst(first)
            first = 0
        }
        return released
    }

    /// The live slices, the earliest first.
    var live: [Slice<Key, Accumulator>] { slices[first...].compactMap { $0 } }

    /// The records folded into live slices.
    public var recordsHeld: Int { slices.reduce(0) { $0 + ($1?.records ?? 0) } }
    /// The number of live slices.
    @inlinable public var count: Int { slices.count &- first }
    /// Whether no slice is live.
    @inlinable public var isEmpty: Bool { count == 0 }
}
