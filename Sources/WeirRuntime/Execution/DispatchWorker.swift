public import Dispatch
import WeirCore

/// A worker: a queue of tasklets, run one at a time by whichever thread of a pool takes it up.
///
/// A serial Dispatch queue would do the same with a thread to itself, and sixteen of them on two
/// cores spend their time changing places. Here a thread that has taken up a worker runs what it has
/// for about a millisecond and goes to the end of the pool's queue with it, so that workers beyond
/// the cores take turns, and none waits for another that always has something to do.
public final class DispatchWorker: Worker {
    private let pool: DispatchQueue
    private let waiting = Locked(Waiting())
    private static let sliceNanoseconds: UInt64 = 1_000_000

    private struct Waiting {
        var tasklets: [Tasklet] = []
        var isTakenUp = false
    }

    /// Runs tasklets on `pool`, which must be a concurrent queue.
    public init(pool: DispatchQueue) { self.pool = pool }

    public func enqueue(_ tasklet: Tasklet) {
        let mustBeTakenUp = waiting.withLock { waiting in
            waiting.tasklets.append(tasklet)
            defer { waiting.isTakenUp = true }
            return !waiting.isTakenUp
        }
        if mustBeTakenUp { pool.async { self.runSlice() } }
    }

    private func runSlice() {
        let end = DispatchTime.now().uptimeNanoseconds + Self.sliceNanoseconds
        while let round = takeRound() {
            for tasklet in round { tasklet.run() }
            if DispatchTime.now().uptimeNanoseconds >= end {
                pool.async { self.runSlice() }
                return
            }
        }
    }

    /// What waits, in order; `nil`, and the worker is put down, when nothing does.
    private func takeRound() -> [Tasklet]? {
        waiting.withLock { waiting in
            guard !waiting.tasklets.isEmpty else {
                waiting.isTakenUp = false
                return nil
            }
            defer { waiting.tasklets = [] }
            return waiting.tasklets
        }
    }
}
