import WeirCore
import WeirGraph

/// Makes the step that writes records to a sink.
///
/// The writer is opened with the first call, which for a blocking sink is on its lane.
func sinkStep<Element: Sendable>(
    _ context: SubtaskContext, of type: Element.Type,
    open: @escaping @Sendable (SubtaskContext) throws -> any Sendable
) -> (step: Step<Element>, abandon: () -> Void) {
    var writing: SinkWriting<Element>?
    var isFinished = false
    func opened() throws -> SinkWriting<Element> {
        if let writing { return writing }
        guard let made = try open(context) as? SinkWriting<Element> else {
            throw StepTypeError(expected: String(describing: type), found: "another writer's type")
        }
        writing = made
        return made
    }
    let counters = context.counters
    let step = Step<Element>(
        process: { batch in
            let count = batch.count
            counters.received.add(count)
            counters.held.add(count)
            try context.attributing { try opened().write(&batch) }
            batch.removeAll()
            counters.held.add(-count)
            counters.passed.add(count)
            return .done
        },
        signal: { signal in
            switch signal {
            case .flush: try context.attributing { try writing?.flush() }
            case .end:
                try context.attributing { try opened().finish() }
                isFinished = true
            case .watermark, .idle, .tick, .barrier: break
            }
            return .done
        },
        resume: { .done })
    return (
        step,
        {
            if !isFinished { writing?.abandon() }
            writing = nil
        }
    )
}
