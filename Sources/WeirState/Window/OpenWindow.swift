public import WeirCore

/// The state of one key's window, between its first record and the end of its allowed lateness.
public struct OpenWindow<Accumulator> {
    /// The window; of a session, it grows.
    public var window: Window
    /// Which of the operator's windows it is, for its timers: unlike its span, that never changes.
    public let number: Int
    /// Its start when it was made, by which a timer finds it.
    public let firstStart: Timestamp
    /// The records folded in; `nil` when they have been purged.
    public var accumulator: Accumulator?
    /// The records that no pane has had.
    public var unfired = 0
    /// The panes emitted.
    public var panes = 0
    /// Whether its end has passed.
    public var hasEnded = false
    /// The records that the ledger counts in this window and no pane has had. A record that is in
    /// several windows is counted in the last of them to go.
    public var recordsUnfired = 0
    /// Those that a pane has had and that are kept for further ones.
    public var recordsFired = 0
    /// When its timer is due that looks after its end and its going.
    public var endTimer: Timestamp?
    /// What its trigger remembers; a ``SavedTriggerState`` between a restore and the trigger's next
    /// decision.
    public var triggerState: (any Sendable)?
    /// The timers of its trigger that wait.
    public var triggerTimers: [WindowTriggerTimer] = []

    /// A window without records.
    @inlinable public init(_ window: Window, number: Int) {
        self.init(window, number: number, firstStart: window.start)
    }

    @usableFromInline init(_ window: Window, number: Int, firstStart: Timestamp) {
        self.window = window
        self.number = number
        self.firstStart = firstStart
    }
}

/// A timer of a window's trigger.
public struct WindowTriggerTimer: Hashable, Sendable {
    /// When it is due.
    public var time: Timestamp
    /// On which clock.
    public var domain: TimeDomain

    /// A timer due at that time.
    @inlinable public init(time: Timestamp, domain: TimeDomain) {
        self.time = time
        self.domain = domain
    }
}

/// What a window's timer in a ``TimerQueue`` says: whose window it is, and which.
public struct WindowTimer<Key: StreamKey>: Hashable, Sendable {
    /// The key.
    public var key: Key
    /// The window's number.
    public var number: Int
    /// The window's first start.
    public var firstStart: Timestamp
    /// Whether it looks after the window's end; otherwise it is the trigger's.
    public var isEnd: Bool

    /// A timer for a window.
    @inlinable public init(key: Key, number: Int, firstStart: Timestamp, isEnd: Bool) {
        self.key = key
        self.number = number
        self.firstStart = firstStart
        self.isEnd = isEnd
    }
}

/// The open windows of one key, in the order of their starts, then their ends.
public struct OpenWindows<Accumulator> {
    /// The windows.
    public var windows: ContiguousArray<OpenWindow<Accumulator>>

    /// No window, unless told.
    @inlinable public init(windows: ContiguousArray<OpenWindow<Accumulator>> = []) {
        self.windows = windows
    }

    /// The position of the first window that is not before `window`.
    ///
    /// - Complexity: O(log windows).
    @inlinable public func position(of window: Window) -> Int {
        var low = 0
        var high = windows.count
        while low < high {
            let middle = (low &+ high) / 2
            let found = windows[middle].window
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
        var first = windows.count
        while first > 0, windows[first - 1].window.end >= window.start { first -= 1 }
        var end = first
        while end < windows.count, windows[end].window.start <= window.end { end += 1 }
        return first..<end
    }

    /// The position of the window that a timer is for; `nil` when it has gone.
    ///
    /// - Complexity: O(log windows), and O(windows) for one that has grown.
    @inlinable public func position(ofNumber number: Int, firstStart: Timestamp) -> Int? {
        var position = position(of: Window(start: firstStart, end: .earliest))
        while position < windows.count, windows[position].window.start == firstStart {
            if windows[position].number == number { return position }
            position += 1
        }
        return windows.firstIndex { $0.number == number }
    }
}
