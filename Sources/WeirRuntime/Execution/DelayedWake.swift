import Synchronization
import WeirCore

/// Wakes a tasklet after a while; one wake at a time is on its way.
///
/// A timer costs several changes of thread. A wait that was over before its timer fired must not leave
/// that behind, to fire beside those of the waits that follow.
final class DelayedWake: Sendable {
    private let tasklet: Tasklet
    private let executor: any Executor
    private let isOnItsWay = Atomic<Bool>(false)

    init(_ tasklet: Tasklet, _ executor: any Executor) {
        self.tasklet = tasklet
        self.executor = executor
    }

    /// Has the tasklet woken after a span, or before, if a wake is on its way: one that finds it has
    /// still to wait asks again. So spans must end in the order in which they are asked for.
    func request(after span: Duration) {
        guard !isOnItsWay.exchange(true, ordering: .sequentiallyConsistent) else { return }
        executor.schedule(after: span) { [self] in
            // Before the wake: the turn that it leads to may ask for another.
            isOnItsWay.store(false, ordering: .sequentiallyConsistent)
            tasklet.wake()
        }
    }
}
