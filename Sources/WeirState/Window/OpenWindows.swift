public import WeirCore

/// The open windows of one key, in the order of their starts, then their ends.
///
/// The latest lies where this does, in its table beside the key, and only others in an array: mostly there
/// are none, and a usual record changes the latest alone.
public struct OpenWindows<Accumulator> {
    /// The last of them; what stands for none where there is none, since an optional one would have to be
    /// asked at each look.
    @usableFromInline var latest: OpenWindow<Accumulator>
    @usableFromInline var windowCount: Int
    /// Those before the latest.
    @usableFromInline var earlier = ContiguousArray<OpenWindow<Accumulator>>()

    /// No window.
    @inlinable public init() {
        latest = Self.none
        windowCount = 0
    }

    /// Windows that are in order.
    init(windows: ContiguousArray<OpenWindow<Accumulator>>) {
        earlier = windows
        windowCount = windows.count
        latest = earlier.popLast() ?? Self.none
    }

    /// Stands for no window.
    @inlinable static var none: OpenWindow<Accumulator> {
        OpenWindow(Window(start: .earliest, end: .earliest), number: -1)
    }

    /// All of them, in order.
    var windows: ContiguousArray<OpenWindow<Accumulator>> { count == 0 ? [] : earlier + [latest] }

    /// The number of windows.
    @inlinable public var count: Int { windowCount }
    /// Whether there are none.
    @inlinable public var isEmpty: Bool { count == 0 }

    /// A window.
    ///
    /// - Precondition: `position` is in `0 ..< count`.
    @inlinable public subscript(position: Int) -> OpenWindow<Accumulator> {
        @inline(__always) get { position == count &- 1 ? latest : earlier[position] }
    }

    /// Changes a window. Not by an accessor, whose frame would be allocated: one that yields in two places
    /// is not inlined.
    ///
    /// - Precondition: `position` is in `0 ..< count`.
    @inlinable @inline(__always) public mutating func update<Result>(
        _ position: Int, _ body: (inout OpenWindow<Accumulator>) throws -> Result
    ) rethrows -> Result {
        try position == count &- 1 ? body(&latest) : body(&earlier[position])
    }

    /// Changes the latest window; where there is none, what stands for it: a window without records and
    /// without a timer, which has to stay that.
    @inlinable @inline(__always) public mutating func updateLatest(
        _ body: (inout OpenWindow<Accumulator>) throws -> Bool
    ) rethrows -> Bool {
        try body(&latest)
    }

    /// Puts a window in front of that at `position`, or behind all.
    ///
    /// - Complexity: O(1) behind all, otherwise O(windows).
    @inlinable public mutating func insert(
        _ window: consuming OpenWindow<Accumulator>, at position: Int
    ) {
        windowCount &+= 1
        if count == 1 {
            latest = window
        } else if position < count &- 1 {
            earlier.insert(window, at: position)
        } else {
            earlier.append(latest)
            latest = window
        }
    }

    /// Takes a window out.
    ///
    /// - Precondition: `position` is in `0 ..< count`.
    /// - Complexity: O(1) for the latest, otherwise O(windows).
    @inlinable @discardableResult
    public mutating func remove(at position: Int) -> OpenWindow<Accumulator> {
        precondition(position >= 0 && position < count, "no such window")
        windowCount &-= 1
        guard position == count else { return earlier.remove(at: position) }
        var removed = earlier.popLast() ?? Self.none
        swap(&removed, &latest)
        return removed
    }

    /// The position of the first window that is not before `window`.
    ///
    /// - Complexity: O(log windows).
    @inlinable public func position(of window: Window) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low &+ high) / 2
            let found = self[middle].window
            if (found.start, found.end) < (window.start, window.end) {
                low = middle &+ 1
            } else {
                high = middle
            }
        }
        return low
    }

    /// The windows that overlap or touch `window`, provided that those here do neither: sessions.
    ///
    /// Touching counts: a record exactly a gap after the last one still joins, as in Apache Flink.
    ///
    /// - Complexity: O(windows); a key has few sessions at a time.
    @inlinable public func neighbours(of window: Window) -> Range<Int> {
        // Records mostly belong to the latest session.
        var first = count
        while first > 0, self[first &- 1].window.end >= window.start { first &-= 1 }
        var end = first
        while end < count, self[end].window.start <= window.end { end &+= 1 }
        return first..<end
    }

    /// The position of the window that a timer is for; `nil` when it has gone.
    ///
    /// - Complexity: O(1) for the latest, otherwise O(log windows), and O(windows) for one that has grown.
    @inlinable public func position(ofNumber number: Int, firstStart: Timestamp) -> Int? {
        if count == 0 { return nil }
        if latest.number == number { return count &- 1 }
        var position = position(of: Window(start: firstStart, end: .earliest))
        while position < count, self[position].window.start == firstStart {
            if self[position].number == number { return position }
            position &+= 1
        }
        return earlier.firstIndex { $0.number == number }
    }
}
