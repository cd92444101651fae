public import WeirCore

/// Folds a batch's rows into the state of a window operator, and notes those that are late: the
/// record loop, formed where the key's function is known.
public typealias WindowFold<Input, Key: StreamKey, Folded: Aggregate, Output> =
    @Sendable (
        _ batch: borrowing Batch<Input>, _ state: WindowState<Key, Folded, Output>,
        _ outputs: MainAndLateOutput<Output, Input>
    ) throws -> Void

/// Makes the record loop of a window operator.
@inlinable @inline(__always)
func windowFold<Input, Key: StreamKey, Folded: Aggregate, Output>(
    by keyOf: @escaping @Sendable (Input) -> Key, _ folded: Folded.Type, _ output: Output.Type
) -> WindowFold<Input, Key, Folded, Output> where Folded.Input == Input {
    // Captures the key's function alone, for the reason that `mapStep` gives.
    { batch, state, outputs in
        let aggregate = state.aggregate
        if aggregate.takesUnseen {
            try state.fold(
                batch, keyOf: keyOf, add: { try aggregate.addUnseen(to: &$1) },
                onLate: { outputs.noteLate(batch[$0], at: batch.time(at: $0)) })
        } else {
            try state.fold(
                batch, keyOf: keyOf, add: { try aggregate.add($0, to: &$1) },
                onLate: { outputs.noteLate(batch[$0], at: batch.time(at: $0)) })
        }
    }
}

/// Makes the step that aggregates records by key and window, and emits when windows close.
///
/// - Parameters:
///   - next: Takes the results; each has the last point of its window as its event time.
///   - late: Takes records all of whose windows have closed; `nil`: they are only counted.
@inlinable
public func windowAggregateStep<Input, Key: StreamKey, Folded: Aggregate, Output>(
    _ context: SubtaskContext, into next: Step<Output>, late: Step<Input>?,
    _ assigner: WindowAssigner, _ folded: Folded,
    keyOf: @escaping @Sendable (Input) -> Key,
    result: @escaping (Key, Window, Folded.Result) throws -> Output
) -> Step<Input> where Folded.Input == Input {
    windowAggregateStep(
        context, into: next, late: late, assigner, folded,
        fold: windowFold(by: keyOf, Folded.self, Output.self), result: result)
}

/// Makes the same step from its record loop; see `mapStep` of WeirCore.
@inlinable
public func windowAggregateStep<Input, Key: StreamKey, Folded: Aggregate, Output>(
    _ context: SubtaskContext, into next: Step<Output>, late: Step<Input>?,
    _ assigner: WindowAssigner, _ folded: Folded,
    fold: @escaping WindowFold<Input, Key, Folded, Output>,
    result: @escaping (Key, Window, Folded.Result) throws -> Output
) -> Step<Input> where Folded.Input == Input {
    let counters = context.counters
    let outputs = MainAndLateOutput(main: next, late: late, counters: counters)
    let state = WindowState<Key, Folded, Output>(
        assigner, allowedLateness: .zero, folded, context: context,
        send: { try outputs.send(&$0) }, sendSignal: { try outputs.signal($0) }
    ) { key, window, accumulator, _, output, _ in
        output.append(
            try result(key, window, folded.result(of: accumulator)), at: window.lastTimestamp)
        return true
    }
    return Step(
        process: { batch in
            counters.received.add(batch.count)
            try context.attributing { try fold(batch, state, outputs) }
            batch.removeAll()
            return try outputs.sendLate()
        },
        processShared: { batch in
            counters.received.add(batch.count)
            try context.attributing { try fold(batch, state, outputs) }
            return try outputs.sendLate()
        },
        signal: { signal in try context.attributing { try state.signal(signal) } },
        resume: {
            let progress = try outputs.resume()
            guard progress == .done else { return progress }
            return try context.attributing { try state.run() }
        })
}
