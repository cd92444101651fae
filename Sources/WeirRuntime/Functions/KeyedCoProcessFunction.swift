public import WeirCore

/// A function of the records of two keyed streams, which share state and timers for each key.
///
/// Records of one stream and key come in the order in which their exchange delivers them. Between the
/// two streams no order is promised: what must not depend on it goes by event time, with state and
/// timers. The watermark is the lower of the two streams', and timers of event time go by that.
public protocol KeyedCoProcessFunction<Key, First, Second, Output>: KeyedFunction {
    // Named again, so that they are inferred from the methods below.
    associatedtype Key
    associatedtype Output
    associatedtype State
    /// The records of the stream that the other is connected with.
    associatedtype First: Sendable
    /// The records of the other stream.
    associatedtype Second: Sendable

    /// Treats a record of the first stream.
    ///
    /// - Throws: What stops the job; the error names the record.
    func processFirst(_ record: First, state: inout State, context: KeyedContext<Key, Output>)
        throws

    /// Treats a record of the second stream.
    ///
    /// - Throws: What stops the job; the error names the record.
    func processSecond(_ record: Second, state: inout State, context: KeyedContext<Key, Output>)
        throws

    /// Treats a timer that is due; does nothing unless defined otherwise.
    ///
    /// - Throws: What stops the job; the error names key and time of the timer.
    func onTimer(_ timer: FiredTimer, state: inout State, context: KeyedContext<Key, Output>) throws
}

extension KeyedCoProcessFunction {
    @inlinable public func onTimer(
        _ timer: FiredTimer, state: inout State, context: KeyedContext<Key, Output>
    ) throws {}
}

/// Makes the two steps of a function of two keyed streams.
///
/// - Parameter outputs: The step of each output port, the main one first; `nil` where nothing reads it.
@inlinable
public func keyedCoProcessSteps<Function: KeyedCoProcessFunction>(
    _ context: SubtaskContext, into outputs: [AnyStep?], _ function: Function,
    firstKey: @escaping (Function.First) -> Function.Key,
    secondKey: @escaping (Function.Second) -> Function.Key
) throws -> (first: Step<Function.First>, second: Step<Function.Second>) {
    let instance = try FunctionInstance(
        function, context, open: { try $0.open($1) }, close: { try $0.close() })
    let opened = instance.function
    let core = KeyedStateCore<Function.Key, Function.State, Function.Output>(
        context, outputs: try FunctionOutputs(context, outputs, function.sideOutputs),
        initialState: opened.initialState, retention: opened.retention,
        isEmpty: opened.isEmpty(_:), onTimer: { try opened.onTimer($0, state: &$1, context: $2) },
        onEnd: { try instance.close() })
    let first = KeyedPort<Function.First, Function.Key, Function.State, Function.Output>(core) {
        try core.eachRow(of: $0, row: &$1, keyOf: firstKey, isEmpty: opened.isEmpty(_:)) {
            try opened.processFirst($0, state: &$1, context: $2)
        }
    }
    let second = KeyedPort<Function.Second, Function.Key, Function.State, Function.Output>(core) {
        try core.eachRow(of: $0, row: &$1, keyOf: secondKey, isEmpty: opened.isEmpty(_:)) {
            try opened.processSecond($0, state: &$1, context: $2)
        }
    }
    let marks = PortMarks(count: 2, context)
    return (first.step(0, marks), second.step(1, marks))
}

/// The marks of several ports of one operator, merged.
@usableFromInline
final class PortMarks {
    @usableFromInline var merger: SignalMerger

    @usableFromInline init(count: Int, _ context: SubtaskContext) {
        merger = SignalMerger(SplitWatermarks(count: count))
        context.keepInputs(of: self, \.merger)
    }
}

extension KeyedPort {
    /// The step of one of several ports.
    @inlinable func step(_ port: Int, _ marks: PortMarks) -> Step<Input> {
        Step(
            process: { [self] batch in
                marks.merger.noteRecords(from: port)
                return try process(&batch)
            },
            signal: { [core] signal in
                guard let merged = marks.merger.note(signal, from: port) else { return .done }
                return try core.context.attributing { try core.signal(merged) }
            },
            resume: { [self] in try resume() })
    }
}
