public import WeirCore

/// Makes the two steps, left and right, of a join by key and window.
///
/// Both sides are collected; when the merged watermark of the two passes a window's end, each pair
/// of records with equal keys in the window is joined, with the last point of the window as its
/// event time. A late record within the allowed lateness has the whole window joined again.
@inlinable
public func windowJoinSteps<Left, Right, Key: StreamKey, Output>(
    _ context: SubtaskContext, into next: Step<Output>, late: Step<JoinSide<Left, Right>>?,
    _ windowing: Windowing<JoinSide<Left, Right>, Key>, _ kind: JoinKind,
    leftKey: @escaping @Sendable (Left) -> Key, rightKey: @escaping @Sendable (Right) -> Key,
    result: @escaping (Left?, Right?) throws -> Output
) -> (left: Step<Left>, right: Step<Right>) {
    let outputs = MainAndLateOutput(main: next, late: late, counters: context.counters)
    let aggregate = JoinAggregate<Left, Right>(kind)
    guard let assigner = windowing.sliced else {
        let panes = PaneOutput<
            Key, JoinAccumulator<Left, Right>, Output, JoinSide<Left, Right>
        >(outputs, batchSize: context.batchSize) {
            _, window, _, accumulator, position, output, limit in
            try accumulator.emit(
                kind, at: window.lastTimestamp, position: &position, into: &output, limit: limit,
                result)
        }
        let keyOf: @Sendable (JoinSide<Left, Right>) -> Key = { side in
            switch side {
            case .left(let left): leftKey(left)
            case .right(let right): rightKey(right)
            }
        }
        let state = WindowOperator<JoinSide<Left, Right>, Key, JoinAggregate<Left, Right>, Output>(
            windowing, aggregate, context: context, keyOf: keyOf,
            usual: usualRowLoop(by: keyOf, JoinAggregate<Left, Right>.self, Output.self),
            panes: panes)
        let ports = WindowOperatorPorts(state: state, outputs: outputs, context: context)
        return (ports.step(0) { .left($0) }, ports.step(1) { .right($0) })
    }
    let state = WindowState<Key, JoinAggregate<Left, Right>, Output>(
        assigner, allowedLateness: .zero, aggregate, context: context,
        send: { try outputs.send(&$0) }, sendSignal: { try outputs.signal($0) }
    ) { _, window, accumulator, position, output, limit in
        try accumulator.emit(
            kind, at: window.lastTimestamp, position: &position, into: &output, limit: limit, result
        )
    }
    let ports = JoinPorts(state: state, outputs: outputs, context: context)
    let left = ports.step(0, keyOf: leftKey, side: { .left($0) }) { $1.lefts.append($0) }
    let right = ports.step(1, keyOf: rightKey, side: { .right($0) }) {
        aggregate.add($0, toRightsOf: &$1)
    }
    return (left, right)
}

/// The two ports of a join over windows that each key has by itself.
@usableFromInline
final class WindowOperatorPorts<Left: Sendable, Right: Sendable, Key: StreamKey, Output> {
    @usableFromInline typealias Side = JoinSide<Left, Right>
    @usableFromInline let state: WindowOperator<Side, Key, JoinAggregate<Left, Right>, Output>
    @usableFromInline let outputs: MainAndLateOutput<Output, JoinSide<Left, Right>>
    @usableFromInline let context: SubtaskContext
    @usableFromInline var merger = SignalMerger(SplitWatermarks(count: 2))
    @usableFromInline var sides = Batch<JoinSide<Left, Right>>()

    @inlinable init(
        state: WindowOperator<JoinSide<Left, Right>, Key, JoinAggregate<Left, Right>, Output>,
        outputs: MainAndLateOutput<Output, JoinSide<Left, Right>>, context: SubtaskContext
    ) {
        self.state = state
        self.outputs = outputs
        self.context = context
        context.keepInputs(of: self, \.merger)
    }

    @inlinable func step<Input>(
        _ port: Int, side: @escaping (Input) -> JoinSide<Left, Right>
    ) -> Step<Input> {
        Step(
            process: { [self] batch in
                context.counters.received.add(batch.count)
                merger.noteRecords(from: port)
                return try context.attributing {
                    try batch.mapRows(into: &sides, side)
                    return try state.process(&sides)
                }
            },
            signal: { [self] signal in
                guard let merged = merger.note(signal, from: port) else { return .done }
                return try context.attributing { try state.signal(merged) }
            },
            resume: { [self] in
                let progress = try outputs.resume()
                guard progress == .done else { return progress }
                return try context.attributing { try state.run() }
            })
    }
}

/// What the two ports of a join share.
@usableFromInline
final class JoinPorts<Left: Sendable, Right: Sendable, Key: StreamKey, Output> {
    @usableFromInline let state: WindowState<Key, JoinAggregate<Left, Right>, Output>
    @usableFromInline let outputs: MainAndLateOutput<Output, JoinSide<Left, Right>>
    @usableFromInline let context: SubtaskContext
    @usableFromInline var merger = SignalMerger(SplitWatermarks(count: 2))

    @inlinable init(
        state: WindowState<Key, JoinAggregate<Left, Right>, Output>,
        outputs: MainAndLateOutput<Output, JoinSide<Left, Right>>, context: SubtaskContext
    ) {
        self.state = state
        self.outputs = outputs
        self.context = context
        context.keepInputs(of: self, \.merger)
    }

    @inlinable func step<Input>(
        _ port: Int, keyOf: @escaping (Input) -> Key,
        side: @escaping (Input) -> JoinSide<Left, Right>,
        add: @escaping (Input, inout JoinAccumulator<Left, Right>) -> Void
    ) -> Step<Input> {
        Step(
            process: { [self] batch in
                context.counters.received.add(batch.count)
                merger.noteRecords(from: port)
                try context.attributing {
                    try state.fold(batch, keyOf: keyOf, add: { add($0, &$1) }) {
                        outputs.noteLate(side(batch[$0]), at: batch.time(at: $0))
                    }
                }
                batch.removeAll()
                return try outputs.sendLate()
            },
            signal: { [self] signal in
                guard let merged = merger.note(signal, from: port) else { return .done }
                return try context.attributing { try state.signal(merged) }
            },
            resume: { [self] in
                let progress = try outputs.resume()
                guard progress == .done else { return progress }
                return try context.attributing { try state.run() }
            })
    }
}
