public import WeirCore
public import WeirGraph

/// How the calls of an asynchronous operator are made.
public struct AsyncSettings: Sendable {
    /// In which order results are handed on.
    public var order: AsyncOrder
    /// The most records in flight in one subtask.
    public var capacity: Int
    /// How long an attempt may take.
    public var timeout: Duration
    /// Whether, and when, to try again.
    public var retry: RetryPolicy

    /// How calls are made.
    public init(
        _ order: AsyncOrder, capacity: Int, timeout: Duration, retry: RetryPolicy = .none
    ) {
        self.order = order
        self.capacity = capacity
        self.timeout = timeout
        self.retry = retry
    }
}

/// Makes the step that calls an asynchronous function for each record, several at a time.
///
/// - Parameters:
///   - outputs: The step of the main output, and that of records that have failed; `nil` where nothing
///     reads it.
///   - failed: Where records go whose calls have failed for good; `nil`: they are dropped.
///   - stopsOnFailure: Whether such a record stops the job instead.
public func mapAsyncStep<Input: Sendable, Output: Sendable>(
    _ context: SubtaskContext, into outputs: [AnyStep?], _ settings: AsyncSettings,
    failed: SideOutput<FailedRecord<Input>>?, stopsOnFailure: Bool,
    _ transform: @escaping @Sendable (Input) async throws -> Output
) throws -> Step<Input> {
    typealias Outcome = Result<Output, AsyncCallFailure>
    let outputs = try FunctionOutputs<Output>(context, outputs, failed.map { [$0] } ?? [])
    let core = AsyncRecordsCore<Input, Outcome, Output>(
        context, outputs: outputs, order: settings.order, capacity: settings.capacity)
    let requests = AsyncCalls<Input, Output>(
        context, timeout: settings.timeout, retry: settings.retry, call: transform)
    let failures = FailureOutput(context, outputs, to: failed, stopsJob: stopsOnFailure)
    core.calls = .init(
        start: { id, record in requests.start(id, record) },
        flush: {},
        collect: { [unowned core] in
            for call in requests.takeFinished() { core.inFlight.complete(call.id, call.result) }
        },
        requestTick: { requests.requestTick() },
        emit: { record, time, outcome in
            switch outcome {
            case .success(let result):
                outputs.emit(result, at: time)
                context.counters.passed.add(1)
            case .failure(let failure): try failures.note(record, at: time, failure)
            }
        },
        end: {})
    return core.step
}

/// What becomes of records whose calls have failed for good.
struct FailureOutput<Input: Sendable, Output: Sendable> {
    private let counters: OperatorCounters
    private let outputs: FunctionOutputs<Output>
    private let output: SideOutput<FailedRecord<Input>>?
    private let stopsJob: Bool

    init(
        _ context: SubtaskContext, _ outputs: FunctionOutputs<Output>,
        to output: SideOutput<FailedRecord<Input>>?, stopsJob: Bool
    ) {
        counters = context.counters
        self.outputs = outputs
        self.output = output
        self.stopsJob = stopsJob
    }

    func note(_ record: Input, at time: Timestamp, _ failure: AsyncCallFailure) throws {
        if stopsJob { throw RecordError(record: record, cause: failure) }
        counters.deadLettered.add(1)
        if let output {
            try outputs.emit(
                FailedRecord(record: record, failure: failure), to: output, at: time)
        }
    }
}
