import WeirCore
import WeirTesting

@testable import WeirRuntime

/// A clock in virtual time whose asynchronous work runs on the test's thread, in order.
final class SteppedClock: ProcessingClock {
    let executor = ManualExecutor(seed: 7, maximumTick: .zero)
    private struct State {
        var due = Timestamp.latest
        var isRequested = false
    }
    private let state = Locked(State())

    func now() -> Timestamp { executor.wallClock() }

    func requestTick(at time: Timestamp) {
        let isEarlier = state.withLock { state in
            defer { state.due = min(state.due, time) }
            return time < state.due
        }
        if isEarlier { executor.schedule(after: time - now()) {} }
    }
    func requestTick() { state.withLock { $0.isRequested = true } }
    func startTask(_ body: @escaping @Sendable () async -> Void) { executor.startTask(body) }

    /// The time, if a tick is due.
    func takeTick() -> Timestamp? {
        let now = now()
        return state.withLock { state in
            guard state.isRequested || state.due <= now else { return nil }
            state.isRequested = false
            if state.due <= now { state.due = .latest }
            return now
        }
    }

    /// Waits in virtual time.
    func sleep(_ span: Duration) async {
        await withCheckedContinuation { continuation in
            executor.schedule(after: span) { continuation.resume() }
        }
    }
}

/// Drives a step with asynchronous work as the runtime would, in virtual time, on one thread.
final class AsyncHarness<Input: Sendable, Output> {
    let clock: SteppedClock
    let context: SubtaskContext
    let output: OutputProbe<Output>
    private let step: Step<Input>
    private var batch = Batch<Input>()
    private(set) var isSuspended = false
    private var hasEnded = false
    /// How often the step has answered that it was not done.
    private(set) var suspensions = 0

    init(
        batchSize: Int = 1_024, parallelism: Int = 1, refusing refusal: Refusal = .never,
        clock: SteppedClock = SteppedClock(),
        _ make: (SubtaskContext, SteppedClock, Step<Output>) throws -> Step<Input>
    ) throws {
        self.clock = clock
        context = SubtaskContext(
            job: "test", operatorName: "step", subtask: 0, parallelism: parallelism,
            batchSize: batchSize, clock: clock)
        output = OutputProbe(refusing: refusal)
        step = try make(context, clock, output.step)
    }

    var records: [Output] { output.records }
    var counters: OperatorCounters { context.counters }
    /// Since the harness was made.
    var elapsed: Duration { clock.executor.now - .nanoseconds(1) }

    /// Hands over a batch once the step is ready for it.
    func send(_ records: [(Input, at: Timestamp)]) throws {
        try waitUntilReady()
        for (record, time) in records { batch.append(record, at: time) }
        note(try step.process(&batch))
    }

    func send(_ signal: Signal) throws {
        try waitUntilReady()
        note(try step.signal(signal))
    }

    /// Sends the end, and runs until the step has passed it on.
    func end() throws {
        try send(.end)
        try waitUntilReady()
        hasEnded = true
    }

    /// Runs until nothing is left to run, and time has passed all that was waited for.
    func settle() throws {
        while try advance() {}
    }

    /// Runs until that time, and all that is ready then.
    func run(until span: Duration) throws {
        clock.executor.schedule(after: span - elapsed) {}
        while elapsed < span, try advance() {}
        // A timer that is due keeps time from passing while the rest is run.
        for _ in 0..<60 {
            let fired = SharedCount()
            clock.executor.schedule(after: .zero) { fired.add(1) }
            while fired.current == 0, try advance() {}
        }
    }

    private func waitUntilReady() throws {
        while isSuspended {
            guard try advance() || !isSuspended else {
                throw StepContractViolation("the step is suspended, and nothing will resume it")
            }
        }
    }

    private func advance() throws -> Bool {
        if try deliver() { return true }
        return clock.executor.step()
    }

    /// Resumes the step, or hands it a tick that is due; answers whether that changed anything.
    private func deliver() throws -> Bool {
        guard !hasEnded else { return false }
        let tick = clock.takeTick()
        guard isSuspended else {
            if let tick { note(try step.signal(.tick(tick))) }
            return tick != nil
        }
        let emitted = output.emissions.count
        // An output that always refuses is resumed twice.
        for _ in 0..<3 where isSuspended { note(try step.resume()) }
        return !isSuspended || output.emissions.count != emitted || tick != nil
    }

    private func note(_ progress: Progress) {
        isSuspended = progress != .done
        if isSuspended { suspensions += 1 }
    }
}
