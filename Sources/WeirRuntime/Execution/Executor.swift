public import WeirCore

/// Runs tasklets: the only way in which the engine starts work, reads a clock or waits.
///
/// Two kinds exist: ``DispatchExecutor``, and the deterministic one of the simulator.
public protocol Executor: Sendable {
    /// A worker: runs the tasklets given to it one at a time.
    func makeWorker(_ index: Int) -> any Worker
    /// A worker whose tasklets may block without holding up any other.
    func makeLane(_ name: String) -> any Worker
    /// Time since some fixed point, in nanoseconds, never going back.
    func nanoseconds() -> UInt64
    /// The time of day: processing time, as operators and users see it. It may be set.
    func wallClock() -> Timestamp
    /// Starts asynchronous work.
    func startTask(_ body: @escaping @Sendable () async -> Void)
    /// Calls `body` once, after `span`, on some thread.
    func schedule(after span: Duration, _ body: @escaping @Sendable () -> Void)
    /// What memory the process takes and may take; may read files. The default, `nil`: not known, and
    /// then it is not watched.
    func memory() -> ProcessMemory?
}

extension Executor {
    public func memory() -> ProcessMemory? { nil }
}

/// Something that runs tasklets one at a time, in the order in which they were enqueued.
public protocol Worker: Sendable {
    /// Has `tasklet` run soon. Safe to call from any thread.
    func enqueue(_ tasklet: Tasklet)
}
