public import WeirCore

/// Drives a step by hand: what is sent goes in at once, what comes out can be read.
///
/// ```swift
/// let harness = try StepHarness<Int, Int> { context, next in
///     mapStep(context, into: next) { $0 * 2 }
/// }
/// try harness.send(3, at: .epoch)
/// #expect(harness.records == [6])
/// ```
///
/// A late output, or any other beside the main one, is an ``OutputProbe`` of its own that the closure
/// captures.
public final class StepHarness<Input, Output> {
    /// The step's input.
    public let input: InputDriver<Input>
    /// The step's main output.
    public let output: OutputProbe<Output>
    /// Where the step believes to run; its counters are the step's side of the ledger.
    public let context: SubtaskContext

    /// Makes the step and an output below it.
    ///
    /// - Parameters:
    ///   - context: Where the step runs.
    ///   - refusal: How often the output refuses.
    public init(
        _ context: SubtaskContext = .forTesting(), refusing refusal: Refusal = .never,
        _ make: (SubtaskContext, Step<Output>) throws -> Step<Input>
    ) throws {
        self.context = context
        output = OutputProbe(refusing: refusal)
        input = InputDriver(try make(context, output.step), in: context)
    }

    /// All that came out, in order.
    public var emissions: [Emission<Output>] { output.emissions }
    /// The records that came out.
    public var records: [Output] { output.records }
    /// What the step keeps, as text.
    public var state: [StateViews.Entry] { context.state.entries }

    /// Sends one record.
    public func send(_ record: Input, at time: Timestamp = .epoch, split: Int = 0) throws {
        try input.send(record, at: time, split: split)
    }
    /// Sends records as one batch.
    public func send(_ records: [(Input, at: Timestamp)], split: Int = 0) throws {
        try input.send(records, split: split)
    }
    /// Sends a mark.
    public func send(_ signal: Signal) throws { try input.send(signal) }
    /// Sends a watermark.
    public func advanceWatermark(to time: Timestamp) throws { try send(.watermark(time)) }
    /// Moves processing time on, and sends a tick whenever one that was asked for is due.
    public func advanceProcessingTime(to time: Timestamp) throws {
        try context.manualClock.advance(to: time) { try send(.tick($0)) }
    }
    /// Waits for the asynchronous work that the step has started, and sends the ticks that it asks for.
    public func settle() async throws {
        await context.manualClock.settle()
        try advanceProcessingTime(to: context.clock.now())
    }
}

/// Drives a step with two input ports, such as a join.
public final class TwoPortHarness<Left, Right, Output> {
    /// The first port.
    public let left: InputDriver<Left>
    /// The second port.
    public let right: InputDriver<Right>
    /// The main output.
    public let output: OutputProbe<Output>
    /// Where the steps believe to run.
    public let context: SubtaskContext

    /// All that came out, in order.
    public var emissions: [Emission<Output>] { output.emissions }
    /// The records that came out.
    public var records: [Output] { output.records }
    /// What the steps keep, as text.
    public var state: [StateViews.Entry] { context.state.entries }

    /// Sends a watermark to both ports, the first one first.
    public func advanceWatermark(to time: Timestamp) throws {
        try left.send(.watermark(time))
        try right.send(.watermark(time))
    }
    /// Moves processing time on, and sends a tick, through the first port, whenever one that was
    /// asked for is due.
    public func advanceProcessingTime(to time: Timestamp) throws {
        try context.manualClock.advance(to: time) { try left.send(.tick($0)) }
    }
    /// Waits for the asynchronous work that the steps have started, and sends the ticks that it asks for.
    public func settle() async throws {
        await context.manualClock.settle()
        try advanceProcessingTime(to: context.clock.now())
    }

    /// Makes the two steps and an output below them.
    public init(
        _ context: SubtaskContext = .forTesting(), refusing refusal: Refusal = .never,
        _ make: (SubtaskContext, Step<Output>) throws -> (Step<Left>, Step<Right>)
    ) throws {
        self.context = context
        output = OutputProbe(refusing: refusal)
        let (leftStep, rightStep) = try make(context, output.step)
        left = InputDriver(leftStep, in: context)
        right = InputDriver(rightStep, in: context)
    }
}

extension SubtaskContext {
    /// A subtask for a step under test, with counters of its own and a ``ManualClock`` that stands at
    /// `now`; alone in its operator unless said otherwise.
    public static func forTesting(
        batchSize: Int = 1_024, subtask: Int = 0, parallelism: Int = 1, splits: Int = 1,
        sideOutputs: Int = 0, now: Timestamp = .epoch, backend: StateBackend = .memory
    ) -> SubtaskContext {
        SubtaskContext(
            job: "test", operatorName: "step", subtask: subtask, parallelism: parallelism,
            batchSize: batchSize, counters: OperatorCounters(sideOutputs: sideOutputs),
            splits: SplitWatermarks(count: splits), clock: ManualClock(now: now),
            kept: OperatorState(backend: backend))
    }

    /// The clock of a context made for testing; one that never ticks where the context has another.
    var manualClock: ManualClock { clock as? ManualClock ?? ManualClock() }
}
