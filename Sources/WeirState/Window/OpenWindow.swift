public import WeirCore

/// The state of one key's window, between its first record and the end of its allowed lateness.
public struct OpenWindow<Accumulator> {
    // What a usual record looks at comes first, so that it is in as few lines of the cache as may be.
    /// The window; of a session, it grows.
    public var window: Window
    /// The records that no pane has had.
    public var unfired = 0
    /// When its timer is due that looks after its end and its going.
    public var endTimer: Timestamp?
    /// Whether its end has passed.
    public var hasEnded = false
    /// The records folded in; `nil` when they have been purged.
    public var accumulator: Accumulator?
    /// Which of the operator's windows it is, for its timers: unlike its span, that never changes.
    public let number: Int
    /// Its start when it was made, by which a timer finds it.
    public let firstStart: Timestamp
    /// The panes emitted.
    public var panes = 0
    /// Of the records that no pane has had, those that the ledger counts in another window: a record that is in
    /// several is counted in the last of them to go. Kept rather than its counterpart, since most records are in
    /// one, and leave it as it is.
    public var unfiredElsewhere = 0
    /// The records that the ledger counts in this window, that a pane has had, and that are kept for further ones.
    public var recordsFired = 0
    /// What only a window with a trigger has; in memory of its own, since a type that is not known would make
    /// each copy of a window a call into the runtime.
    @usableFromInline var triggering = ContiguousArray<WindowTriggering>()

    /// The records that the ledger counts in this window and no pane has had.
    @inlinable public var recordsUnfired: Int { unfired &- unfiredElsewhere }

    /// What its trigger remembers; a ``SavedTriggerState`` between a restore and the trigger's next
    /// decision.
    @inlinable public var triggerState: (any Sendable)? {
        get { triggering.first?.state }
        _modify {
            if triggering.isEmpty { triggering.append(WindowTriggering()) }
            yield &triggering[0].state
        }
    }

    /// The timers of its trigger that wait.
    @inlinable public var triggerTimers: [WindowTriggerTimer] {
        get { triggering.first?.timers ?? [] }
        _modify {
            if triggering.isEmpty { triggering.append(WindowTriggering()) }
            yield &triggering[0].timers
        }
    }

    /// A window without records.
    @inlinable public init(_ window: Window, number: Int) {
        self.init(window, number: number, firstStart: window.start)
    }

    @inlinable init(_ window: Window, number: Int, firstStart: Timestamp) {
        self.window = window
        self.number = number
        self.firstStart = firstStart
    }
}

/// What a window's trigger has.
@usableFromInline
struct WindowTriggering {
    @usableFromInline var state: (any Sendable)?
    @usableFromInline var timers: [WindowTriggerTimer] = []

    @inlinable init() { state = nil }
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
