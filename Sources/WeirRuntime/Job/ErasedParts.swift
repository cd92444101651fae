import WeirCore
import WeirGraph

// The parts of a job whose element type the plan knows only as a metatype. Each function is called
// with that metatype, which opens it: what is made here runs once a batch, never once a record.

func makeQueue<Element: Sendable>(
    of type: Element.Type, capacity: Int, reserve: Int, from producer: Tasklet,
    to consumer: Tasklet
) -> any AnyQueue {
    BoundedQueue<Element>(capacity: capacity, reserve: reserve, from: producer, to: consumer)
}

/// A queue, its element type erased.
protocol AnyQueue: AnyObject, Sendable {
    var pushed: Counter { get }
    var popped: Counter { get }
    var depth: (filled: Int, capacity: Int) { get }
    /// Whether the producer, who alone may set this, may draw on the reserve.
    var mayOverdraw: Bool { get set }
}

extension BoundedQueue: AnyQueue {}

func typedQueue<Element: Sendable>(
    _ queue: any AnyQueue, of type: Element.Type
) throws -> BoundedQueue<Element> {
    guard let typed = queue as? BoundedQueue<Element> else {
        throw StepTypeError(expected: String(describing: type), found: "\(Swift.type(of: queue))")
    }
    return typed
}

func makeQueueStep<Element: Sendable>(of type: Element.Type, to queue: any AnyQueue) throws
    -> AnyStep
{
    AnyStep(queueStep(to: try typedQueue(queue, of: type)))
}

func makeFanOut<Element: Sendable>(of type: Element.Type, to branches: [AnyStep]) throws -> AnyStep
{
    AnyStep(fanOutStep(to: try branches.map { try $0.typed(type) }))
}

func makeRebalance<Element: Sendable>(
    of type: Element.Type, to targets: [AnyStep]
) throws -> AnyStep {
    AnyStep(rebalanceStep(to: try targets.map { try $0.typed(type) }))
}

/// The queues of one edge that lead to a port of a subtask.
struct PortInput {
    let queues: [any AnyQueue]
    /// The part of state that the records in them can be; `nil` where barriers overtake none.
    let inFlight: (any AnyQueuedRecords)?
}

func makePort<Element: Sendable>(
    of type: Element.Type, inputs: [PortInput], step: AnyStep, marks: SplitWatermarks,
    alignment: BarrierAlignment, mayOvertake: Bool, defect: EngineDefect?
) throws -> ChainBody.Port {
    let parts = inputs.map { $0.inFlight as? QueuedRecords<Element> }
    let gate = InputGate(
        queues: try inputs.flatMap(\.queues).map { try typedQueue($0, of: type) },
        step: replayStep(parts.compactMap { $0 }, into: try step.typed(type)), marks: marks,
        alignment: alignment,
        mayBeOvertaken: inputs.flatMap { input in
            input.queues.map { _ in mayOvertake && input.inFlight != nil }
        })
    var first = 0
    for (input, inFlight) in zip(inputs, parts) {
        let range = first..<first + input.queues.count
        first = range.upperBound
        inFlight?.overtaken = { [weak gate] in gate?.overtakenRecords(in: range, defect) }
    }
    return ChainBody.Port(gate)
}

func makeQueuedRecords<Element: Sendable>(
    of type: Element.Type, batchSize: Int
) -> any AnyQueuedRecords {
    QueuedRecords<Element>(batchSize: batchSize)
}

/// Puts the records of a restored edge before a step that is not fed by queues any more.
func makeReplay<Element: Sendable>(
    of type: Element.Type, _ inFlight: any AnyQueuedRecords, into next: AnyStep
) throws -> AnyStep {
    guard let inFlight = inFlight as? QueuedRecords<Element> else { return next }
    return AnyStep(replayStep([inFlight], into: try next.typed(type)))
}

func makeSinkStep<Element: Sendable>(
    of type: Element.Type, _ body: SinkBody, _ context: SubtaskContext
) -> (step: AnyStep, epochs: any SinkEpochs, abandon: () -> Void) {
    let sink = SinkOperator(context, of: type, open: body.open)
    return (AnyStep(sink.step), sink, sink.abandon)
}

/// Opens a split for elements of the given type.
func openSplit<Element: Sendable>(
    of type: Element.Type, _ body: SourceBody, _ split: SourceSplit, _ context: ReaderContext
) throws -> SplitReading<Element> {
    let opened = try body.open(split, context)
    guard let reading = opened as? SplitReading<Element> else {
        throw StepTypeError(expected: String(describing: type), found: "\(Swift.type(of: opened))")
    }
    return reading
}
