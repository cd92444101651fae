public import WeirCore

/// Keeps the merged accumulators of a window that slides over slices, at a cost for each slice that
/// does not grow with the number of slices in the window.
///
/// The window's slices fall into a front, the older, and a back. The back is merged as slices come
/// in. For the front, each slice has remembered what its keys had *behind* it, so that a slice that
/// leaves is undone by putting that back. When the front is used up, the back becomes the front.
/// Each entry of a slice is thus merged twice and put back once, whatever the window's size, and an
/// aggregate needs no inverse. Source: the two-stacks method, Tangwongsan et al., "General
/// Incremental Sliding-Window Aggregation", PVLDB 8(7), 2015, here with a table for each stack.
///
/// Confined to one worker.
public final class SlidingMerger<Key: StreamKey, Merged: Aggregate> {
    /// What a slice has for a key.
    public typealias Accumulator = Merged.Accumulator
    /// A slice of the windows.
    public typealias WindowSlice = Slice<Key, Accumulator>

    /// What a key has in the window: in its front, in its back, or both.
    public struct Parts {
        @usableFromInline var front: Accumulator?
        @usableFromInline var back: Accumulator?

        @inlinable init() {
            front = nil
            back = nil
        }
    }

    @usableFromInline let aggregate: Merged
    @usableFromInline var table = StateTable<Key, Parts>()
    @usableFromInline var front = ContiguousArray<WindowSlice>()
    @usableFromInline var frontPosition = 0
    @usableFromInline var backStart: Timestamp?
    /// Slices that start before this have been merged.
    @usableFromInline var mergedThrough = Timestamp.earliest
    @usableFromInline var isStale = false
    /// What a checkpoint had, until the next move.
    @usableFromInline var restored: SlidingDivision?

    /// Makes a merger that has merged nothing.
    @inlinable public init(_ aggregate: Merged) { self.aggregate = aggregate }

    /// Must be called when a record has been folded into `slice` after it may have been merged.
    @inlinable public func noteChange(of slice: WindowSlice) {
        if slice.start < mergedThrough { isStale = true }
    }

    /// Moves to `window`, whose slices `store` has; windows must come in order of their ends.
    ///
    /// - Complexity: O(entries of the slices that enter and leave), amortised; the slices between are
    ///   not so much as looked at.
    @inlinable public func move(
        to window: Window, in store: SliceStore<Key, Accumulator>
    ) throws {
        if restored != nil { try takeRestored(in: store) }
        if isStale || needsRebuild(window) { return try rebuild(window, store.slices(in: window)) }
        while frontPosition < front.count, front[frontPosition].start < window.start {
            try undo(front[frontPosition])
            frontPosition += 1
        }
        let added = Window(start: max(window.start, mergedThrough), end: window.end)
        for slice in store.slices(in: added) { try addToBack(slice) }
        mergedThrough = max(mergedThrough, window.end)
    }

    /// Lets pages of the slices go that are done with: what moves a window may take long.
    @usableFromInline func beginSlice() throws { try table.resident?.pool.beginTurn() }

    /// Whether a slice of the back has to leave, so that the back must become the front.
    @inlinable func needsRebuild(_ window: Window) -> Bool {
        guard let backStart else { return false }
        return backStart < window.start
    }

    @inlinable func undo(_ slice: WindowSlice) throws {
        try beginSlice()
        for number in 0..<slice.saved.count {
            let key = try slice.table.key(at: number)
            let saved = slice.saved[number]
            try table.update(key, hash: key.stableHash, initial: { Parts() }) { $0.front = saved }
        }
        slice.saved = []
    }

    @inlinable func addToBack(_ slice: WindowSlice) throws {
        try beginSlice()
        if backStart == nil { backStart = slice.start }
        for number in 0..<slice.table.count {
            try slice.table.readEntry(number) { key, value in
                try table.update(key, hash: key.stableHash, initial: { Parts() }) { parts in
                    if parts.back == nil {
                        parts.back = value
                    } else {
                        try aggregate.merge(value, into: &parts.back!)  // seen above not to be nil
                    }
                }
            }
        }
    }

    /// Makes all of the window the front, from its slices.
    @inlinable func rebuild(_ window: Window, _ slices: ContiguousArray<WindowSlice>) throws {
        reset()
        for slice in slices.reversed() { try addToFront(slice) }
        front = slices
        mergedThrough = window.end
    }

    @inlinable func addToFront(_ slice: WindowSlice) throws {
        try beginSlice()
        slice.saved.removeAll(keepingCapacity: true)
        slice.saved.reserveCapacity(slice.table.count)
        for number in 0..<slice.table.count {
            try slice.table.readEntry(number) { key, value in
                try table.update(key, hash: key.stableHash, initial: { Parts() }) { parts in
                    slice.saved.append(parts.front)
                    // The older part goes first: an aggregate may depend on the order.
                    var merged = value
                    if let newer = parts.front { try aggregate.merge(newer, into: &merged) }
                    parts.front = merged
                }
            }
        }
    }

    /// The number of entries that ``accumulator(at:)`` can be asked for.
    @inlinable public var entryCount: Int { table.count }

    /// A key and its accumulator over the whole window; `nil` for a key that has left it.
    @inlinable public func accumulator(at entry: Int) throws -> (Key, Accumulator)? {
        try table.readEntry(entry) { key, parts in
            guard var merged = parts.front else { return parts.back.map { (key, $0) } }
            if let back = parts.back { try aggregate.merge(back, into: &merged) }
            return (key, merged)
        }
    }

    /// Forgets everything.
    @inlinable public func reset() {
        for position in frontPosition..<max(frontPosition, front.count) {
            front[position].saved = []
        }
        front = []
        frontPosition = 0
        backStart = nil
        mergedThrough = .earliest
        isStale = false
        restored = nil
        table.removeAll()
    }
}
