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

    fileprivate struct State {
        var random: SeededGenerator
        var now: UInt64 = 1
        var queues: [RunQueue] = []
        var timers: [Timer] = []
        var timersMade = 0
        var steps = 0
        /// What was chosen at each step, folded into one number.
        var schedule: UInt64 = 0
        /// Answers what memory the process is to be thought to take.
        var readMemory: @Sendable () -> ProcessMemory? = { nil }
        /// What is added to the virtual time to get the time of day.
        var wallClockOffset: Int64 = 0
    }

    fileprivate struct RunQueue {
        var tasklets: [Tasklet] = []
        var first = 0
        /// Until when nothing in it runs.
        var stalledUntil: UInt64 = 0
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

    fileprivate struct Timer {
        let due: UInt64
        let number: Int
        let body: @Sendable () -> Void
    }

    fileprivate enum Work {
        case tasklet(Tasklet)
        case timer(@Sendable () -> Void)
        case job(UnownedJob)
        /// Time has passed.
        case nothing
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

    /// Creates the executor of a process that takes another's place: time goes on where that was.
    init(seed: UInt64, after other: ManualExecutor) {
        let (now, offset) = other.state.withLock { ($0.now, $0.wallClockOffset) }
        state = Locked(
            State(random: SeededGenerator(seed: seed), now: now, wallClockOffset: offset))
        maximumTick = other.maximumTick
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
        let microseconds = Int64(nanoseconds() / 1_000)
        return Self.firstDay.advanced(
            byMicroseconds: microseconds + state.withLock { $0.wallClockOffset })
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

    public func memory() -> ProcessMemory? { state.withLock { $0.readMemory }() }

    /// Has the process seem to take memory, so that jobs watch it; by default it is not known, and not
    /// watched. A job that watches sets timers, so that a run which stalls is found to be endless.
    public func reportMemory(_ read: @escaping @Sendable () -> ProcessMemory?) {
        state.withLock { $0.readMemory = read }
    }

    // MARK: - Disturbances

    /// Sets the clock on the wall forward, or back; time passes as before.
    func setWallClock(by span: Duration) {
        state.withLock { $0.wallClockOffset += span.wholeMicroseconds }
    }

    /// Has one of the workers and lanes, picked by `choice`, run nothing for a while.
    func stallQueue(_ choice: Int, for span: Duration) {
        let nanoseconds = UInt64(max(0, span.wholeMicroseconds)) * 1_000
        state.withLock { state in
            guard !state.queues.isEmpty else { return }
            state.queues[choice % state.queues.count].stalledUntil = state.now + nanoseconds
        }
    }

    // MARK: - Running

    /// What was run at each step, as one number: two runs that went the same way have the same.
    public var schedule: UInt64 { state.withLock { $0.schedule } }
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
        case .nothing: break
        }
        return true
    }

    private func next() -> Work? {
        state.withLock { state in
            state.steps += 1
            var ready = 0
            var stalledUntil = UInt64.max
            for queue in state.queues where !queue.isEmpty {
                if queue.stalledUntil <= state.now {
                    ready += 1
                } else {
                    stalledUntil = min(stalledUntil, queue.stalledUntil)
                }
            }
            let timer = state.firstTimer
            let dueTimer = timer.flatMap { state.timers[$0].due <= state.now ? $0 : nil }
            let choices = ready + (dueTimer == nil ? 0 : 1) + (jobs.isEmpty ? 0 : 1)
            guard choices > 0 else { return state.jump(timer, stalledUntil) }
            let choice = Int.random(in: 0..<choices, using: &state.random)
            state.note(choice)
            if choice < ready { return .tasklet(state.popReady(choice)) }
            if choice == ready, let dueTimer {
                return .timer(state.timers.remove(at: dueTimer).body)
            }
            return jobs.pop().map { .job($0) }
        }
    }
}

extension ManualExecutor.State {
    /// The timer that is due first, in the order in which timers were made.
    fileprivate var firstTimer: Int? {
        timers.indices.min {
            (timers[$0].due, timers[$0].number) < (timers[$1].due, timers[$1].number)
        }
    }

    /// Lets time pass until there is something to run; `nil` when there never will be.
    fileprivate mutating func jump(_ timer: Int?, _ stalledUntil: UInt64) -> ManualExecutor.Work? {
        if let timer, timers[timer].due <= stalledUntil {
            now = max(now, timers[timer].due)
            return .timer(timers.remove(at: timer).body)
        }
        guard stalledUntil < .max else { return nil }
        now = stalledUntil
        return .nothing
    }

    /// Takes what is at the front of the n-th queue that is ready.
    fileprivate mutating func popReady(_ number: Int) -> Tasklet {
        var left = number
        for index in queues.indices
        where !queues[index].isEmpty && queues[index].stalledUntil <= now {
            if left == 0 { return queues[index].popFirst() }
            left -= 1
        }
        preconditionFailure("fewer queues are ready than were counted")
    }

    fileprivate mutating func note(_ choice: Int) {
        schedule = (schedule ^ UInt64(choice) ^ now) &* 0x9e37_79b9_7f4a_7c15
        schedule ^= schedule >> 29
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
