public import WeirCore

/// A function of each record of a keyed stream, with state and timers for each key.
///
/// ```swift
/// /// Reports the keys from which nothing has come for ten minutes of event time.
/// struct Silence: KeyedProcessFunction {
///     struct State: Codable, Equatable { var deadline: Timestamp? }
///     let initialState = State()
///
///     func process(
///         _ reading: Reading, state: inout State, context: KeyedContext<Int, String>
///     ) {
///         if let deadline = state.deadline { context.cancelEventTimeTimer(at: deadline) }
///         let deadline = context.time + .minutes(10)
///         context.registerEventTimeTimer(at: deadline)
///         state.deadline = deadline
///     }
///
///     func onTimer(_ timer: FiredTimer, state: inout State, context: KeyedContext<Int, String>) {
///         context.emit("sensor \(context.key) is silent since \(timer.time - .minutes(10))")
///         context.clearState()
///     }
/// }
/// ```
///
/// Records of one key come in the order in which their exchange delivers them, never two at a time.
/// A watermark is passed on after all that the timers it fires emit.
public protocol KeyedProcessFunction<Key, Input, Output>: KeyedFunction {
    // Named again, so that they are inferred from the methods below.
    associatedtype Key
    associatedtype Output
    associatedtype State
    /// The records of the stream.
    associatedtype Input: Sendable

    /// Treats a record.
    ///
    /// - Parameters:
    ///   - state: The state of the record's key, changed in place.
    ///   - context: Key, time, outputs and timers; its time is the record's event time.
    /// - Throws: What stops the job; the error names the record.
    func process(_ record: Input, state: inout State, context: KeyedContext<Key, Output>) throws

    /// Treats a timer that is due; does nothing unless defined otherwise.
    ///
    /// Timers are fired in the order of their times, those of one time in the order in which they
    /// were registered.
    ///
    /// - Throws: What stops the job; the error names key and time of the timer.
    func onTimer(_ timer: FiredTimer, state: inout State, context: KeyedContext<Key, Output>) throws
}

extension KeyedProcessFunction {
    @inlinable public func onTimer(
        _ timer: FiredTimer, state: inout State, context: KeyedContext<Key, Output>
    ) throws {}
}

/// Makes the step of a keyed process function.
///
/// - Parameter outputs: The step of each output port, the main one first; `nil` where nothing reads it.
@inlinable
public func keyedProcessStep<Function: KeyedProcessFunction>(
    _ context: SubtaskContext, into outputs: [AnyStep?], _ function: Function,
    keyOf: @escaping (Function.Input) -> Function.Key
) throws -> Step<Function.Input> {
    let instance = try FunctionInstance(
        function, context, open: { try $0.open($1) }, close: { try $0.close() })
    let opened = instance.function
    let core = KeyedStateCore<Function.Key, Function.State, Function.Output>(
        context, outputs: try FunctionOutputs(context, outputs, function.sideOutputs),
        initialState: opened.initialState, retention: opened.retention,
        isEmpty: opened.isEmpty(_:), onTimer: { try opened.onTimer($0, state: &$1, context: $2) },
        onEnd: { try instance.close() })
    let port = KeyedPort<Function.Input, Function.Key, Function.State, Function.Output>(
        core
    ) { batch, row in
        try core.eachRow(of: batch, row: &row, keyOf: keyOf, isEmpty: opened.isEmpty(_:)) {
            try opened.process($0, state: &$1, context: $2)
        }
    }
    return Step(
        process: { batch in try port.process(&batch) },
        signal: { signal in try context.attributing { try core.signal(signal) } },
        resume: { try port.resume() })
}

extension KeyedStateCore {
    /// Calls `body` with rows of a batch until the outputs have a batch full, or the rows are used up.
    @inlinable @inline(__always) func eachRow<Input>(
        of batch: borrowing Batch<Input>, row: inout Int, keyOf: (Input) -> Key,
        isEmpty: (State) -> Bool,
        _ body: (Input, inout State, KeyedContext<Key, Output>) throws -> Void
    ) throws {
        let count = batch.count
        let hasHashes = batch.hasHashes
        while row < count, !outputs.isFull {
            let key = keyOf(batch[row])
            let hash = hasHashes ? batch.hash(at: row) : key.stableHash
            do {
                try withState(key, hash: hash, time: batch.time(at: row), isEmpty: isEmpty) {
                    try body(batch[row], &$0, $1)
                }
            } catch {
                throw RecordError(record: batch[row], cause: error)
            }
            row &+= 1
        }
    }
}
