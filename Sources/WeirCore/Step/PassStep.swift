/// Makes the step that only counts: what a union or an exchange of its own is made of.
public func passStep<Element>(
    _ context: SubtaskContext, into next: Step<Element>
) -> Step<Element> {
    let counters = context.counters
    return Step(
        process: { batch in
            counters.received.add(batch.count)
            counters.passed.add(batch.count)
            counters.emitted.add(batch.count)
            return try next.process(&batch)
        }, signal: next.signal, resume: next.resume)
}
