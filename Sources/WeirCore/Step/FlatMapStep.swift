/// Makes the step that replaces every record by the elements of a sequence, in order, each with the
/// record's event time.
///
/// A sequence of any length is handed on in batches: when the output is full, the sequence's
/// iterator is kept and goes on later, so memory does not grow with the expansion.
@inlinable
public func flatMapStep<Input, Elements: Sequence>(
    _ context: SubtaskContext, into next: Step<Elements.Element>,
    _ transform: @escaping (Input) throws -> Elements
) -> Step<Input> {
    let state = FlatMapState<Input, Elements>(
        context: context, next: next, transform: transform)
    return Step(
        process: { batch in
            context.counters.received.add(batch.count)
            swap(&state.input, &batch)
            state.split = state.input.split
            return try state.run()
        },
        signal: next.signal,
        resume: {
            let progress = try next.resume()
            guard progress == .done, !state.input.isEmpty else { return progress }
            return try state.run()
        })
}

/// The batch that a flat map is in the middle of.
@usableFromInline
final class FlatMapState<Input, Elements: Sequence> {
    @usableFromInline let context: SubtaskContext
    @usableFromInline let next: Step<Elements.Element>
    @usableFromInline let transform: (Input) throws -> Elements
    // Not checked for overlaps at run time: neither the transform nor an iterator knows of this object.
    @exclusivity(unchecked) @usableFromInline var input = Batch<Input>()
    @exclusivity(unchecked) @usableFromInline var row = 0
    @exclusivity(unchecked) @usableFromInline var split: Int32 = 0
    @exclusivity(unchecked) @usableFromInline var iterator: Elements.Iterator?
    @exclusivity(unchecked) @usableFromInline var output: Batch<Elements.Element>

    @inlinable init(
        context: SubtaskContext, next: Step<Elements.Element>,
        transform: @escaping (Input) throws -> Elements
    ) {
        self.context = context
        self.next = next
        self.transform = transform
        output = Batch(capacity: context.batchSize)
    }

    /// Expands records until the input is used up or the output refuses more.
    @inlinable func run() throws -> Progress {
        while row < input.count {
            if iterator == nil { iterator = try expansion() }
            let isFull = fill()
            if !isFull {
                iterator = nil
                row += 1
            }
            guard isFull else { continue }
            let progress = try handOver()
            if progress != .done { return progress }
        }
        context.counters.passed.add(row)
        input.removeAll()
        row = 0
        return try handOver()
    }

    @inlinable func expansion() throws -> Elements.Iterator {
        try context.attributing {
            do { return try transform(input[row]).makeIterator() } catch {
                throw RecordError(record: input[row], cause: error)
            }
        }
    }

    /// Appends elements of the current record; answers whether the output became full first.
    @inlinable func fill() -> Bool {
        let time = input.time(at: row)
        let limit = context.batchSize
        while output.count < limit {
            guard let element = iterator?.next() else { return false }
            output.append(element, at: time)
        }
        return true
    }

    @inlinable func handOver() throws -> Progress {
        if output.isEmpty { return .done }
        context.counters.emitted.add(output.count)
        // The output is emptied with each batch, so its rows come from one split.
        output.split = split
        return try next.process(&output)
    }
}
