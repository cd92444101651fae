public import Dispatch
import WeirCore

/// Runs each worker on a serial Dispatch queue, and each blocking connector on one of its own.
public struct DispatchExecutor: Executor {
    /// Makes an executor; it holds nothing until asked for workers.
    public init() {}

    public func makeWorker(_ index: Int) -> any Worker {
        DispatchWorker(DispatchQueue(label: "weir.worker.\(index)", qos: .userInitiated))
    }

    public func makeLane(_ name: String) -> any Worker {
        DispatchWorker(DispatchQueue(label: "weir.lane.\(name)", qos: .utility))
    }

    public func nanoseconds() -> UInt64 { DispatchTime.now().uptimeNanoseconds }

    public func schedule(after span: Duration, _ body: @escaping @Sendable () -> Void) {
        let nanoseconds = Int(
            clamping: span.wholeMicroseconds.multipliedReportingOverflow(by: 1_000).0)
        DispatchQueue.global(qos: .utility)
            .asyncAfter(deadline: .now() + .nanoseconds(max(0, nanoseconds)), execute: body)
    }
}

/// A worker: one serial queue.
public final class DispatchWorker: Worker {
    private let queue: DispatchQueue

    /// Runs tasklets on `queue`, which must be serial.
    public init(_ queue: DispatchQueue) { self.queue = queue }

    public func enqueue(_ tasklet: Tasklet) { queue.async { tasklet.run() } }
}
