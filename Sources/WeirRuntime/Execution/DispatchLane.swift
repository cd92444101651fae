public import Dispatch

/// A worker for what may block: one serial queue.
///
/// Dispatch gives a serial queue of its own a thread beyond the pool's when the others are taken.
public final class DispatchLane: Worker {
    private let queue: DispatchQueue

    /// Runs tasklets on `queue`, which must be serial.
    public init(_ queue: DispatchQueue) { self.queue = queue }

    public func enqueue(_ tasklet: Tasklet) { queue.async { tasklet.run() } }
}
