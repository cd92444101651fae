/// Processing time and asynchronous work, as an operator sees them: the only way in which a step
/// reads the clock, asks to be called later, or starts work beside the chain that it is in.
///
/// Tests and the simulator put virtual time behind it. All times are ``Timestamp``s of processing
/// time, microseconds since 1970 UTC.
public protocol ProcessingClock: AnyObject, Sendable {
    /// The processing time. Reading it costs tens of nanoseconds: once a batch, not once a record.
    func now() -> Timestamp

    /// Has the chain send ``Signal/tick(_:)`` once `time` has come; called by the worker alone.
    ///
    /// Requests are coalesced: only the earliest that is pending counts, and a tick ends it. An
    /// operator that waits for later times asks again when it gets a tick.
    func requestTick(at time: Timestamp)

    /// Has the chain send a tick as soon as it can; safe to call from any thread.
    ///
    /// A chain that is suspended is resumed instead.
    func requestTick()

    /// Starts asynchronous work beside the chain. It must not touch the step's state; it leaves its
    /// result where the worker finds it, and calls ``requestTick()``.
    func startTask(_ body: @escaping @Sendable () async -> Void)
}

/// A clock that stands still at the epoch and never ticks: for steps that do not ask for the time.
public final class StoppedClock: ProcessingClock {
    /// Makes a clock.
    public init() {}
    public func now() -> Timestamp { .epoch }
    public func requestTick(at time: Timestamp) {}
    public func requestTick() {}
    public func startTask(_ body: @escaping @Sendable () async -> Void) {
        Task.detached { await body() }
    }
}
