import WeirCore
import WeirGraph

// The parts of a job whose element type the plan knows only as a metatype. Each function is called
// with that metatype, which opens it: what is made here runs once a batch, never once a record.

func makeQueue<Element: Sendable>(
    of type: Element.Type, capacity: Int, from producer: Tasklet, to consumer: Tasklet
) -> any AnyQueue {
    BoundedQueue<Element>(capacity: capacity, from: producer, to: consumer)
}

/// A queue, its element type erased.
protocol AnyQueue: AnyObject, Sendable {
    var pushed: Counter { get }
    var popped: Counter { get }
    var depth: (filled: Int, capacity: Int) { get }
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

func makePort<Element: Sendable>(
    of type: Element.Type, queues: [any AnyQueue], step: AnyStep, marks: SplitWatermarks,
    alignment: BarrierAlignment
) throws -> ChainBody.Port {
    ChainBody.Port(
        InputGate(
            queues: try queues.map { try typedQueue($0, of: type) }, step: try step.typed(type),
            marks: marks, alignment: alignment))
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
