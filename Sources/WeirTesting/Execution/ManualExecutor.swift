public import WeirCore
public import WeirRuntime

/// Runs whole jobs on one thread, in virtual time, in an order that its seed decides.
///
/// Every worker and lane is a run queue. Each step takes one of the queues that have something to
/// run, by the seeded generator, and runs what is at its front; so the tasklets of a job meet in
/// another order for each seed, and in the same order whenever the seed is the same. Lanes run in
/// turn like workers: what would block holds up everything.
///
/// The clock stands still but for a small random step forward whenever it is read, so that turns end
/// at random too. When nothing is ready it jumps to the next timer. When there is no timer either
/// and the job has not ended, nothing will ever happen again: ``run(maximumSteps:_:)`` then throws,
/// where another executor would hang.
///
/// ```swift
/// let executor = ManualExecutor(seed: 7)
/// let execution = JobExecution(plan, executor: executor)
/// executor.schedule(after: .milliseconds(3)) { execution.requestStop() }
/// let summary = try executor.run { try await execution.run() }
/// ```
///
/// Use one executor for one run. Work that leaves it, such as a sink that awaits a detached task,
/// is not seen, and makes a run look stalled.
public final class ManualExecutor: WeirRuntime.Executor {
    private let state: Locked<State>
    private let maximumTick: UInt64
    private let jobs = JobQueue()

    private struct State {
        var random: SeededGenerator
        var now: UInt64 = 1
        var queues: [RunQueue] = []
        var timers: [Timer] = []
        var timersMade = 0
        var steps = 0
    }

    private struct RunQueue {
        var tasklets: [Tasklet] = []
        var first = 0
        var isEmpty: Bool { first == tasklets.count }

        mutating func popFirst() -> Tasklet {
            defer {
                first += 1
                if first == tasklets.count {
                    tasklets.removeAll(keepingCapacity: true)
                    first = 0
                }
            }
            return tasklets[first]
        }
    }

    private struct Timer {
        let due: UInt64
        let number: Int
        let body: @Sendable () -> Void
    }

    private enum Work {
        case tasklet(Tasklet)
        case timer(@Sendable () -> Void)
        case job(UnownedJob)
    }

    /// Creates an executor.
    ///
    /// - Parameters:
    ///   - seed: Decides the order of everything.
    ///   - maximumTick: The most that the clock moves when it is read; zero makes it stand still
    ///     until nothing is ready, so that turns end only where they run out of input or output.
    public init(seed: UInt64, maximumTick: Duration = .microseconds(100)) {
        state = Locked(State(random: SeededGenerator(seed: seed)))
        self.maximumTick = UInt64(max(0, maximumTick.wholeMicroseconds)) * 1_000
    }

    // MARK: - Executor

    public func makeWorker(_ index: Int) -> any Worker { makeQueue() }
    public func makeLane(_ name: String) -> any Worker { makeQueue() }

    private func makeQueue() -> any Worker {
        state.withLock { state in
            state.queues.append(RunQueue())
            return ManualWorker(executor: self, index: state.queues.count - 1)
        }
    }

    public func nanoseconds() -> UInt64 {
        state.withLock { state in
            if maximumTick > 0 {
                state.now += UInt64.random(in: 0...maximumTick, using: &state.random)
            }
            return state.now
        }
    }

    /// The time of day: the virtual time from the start of 2026 on.
    public func wallClock() -> Timestamp {
        Self.firstDay.advanced(byMicroseconds: Int64(nanoseconds() / 1_000))
    }

    private static let firstDay = Timestamp(microseconds: 1_767_225_600_000_000)

    /// Starts asynchronous work, whose pieces run in turn with everything else. What it awaits must
    /// come from this executor too: time that passes outside is not seen.
    public func startTask(_ body: @escaping @Sendable () async -> Void) {
        Task(executorPreference: jobs) { await body() }
    }

    public func schedule(after span: Duration, _ body: @escaping @Sendable () -> Void) {
        let microseconds = UInt64(max(0, min(span.wholeMicroseconds, Int64.max / 4_000)))
        state.withLock { state in
            state.timersMade += 1
            state.timers.append(
                Timer(
                    due: state.now + microseconds * 1_000, number: state.timersMade, body: body))
        }
    }

    fileprivate func enqueue(_ tasklet: Tasklet, on index: Int) {
        state.withLock { $0.queues[index].tasklets.append(tasklet) }
    }

    // MARK: - Running

    /// The turns, timers and asynchronous pieces run so far.
    public var steps: Int { state.withLock { $0.steps } }
    /// The timers that have not fired.
    public var pendingTimers: Int { state.withLock { $0.timers.count } }
    /// The virtual time, without moving it.
    public var now: Duration { .nanoseconds(Int64(state.withLock { $0.now })) }

    /// Runs `body`, and whatever it has this executor run, on the calling thread.
    ///
    /// - Parameter maximumSteps: Where to give up on a body that never ends.
    /// - Throws: What `body` throws; ``ManualExecutorError`` when it can never end, or has not.
    public func run<Value: Sendable>(
        maximumSteps: Int = 20_000_000, _ body: @escaping @Sendable () async throws -> Value
    ) throws -> Value {
        let outcome = Outcome<Value>()
        Task(executorPreference: jobs) {
            do { outcome.set(.success(try await body())) } catch { outcome.set(.failure(error)) }
        }
        while true {
            if let result = outcome.result { return try result.get() }
            let steps = self.steps
            guard steps < maximumSteps else { throw ManualExecutorError.endless(steps: steps) }
            guard step() else { throw ManualExecutorError.stalled(steps: steps) }
        }
    }

    /// Runs one thing that is ready; answers whether there was one, or a timer to jump to.
    @discardableResult
    public func step() -> Bool {
        guard let work = next() else { return false }
        switch work {
        case .tasklet(let tasklet): tasklet.run()
        case .timer(let body): body()
        case .job(let job): jobs.run(job)
        }
        return true
    }

    private func next() -> Work? {
        state.withLock { state in
            // The timer that is due first, in the order in which timers were made.
            let timer = state.timers.indices.min {
                (state.timers[$0].due, state.timers[$0].number)
                    < (state.timers[$1].due, state.timers[$1].number)
            }
            let ready = state.queues.indices.filter { !state.queues[$0].isEmpty }
            let dueTimer = timer.flatMap { state.timers[$0].due <= state.now ? $0 : nil }
            let choices = ready.count + (dueTimer == nil ? 0 : 1) + (jobs.isEmpty ? 0 : 1)
            state.steps += 1
            guard choices > 0 else {
                guard let timer else { return nil }
                state.now = max(state.now, state.timers[timer].due)
                return .timer(state.timers.remove(at: timer).body)
            }
            let choice = Int.random(in: 0..<choices, using: &state.random)
            if choice < ready.count { return .tasklet(state.queues[ready[choice]].popFirst()) }
            if choice == ready.count, let dueTimer {
                return .timer(state.timers.remove(at: dueTimer).body)
            }
            return jobs.pop().map { .job($0) }
        }
    }
}

/// Why a run on a ``ManualExecutor`` was given up.
public enum ManualExecutorError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Nothing is ready and no timer is set, but the body has not ended.
    case stalled(steps: Int)
    /// The body has not ended after so many steps.
    case endless(steps: Int)

    public var description: String {
        switch self {
        case .stalled(let steps):
            "stalled after \(steps) steps: nothing is ready and no timer is set, so the run would "
                + "never end. Look for a wake-up that was lost, or for work outside the executor."
        case .endless(let steps):
            "not ended after \(steps) steps. Look for a tasklet that yields for ever, or raise "
                + "`maximumSteps`."
        }
    }
}

/// A run queue of a ``ManualExecutor``.
private struct ManualWorker: Worker {
    let executor: ManualExecutor
    let index: Int

    func enqueue(_ tasklet: Tasklet) { executor.enqueue(tasklet, on: index) }
}

/// The pieces of asynchronous functions that are ready to run.
private final class JobQueue: TaskExecutor {
    private let ready = Locked<[UnownedJob]>([])

    var isEmpty: Bool { ready.withLock { $0.isEmpty } }
    func pop() -> UnownedJob? { ready.withLock { $0.isEmpty ? nil : $0.removeFirst() } }
    func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        ready.withLock { $0.append(unowned) }
    }
    func run(_ job: UnownedJob) { job.runSynchronously(on: asUnownedTaskExecutor()) }
}

/// Where a body leaves what it came to.
private final class Outcome<Value: Sendable>: Sendable {
    private let state = Locked<Result<Value, any Error>?>(nil)

    var result: Result<Value, any Error>? { state.withLock { $0 } }
    func set(_ result: Result<Value, any Error>) { state.withLock { $0 = result } }
}
