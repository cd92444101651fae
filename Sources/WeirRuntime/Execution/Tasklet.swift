import Synchronization
public import WeirCore

/// A chain running: a unit of cooperative work, pinned to one worker.
///
/// A turn takes what input there is, returns within about a millisecond, and never waits. A tasklet
/// runs again only when something has woken it: input, room in an output that was full, or a timer.
public final class Tasklet: @unchecked Sendable {
    // Unchecked: `body` and `close` are set before the first wake and then run by the worker alone,
    // one turn at a time, which `state` ensures.
    /// For messages: operator and subtask.
    public let name: String
    /// Nanoseconds spent in turns.
    public let busyNanoseconds = Counter()
    /// Nanoseconds spent waiting for room in an output.
    public let blockedNanoseconds = Counter()

    private let worker: any Worker
    private let executor: any Executor
    private let state = Atomic<Int>(State.idle)
    private var body: () throws -> Turn = { .finished }
    private var close: () -> Void = {}
    private var onFailure: @Sendable (any Error) -> Void = { _ in }
    private var onFinish: @Sendable () -> Void = {}
    private let isCancelled = Atomic<Bool>(false)
    private let blockedSince = Atomic<Int>(0)

    private enum State {
        static let idle = 0, scheduled = 1, running = 2, notified = 3, finished = 4, held = 5
    }

    /// What a turn came to.
    public enum Turn: Sendable {
        /// There is more to do at once.
        case again
        /// Nothing to do until woken.
        case idle
        /// The output is full; nothing to do until woken.
        case blocked
        /// Nothing to do, ever.
        case finished
    }

    /// Makes a tasklet that does nothing until it is prepared and woken.
    public init(name: String, worker: any Worker, executor: any Executor) {
        self.name = name
        self.worker = worker
        self.executor = executor
    }

    /// Says what the tasklet does; once, before it is first woken.
    ///
    /// - Parameters:
    ///   - turn: One turn.
    ///   - close: Releases what the tasklet holds, after a cancellation.
    ///   - onFailure: Told what a turn has thrown.
    ///   - onFinish: Told once, when the last turn is over.
    public func prepare(
        turn: @escaping () throws -> Turn, close: @escaping () -> Void,
        onFailure: @escaping @Sendable (any Error) -> Void, onFinish: @escaping @Sendable () -> Void
    ) {
        body = turn
        self.close = close
        self.onFailure = onFailure
        self.onFinish = onFinish
    }

    /// Keeps the tasklet from running until ``release()``: a step that is restored may ask for a tick
    /// while the job is still being put together. To be called before the first wake.
    public func hold() { state.store(State.held, ordering: .releasing) }

    /// Lets the tasklet run, and wakes it.
    public func release() {
        _ = state.compareExchange(
            expected: State.held, desired: State.idle, ordering: .acquiringAndReleasing)
        wake()
    }

    /// Has the tasklet run a turn soon; does nothing if that is already due.
    ///
    /// Safe to call from any thread. A wake during a turn leads to one more turn after it.
    public func wake() {
        while true {
            let now = state.load(ordering: .sequentiallyConsistent)
            let next: Int
            switch now {
            case State.idle: next = State.scheduled
            case State.running: next = State.notified
            default: return
            }
            let (isDone, _) = state.compareExchange(
                expected: now, desired: next, ordering: .acquiringAndReleasing)
            guard isDone else { continue }
            if next == State.scheduled { worker.enqueue(self) }
            return
        }
    }

    /// Has the tasklet release what it holds, instead of another turn.
    public func cancel() {
        isCancelled.store(true, ordering: .sequentiallyConsistent)
        wake()
    }

    /// Releases what the tasklet holds, and keeps it from ever running: for a job that could not be put
    /// together. To be called before the first wake, or while it is held; nobody is told.
    func discard() {
        state.store(State.finished, ordering: .releasing)
        close()
        forget()
    }

    /// Runs one turn; called by the worker alone.
    public func run() {
        // A wake that still sees `scheduled` counts on this turn to find what it was for. So the turn
        // must not look at its queues before its start can be seen: an exchange keeps that order,
        // where a releasing store would let a later load pass it, and a wake would be lost.
        _ = state.exchange(State.running, ordering: .sequentiallyConsistent)
        let started = executor.nanoseconds()
        noteUnblocked(at: started)
        let turn = isCancelled.load(ordering: .sequentiallyConsistent) ? cancelled() : guarded()
        let ended = executor.nanoseconds()
        busyNanoseconds.add(Int(ended - started))
        settle(turn, at: ended)
    }

    private func guarded() -> Turn {
        do { return try body() } catch {
            onFailure(error)
            return cancelled()
        }
    }

    private func cancelled() -> Turn {
        close()
        return .finished
    }

    private func settle(_ turn: Turn, at time: UInt64) {
        switch turn {
        case .finished:
            state.store(State.finished, ordering: .releasing)
            onFinish()
            forget()
        case .again: reschedule()
        case .blocked, .idle:
            if turn == .blocked { blockedSince.store(Int(time), ordering: .relaxed) }
            let (isIdle, _) = state.compareExchange(
                expected: State.running, desired: State.idle, ordering: .acquiringAndReleasing)
            if !isIdle { reschedule() }
        }
    }

    /// Lets go of what leads back to queues, steps and the execution, which lead here.
    private func forget() {
        body = { .finished }
        close = {}
        onFailure = { _ in }
        onFinish = {}
    }

    private func reschedule() {
        state.store(State.scheduled, ordering: .releasing)
        worker.enqueue(self)
    }

    private func noteUnblocked(at time: UInt64) {
        let since = blockedSince.load(ordering: .relaxed)
        guard since != 0 else { return }
        blockedNanoseconds.add(Int(time) - since)
        blockedSince.store(0, ordering: .relaxed)
    }

    /// Nanoseconds spent waiting for room, the present wait included.
    public func blockedNanoseconds(at time: UInt64) -> Int {
        let since = blockedSince.load(ordering: .relaxed)
        return blockedNanoseconds.current + (since == 0 ? 0 : max(0, Int(time) - since))
    }
}
