/// Makes the step that replaces every record by its transform.
@inlinable
public func mapStep<Input, Output>(
    _ context: SubtaskContext, into next: Step<Output>,
    _ transform: @escaping (Input) throws -> Output
) -> Step<Input> {
    let slot = BatchSlot<Output>(capacity: context.batchSize)
    let counters = context.counters
    let process = next.process
    return Step(
        process: { batch in
            let count = batch.count
            counters.received.add(count)
            try context.attributing { try batch.mapRows(into: &slot.batch, transform) }
            counters.passed.add(count)
            counters.emitted.add(count)
            return try process(&slot.batch)
        }, signal: next.signal, resume: next.resume)
}

/// Makes the step that keeps the records for which `isKept` holds.
@inlinable
public func filterStep<Element>(
    _ context: SubtaskContext, into next: Step<Element>,
    _ isKept: @escaping (Element) throws -> Bool
) -> Step<Element> {
    let counters = context.counters
    let process = next.process
    return Step(
        process: { batch in
            counters.received.add(batch.count)
            let dropped = try context.attributing { try batch.keepRows(where: isKept) }
            let kept = batch.count
            counters.filtered.add(dropped)
            counters.passed.add(kept)
            counters.emitted.add(kept)
            return kept == 0 ? .done : try process(&batch)
        }, signal: next.signal, resume: next.resume)
}
