public import WeirCore

/// A function of the records of a keyed stream, with state and timers for each key, that also reads a
/// state which the records of another stream make, the same in every subtask: rules, settings, a small
/// table that changes.
///
/// Each record of the broadcast stream comes to every subtask, and changes that subtask's copy of
/// ``BroadcastState``. What makes the copies equal is the function: every subtask gets the records of
/// one subtask of the broadcast stream in the same order, but those of several may be interleaved
/// differently, so that updates should not depend on it; and no order is promised between the two
/// streams.
/// A rule may come after records that were made later than it. The watermark is the lower of the
/// two streams'.
public protocol KeyedBroadcastFunction<Key, Input, Broadcast, Output>: KeyedFunction {
    // Named again, so that they are inferred from the methods below.
    associatedtype Key
    associatedtype Output
    associatedtype State
    /// The records of the keyed stream.
    associatedtype Input: Sendable
    /// The records of the stream that comes to every subtask.
    associatedtype Broadcast: Sendable
    /// What they make: a plain value, mostly a dictionary. For checkpoints it must be `Codable`, a
    /// `Record` or a `StateValue`.
    associatedtype BroadcastState: Sendable

    /// The broadcast state before the first record.
    var initialBroadcastState: BroadcastState { get }

    /// Treats a record of the keyed stream.
    ///
    /// - Throws: What stops the job; the error names the record.
    func process(
        _ record: Input, state: inout State, broadcast: BroadcastState,
        context: KeyedContext<Key, Output>
    ) throws

    /// Treats a record of the broadcast stream, once in every subtask; what is emitted here, is
    /// emitted as often as there are subtasks.
    ///
    /// - Throws: What stops the job; the error names the record.
    func processBroadcast(
        _ record: Broadcast, state: inout BroadcastState, context: ProcessContext<Output>
    ) throws

    /// Treats a timer that is due; does nothing unless defined otherwise.
    ///
    /// - Throws: What stops the job; the error names key and time of the timer.
    func onTimer(
        _ timer: FiredTimer, state: inout State, broadcast: BroadcastState,
        context: KeyedContext<Key, Output>
    ) throws
}

extension KeyedBroadcastFunction {
    @inlinable public func onTimer(
        _ timer: FiredTimer, state: inout State, broadcast: BroadcastState,
        context: KeyedContext<Key, Output>
    ) throws {}
}

/// Makes the two steps, of the keyed and of the broadcast stream, of a function with broadcast state.
///
/// - Parameter outputs: The step of each output port, the main one first; `nil` where nothing reads it.
@inlinable
public func keyedBroadcastSteps<Function: KeyedBroadcastFunction>(
    _ context: SubtaskContext, into outputs: [AnyStep?], _ function: Function,
    keyOf: @escaping (Function.Input) -> Function.Key
) throws -> (keyed: Step<Function.Input>, broadcast: Step<Function.Broadcast>) {
    let instance = try FunctionInstance(
        function, context, open: { try $0.open($1) }, close: { try $0.close() })
    let opened = instance.function
    let shared = BroadcastValue(opened.initialBroadcastState)
    context.state.add { [weak shared] in
        shared.map { [StateViews.Entry(kind: "broadcast state", key: "", value: $0.value)] } ?? []
    }
    context.keepReplicated("broadcast", of: shared, \.value)
    let core = KeyedStateCore<Function.Key, Function.State, Function.Output>(
        context, outputs: try FunctionOutputs(context, outputs, function.sideOutputs),
        initialState: opened.initialState, retention: opened.retention,
        isEmpty: opened.isEmpty(_:),
        onTimer: {
            try opened.onTimer($0, state: &$1, broadcast: shared.value, context: $2)
        },
        onEnd: { try instance.close() })
    let keyed = KeyedPort<Function.Input, Function.Key, Function.State, Function.Output>(core) {
        let broadcast = shared.value
        try core.eachRow(of: $0, row: &$1, keyOf: keyOf, isEmpty: opened.isEmpty(_:)) {
            try opened.process($0, state: &$1, broadcast: broadcast, context: $2)
        }
    }
    let others = KeyedPort<Function.Broadcast, Function.Key, Function.State, Function.Output>(core)
    {
        batch, row in
        while row < batch.count, !core.outputs.isFull {
            let place = ProcessContext(
                time: batch.time(at: row), watermark: core.timers.watermark, clock: context.clock,
                outputs: core.outputs)
            do {
                try opened.processBroadcast(batch[row], state: &shared.value, context: place)
            } catch {
                throw RecordError(record: batch[row], cause: error)
            }
            row += 1
        }
    }
    let marks = PortMarks(count: 2, context)
    return (keyed.step(0, marks), others.step(1, marks))
}

/// One subtask's copy of a broadcast state.
@usableFromInline
final class BroadcastValue<Value: Sendable> {
    @usableFromInline var value: Value
    @usableFromInline init(_ value: Value) { self.value = value }
}
