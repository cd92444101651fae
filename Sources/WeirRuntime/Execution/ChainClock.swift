import Synchronization
import WeirCore

/// The clock of one chain: wakes its tasklet when a time that a step asked for has come.
final class ChainClock: ProcessingClock, @unchecked Sendable {
    // Unchecked: `due` and `wakeDue` are touched by the chain's worker alone.
    private let executor: any Executor
    private let tasklet: Tasklet
    private let isRequested = Atomic<Bool>(false)
    private var due = Timestamp.latest
    /// The earliest wake that has been scheduled and has not come.
    private var wakeDue = Timestamp.latest

    init(executor: any Executor, tasklet: Tasklet) {
        self.executor = executor
        self.tasklet = tasklet
    }

    func now() -> Timestamp { executor.wallClock() }

    func requestTick(at time: Timestamp) {
        let now = now()
        if time < due {
            due = time
        } else if due > now {
            return
        }
        // A tick that is overdue waits for a chain that is suspended, and so is no wake to come.
        scheduleWake(at: time, now: now)
    }

    func requestTick() {
        isRequested.store(true, ordering: .sequentiallyConsistent)
        tasklet.wake()
    }

    func startTask(_ body: @escaping @Sendable () async -> Void) { executor.startTask(body) }

    /// The processing time if a tick is due; called by the chain at the start of a turn.
    func takeDue() -> Timestamp? {
        let wasRequested =
            isRequested.load(ordering: .relaxed)
            && isRequested.exchange(false, ordering: .sequentiallyConsistent)
        guard wasRequested || due < .latest else { return nil }
        let now = self.now()
        if now >= due {
            due = .latest
            return now
        }
        scheduleWake(at: due, now: now)
        return wasRequested ? now : nil
    }

    /// The wall clock may be set, so a wake can come too early or too late; what is early waits on.
    private func scheduleWake(at time: Timestamp, now: Timestamp) {
        if wakeDue <= now { wakeDue = .latest }
        guard time < wakeDue else { return }
        wakeDue = time
        let tasklet = self.tasklet
        let wait = time.microseconds.subtractingReportingOverflow(now.microseconds)
        let span = wait.overflow ? Int64.max / 4 : max(0, wait.partialValue)
        executor.schedule(after: .microseconds(span)) { tasklet.wake() }
    }
}
