import Dispatch
import Foundation
public import WeirCore

/// Runs the workers on Dispatch's pool of a thread for each core, and each blocking connector on a
/// serial queue of its own, which may have a thread more.
public struct DispatchExecutor: Executor {
    /// Makes an executor; it holds nothing until asked for workers.
    public init() {}

    public func makeWorker(_ index: Int) -> any Worker {
        DispatchWorker(pool: DispatchQueue.global(qos: .userInitiated))
    }

    public func makeLane(_ name: String) -> any Worker {
        DispatchLane(DispatchQueue(label: "weir.lane.\(name)", qos: .utility))
    }

    public func nanoseconds() -> UInt64 { DispatchTime.now().uptimeNanoseconds }

    public func wallClock() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }

    public func memory() -> ProcessMemory? { ProcessMemory.current }

    public func startTask(_ body: @escaping @Sendable () async -> Void) {
        Task.detached { await body() }
    }

    public func schedule(after span: Duration, _ body: @escaping @Sendable () -> Void) {
        let nanoseconds = Int(
            clamping: span.wholeMicroseconds.multipliedReportingOverflow(by: 1_000).0)
        DispatchQueue.global(qos: .utility)
            .asyncAfter(deadline: .now() + .nanoseconds(max(0, nanoseconds)), execute: body)
    }
}
