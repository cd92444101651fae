public import WeirCore
public import WeirGraph

/// What all functions with state and timers for each key have in common; see
/// ``KeyedProcessFunction``, ``KeyedCoProcessFunction`` and ``KeyedBroadcastFunction``.
///
/// Each subtask has a copy of its own. Only ``open(_:)`` and ``close()`` may change it: what changes
/// with the records belongs into ``State``, where it is kept by key, and is found again after a
/// restart.
public protocol KeyedFunction<Key, Output>: Sendable {
    /// What records are keyed by.
    associatedtype Key: StreamKey
    /// The records of the main output.
    associatedtype Output: Sendable
    /// What is kept for each key: a struct whose properties are the states. A plain property is a
    /// value state, an `Array` a list, a `Dictionary` a map; see also ``ReducingState``,
    /// ``AggregatingState`` and ``ExpiringState``.
    ///
    /// For checkpoints it must be `Codable`, a `Record` or a `StateValue`; no more is needed, timers
    /// are saved by themselves. No class may be in it: a snapshot is written while the function goes
    /// on, and two copies of a reference are one object.
    associatedtype State: Sendable

    /// The state of a key that has none yet.
    var initialState: State { get }
    /// Whether a state says no more than none at all, so that its key is forgotten. Asked after each
    /// call. Unless defined otherwise: whether it equals ``initialState``, where states can be
    /// compared, and never, where they cannot.
    func isEmpty(_ state: State) -> Bool
    /// How long the state of a key is kept after the last call for the key. Unless defined otherwise
    /// `.forever`: until it is empty, or cleared.
    ///
    /// Exact: a record or timer at `last call + span`, or later, finds the initial state, whether the
    /// state has been cleaned up by then or not. In event time, calls count by the time of their
    /// record or timer, and clean-up follows the watermark.
    var retention: StateRetention { get }
    /// The outputs beside the main one; none unless defined otherwise.
    var sideOutputs: [any SideOutputDeclaration] { get }

    /// Called once for each subtask, before its first record and off the workers, so it may block:
    /// the place to open what the function needs. Does nothing unless defined otherwise.
    mutating func open(_ context: FunctionContext) throws
    /// Called once for each ``open(_:)`` that succeeded, also when the job fails or is aborted: after
    /// the last record and timer, before the end is passed on. Does nothing unless defined otherwise.
    mutating func close() throws
}

extension KeyedFunction {
    @inlinable public func isEmpty(_ state: State) -> Bool { false }
    @inlinable public var retention: StateRetention { .forever }
    @inlinable public var sideOutputs: [any SideOutputDeclaration] { [] }
    @inlinable public mutating func open(_ context: FunctionContext) throws {}
    @inlinable public mutating func close() throws {}
}

extension KeyedFunction where State: Equatable {
    @inlinable public func isEmpty(_ state: State) -> Bool { state == initialState }
}

extension KeyedFunction where State == NoState {
    @inlinable public var initialState: NoState { NoState() }
}

/// The state of a function that keeps none.
public struct NoState: Hashable, Codable, Sendable {
    /// The only value.
    @inlinable public init() {}
}

/// Where a function is opened.
public struct FunctionContext: Sendable {
    /// The job's name.
    public let job: String
    /// The operator's name.
    public let operatorName: String
    /// The index of the parallel instance, from 0.
    public let subtask: Int
    /// The number of parallel instances.
    public let parallelism: Int

    @inlinable init(_ context: SubtaskContext) {
        job = context.job
        operatorName = context.operatorName
        subtask = context.subtask
        parallelism = context.parallelism
    }
}

/// A timer that has fired.
public struct FiredTimer: Hashable, Sendable {
    /// The time that it was registered for.
    public let time: Timestamp
    /// The clock that it was registered on.
    public let domain: TimeDomain

    @inlinable init(time: Timestamp, domain: TimeDomain) {
        self.time = time
        self.domain = domain
    }
}

/// A user's function failed when a timer fired.
public struct TimerFailure: Error, CustomStringConvertible {
    /// The timer.
    public let timer: FiredTimer
    /// Its key, as text.
    public let key: String
    /// What the function threw.
    public let cause: any Error

    @usableFromInline init(timer: FiredTimer, key: some Any, cause: any Error) {
        self.timer = timer
        self.key = String(String(describing: key).prefix(500))
        self.cause = cause
    }

    public var description: String {
        let clock = timer.domain == .eventTime ? "event time" : "processing time"
        return "\(cause), in the timer of the key \(key) at \(timer.time) (\(clock))"
    }
}

/// A function emitted to a side output that its operator does not have.
public struct UndeclaredSideOutput: Error, Equatable, Sendable, CustomStringConvertible {
    /// The name that was asked for.
    public let name: String

    @usableFromInline init(name: String) { self.name = name }

    public var description: String {
        "there is no side output '\(name)' of this type. List it in the function's `sideOutputs`"
    }
}

extension TimerFailure: RetryableError {
    /// As its cause.
    public var isRetryable: Bool { cause.mayPass }
}

extension UndeclaredSideOutput: RetryableError {
    /// No: the program is at fault.
    public var isRetryable: Bool { false }
}
