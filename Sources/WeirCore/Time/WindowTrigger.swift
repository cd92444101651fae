/// What a trigger wants done with a key's window.
public enum TriggerDecision: Hashable, Sendable {
    /// Nothing.
    case proceed
    /// A pane is to be emitted.
    case fire
    /// A pane is to be emitted, and the records folded so far are to be forgotten.
    case fireAndPurge
    /// The records folded so far are to be forgotten; those that no pane had are counted as filtered.
    case purge

    /// Whether a pane is to be emitted.
    @inlinable public var fires: Bool { self == .fire || self == .fireAndPurge }
    /// Whether the records are to be forgotten.
    @inlinable public var purges: Bool { self == .purge || self == .fireAndPurge }
}

/// Decides when a key's window emits panes, besides the end of the window.
///
/// A trigger is a value without state of its own; what it must remember for a key and window is its
/// `State`, which is kept, merged and dropped with the window.
///
/// What no pane has had when the window goes is emitted in a last pane: no trigger loses records by
/// doing nothing. Source: `Trigger` of Apache Flink.
public protocol WindowTrigger<Element>: Sendable {
    /// The records.
    associatedtype Element
    /// What is remembered for each key and window.
    associatedtype State: Codable & Sendable

    /// The state of a window without records.
    func makeState() -> State

    /// A record has been folded into the window.
    func onRecord(
        _ record: Element, at time: Timestamp, _ state: inout State, _ context: inout TriggerContext
    ) throws -> TriggerDecision

    /// A timer is due that was registered in the context. At the end of input timers do not come any
    /// more; the windows end.
    func onTimer(
        at time: Timestamp, in domain: TimeDomain, _ state: inout State,
        _ context: inout TriggerContext
    ) throws -> TriggerDecision

    /// The window has come to its end; fires unless told otherwise.
    func onWindowEnd(_ state: inout State, _ context: inout TriggerContext) throws
        -> TriggerDecision

    /// The window has taken in another, whose state was `other`. Its timers go on for the merged
    /// window by themselves.
    func merge(_ other: State, into state: inout State)
}

extension WindowTrigger {
    public func onTimer(
        at time: Timestamp, in domain: TimeDomain, _ state: inout State,
        _ context: inout TriggerContext
    ) throws -> TriggerDecision { .proceed }

    public func onWindowEnd(
        _ state: inout State, _ context: inout TriggerContext
    ) throws -> TriggerDecision { .fire }
}

/// What a trigger may know about the window that it decides on, and its timers.
public struct TriggerContext: Sendable {
    /// The window.
    public let window: Window
    /// The watermark.
    public let watermark: Timestamp
    /// The processing time, as of the batch or tick at hand: the same for all records of a batch.
    public let processingTime: Timestamp
    /// Whether the end of the window has passed, so that a pane would be a late one.
    public let isPastEnd: Bool
    /// What the trigger asked for: a timer to register, or to take back.
    @usableFromInline package private(set) var requests: [TimerRequest] = []

    /// A timer to register or take back.
    @usableFromInline package struct TimerRequest: Sendable {
        @usableFromInline package var time: Timestamp
        @usableFromInline package var domain: TimeDomain
        @usableFromInline package var isCancellation: Bool
    }

    /// The context of a decision on `window`.
    public init(
        window: Window, watermark: Timestamp, processingTime: Timestamp, isPastEnd: Bool
    ) {
        self.window = window
        self.watermark = watermark
        self.processingTime = processingTime
        self.isPastEnd = isPastEnd
    }

    /// Has ``WindowTrigger/onTimer(at:in:_:_:)`` called once the watermark, or the clock, has come to
    /// `time`, at once where it has already; once, however often it is registered.
    public mutating func registerTimer(at time: Timestamp, in domain: TimeDomain) {
        requests.append(TimerRequest(time: time, domain: domain, isCancellation: false))
    }

    /// Takes a timer back.
    public mutating func cancelTimer(at time: Timestamp, in domain: TimeDomain) {
        requests.append(TimerRequest(time: time, domain: domain, isCancellation: true))
    }
}
