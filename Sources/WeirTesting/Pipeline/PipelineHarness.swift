public import WeirCore
public import WeirGraph
import WeirRuntime

/// Drives a piece of a job by hand, as the job's own DSL describes it: what is sent goes in at once,
/// time stands still until it is told to go on, and all that comes out can be read.
///
/// ```swift
/// let harness = PipelineHarness()
/// let clicks = harness.input(of: Click.self, as: "clicks")
/// let counts = harness.output(
///     clicks.stream.keyed(by: \.user)
///         .windowed(.tumbling(.minutes(1)), late: .drop)
///         .aggregate(Count(), as: "per minute") { user, _, count in "\(user): \(count)" })
///
/// try clicks.send(Click(user: "ann"), at: .epoch)
/// try clicks.advanceWatermark(to: .epoch + .minutes(1))
/// #expect(counts.records == ["ann: 1"])
/// ```
///
/// One subtask, on the calling thread, without queues. Inputs carry the event times that they are
/// sent with; no `watermarked` is needed behind them. A side output is a stream like any other: give
/// it to ``output(of:refusing:)`` too. What operators keep is in ``state(of:)``, their side of the
/// ledger in ``counters(of:)``.
public final class PipelineHarness {
    let job = JobBuilder(name: "test")
    let clock: ManualClock
    private let batchSize: Int
    private var sends: [OperatorID: (AnyStep) throws -> Void] = [:]
    private var ticks: [(Timestamp) throws -> Void] = []
    private(set) var inputs: [OperatorID: (hasEnded: () -> Bool, end: () throws -> Void)] = [:]
    private(set) var flushes: [() throws -> Void] = []
    private(set) var contexts: [OperatorID: SubtaskContext] = [:]
    private var frameStarts: [(Int) -> Void] = []
    private var isBuilt = false

    /// Makes an empty harness whose processing time stands at `now`.
    ///
    /// - Parameter batchSize: The rows that the operators' own batches should have.
    public init(now: Timestamp = .epoch, batchSize: Int = 1_024) {
        clock = ManualClock(now: now)
        self.batchSize = batchSize
    }

    // MARK: - Describing

    /// A stream that the test feeds.
    public func input<Element: Sendable>(
        of type: Element.Type = Element.self, as name: String
    ) -> HarnessInput<Element> {
        // Of the kind that sets watermarks, so that validation finds some.
        let body = TransformBody { context, outputs, _ in
            [AnyStep(passStep(context, into: try outputs.step(0) as Step<Element>))]
        }
        let id = job.add(
            .watermarked, as: name, inputs: [], outputTypes: [Element.self], body: .transform(body))
        let input = HarnessInput<Element>(
            harness: self, stream: DataStream(job: job, output: OutputReference(id)))
        sends[id] = { input.driver = InputDriver(try $0.typed()) }
        ticks.append { try input.driver?.send(.tick($0)) }
        flushes.append {
            if let driver = input.driver, !driver.hasEnded { try driver.send(.flush) }
        }
        inputs[id] = ({ input.driver?.hasEnded ?? false }, { try input.driver?.send(.end) })
        return input
    }

    /// The records and marks that come out of `stream`.
    ///
    /// - Parameter refusal: How often this output answers that it is full.
    public func output<Element: Sendable>(
        of stream: DataStream<Element>, refusing refusal: Refusal = .never
    ) -> OutputProbe<Element> {
        let probe = OutputProbe<Element>(refusing: refusal)
        frameStarts.append { probe.frame = $0 }
        let held = UncheckedProbe(probe: probe)
        let body = TransformBody { _, _, _ in [AnyStep(held.probe.step)] }
        job.add(
            .sink, as: nil, inputs: [GraphEdge(from: stream.output)], outputTypes: [],
            body: .transform(body))
        return probe
    }

    /// Builds the operators; the first `send` does so by itself.
    ///
    /// - Throws: `ValidationError` with all that is wrong with the description.
    public func build() throws {
        guard !isBuilt else { return }
        isBuilt = true
        var assembly = PipelineAssembly(graph: try job.graph.validated()) { [clock, batchSize] in
            SubtaskContext(
                job: "test", operatorName: $0.name, subtask: 0, parallelism: 1,
                batchSize: batchSize, clock: clock)
        }
        for (id, connect) in sends { try connect(try assembly.step(id, port: 0)) }
        contexts = assembly.contexts
    }

    // MARK: - Driving

    /// Moves processing time on, and sends a tick whenever one is due that an operator asked for.
    public func advanceProcessingTime(to time: Timestamp) throws {
        try build()
        try clock.advance(to: time) { now in for tick in ticks { try tick(now) } }
    }

    /// Waits for the asynchronous work that operators have started, and sends the ticks that it asks for.
    public func settle() async throws {
        await clock.settle()
        try advanceProcessingTime(to: clock.now())
    }

    func beginFrame(_ frame: Int) { for start in frameStarts { start(frame) } }

    // MARK: - Reading

    /// What an operator keeps, as text, in the order in which the operator tells it.
    public func state(of operatorName: String) -> [StateViews.Entry] {
        contexts[OperatorID(operatorName)]?.state.entries ?? []
    }

    /// An operator's side of the ledger; `nil` where there is no such operator, or nothing has been
    /// sent yet.
    public func counters(of operatorName: String) -> OperatorCounters? {
        contexts[OperatorID(operatorName)]?.counters
    }
}

/// A stream that a test feeds.
public final class HarnessInput<Element: Sendable> {
    /// The stream, to describe the rest of the job with.
    public let stream: DataStream<Element>
    let harness: PipelineHarness
    var driver: InputDriver<Element>?

    init(harness: PipelineHarness, stream: DataStream<Element>) {
        self.harness = harness
        self.stream = stream
    }

    private func built() throws -> InputDriver<Element> {
        try harness.build()
        guard let driver else { throw StepContractViolation("an input leads nowhere") }
        return driver
    }

    /// Sends one record with its event time.
    public func send(_ record: Element, at time: Timestamp = .epoch) throws {
        try send([(record, at: time)])
    }

    /// Sends records as one batch.
    public func send(_ records: [(Element, at: Timestamp)]) throws {
        let driver = try built()
        try driver.send(records)
        try driver.send(.flush)
    }

    /// Sends a mark; after `end` nothing more may be sent.
    public func send(_ signal: Signal) throws { try built().send(signal) }

    /// Sends a watermark: no record with an event time at or before `time` is still to come.
    public func advanceWatermark(to time: Timestamp) throws { try send(.watermark(time)) }

    /// Ends this input.
    public func end() throws { try send(.end) }
}

/// Hands a probe into the function that makes steps, which may run anywhere but here runs on the
/// test's thread.
private struct UncheckedProbe<Element>: @unchecked Sendable {
    let probe: OutputProbe<Element>
}
