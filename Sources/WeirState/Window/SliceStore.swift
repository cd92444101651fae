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
    public private(set) var firedThrough = Timestamp.earliest
    /// The slices, the earliest first.
    @usableFromInline var slices = ContiguousArray<Slice<Key, Accumulator>>()
    @usableFromInline var latest: Slice<Key, Accumulator>?
    private var keysExpected = 16
    private let allowedLateness: Int64

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

    @usableFromInline func find(_ time: Timestamp) -> Placement {
        let start = assigner.sliceStart(of: time)
        let position = position(ofStart: start)
        if position < slices.count, slices[position].start == start {
            latest = slices[position]
            return .slice(slices[position])
        }
        let lastEnd = assigner.lastWindowEnd(ofSlice: start)
        guard lastEnd > start else { return .gap }
        guard expiry(ofWindowEnding: lastEnd) > firedThrough else { return .late }
        let made = Slice<Key, Accumulator>(
            start: start, end: start.advanced(byMicroseconds: assigner.sliceWidth),
            table: KeyedTable(capacity: keysExpected))
        slices.insert(made, at: position)
        latest = made
        return .slice(made)
    }

    private func expiry(ofWindowEnding end: Timestamp) -> Timestamp {
        end.advanced(byMicroseconds: allowedLateness)
    }

    /// The position of the first slice that does not start before `start`.
    private func position(ofStart start: Timestamp) -> Int {
        var low = 0
        var high = slices.count
        while low < high {
            let middle = (low + high) / 2
            if slices[middle].start < start { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The earliest window with records in it that is complete at `watermark` and has not been
    /// fired; `nil` when there is none, and all windows that end by then count as fired. What they
    /// leave behind is dropped with ``dropExpired()``.
    ///
    /// - Complexity: O(slices that a window can hold).
    public func nextDueWindow(at watermark: Timestamp) -> Window? {
        // A watermark of t promises that nothing at or before t is to come: t is the last point of
        // a window that ends at t + 1.
        let completeThrough = watermark.advanced(byMicroseconds: 1)
        for slice in slices where firedThrough < .latest {
            let after = max(firedThrough, slice.start)
            let end = assigner.firstWindowEnd(after: after)
            // In a slice's last windows the grid's next end may lie beyond those that contain it.
            guard end <= assigner.lastWindowEnd(ofSlice: slice.start) || end == .latest else { continue }
            guard end <= completeThrough || watermark == .latest else { break }
            return assigner.window(endingAt: end)
        }
        firedThrough = max(firedThrough, completeThrough)
        return nil
    }

    /// Notes that `window` has been fired.
    public func markFired(_ window: Window) {
        firedThrough = max(firedThrough, window.end)
    }

    /// The slices that make up `window`, the earliest first.
    public func slices(in window: Window) -> ArraySlice<Slice<Key, Accumulator>> {
        let first = position(ofStart: window.start)
        let last = position(ofStart: window.end)
        return ArraySlice(slices[first..<last])
    }

    /// Drops the slices whose last window has been fired and whose lateness is over.
    ///
    /// - Returns: The number of records that were folded into them.
    @discardableResult
    public func dropExpired() -> Int {
        var released = 0
        slices.removeAll { slice in
            let lastEnd = assigner.lastWindowEnd(ofSlice: slice.start)
            guard expiry(ofWindowEnding: lastEnd) <= firedThrough else { return false }
            released += slice.records
            keysExpected = max(16, slice.table.count)
            if latest === slice { latest = nil }
            return true
        }
        return released
    }

    /// The records folded into live slices.
    public var recordsHeld: Int { slices.reduce(0) { $0 + $1.records } }
    /// Whether no slice is live.
    public var isEmpty: Bool { slices.isEmpty }
}
