public import WeirCore
public import WeirGraph

extension KeyedStream {
    /// A stream of what `function` emits, called with each record, with state and timers for each key.
    ///
    /// - Parameters:
    ///   - function: Each subtask has a copy of its own. Its side outputs are read with
    ///     ``DataStream/sideOutput(_:)`` of the result.
    ///   - name: The operator's name; state and timers are saved under it.
    @inlinable
    public func process<Function: KeyedProcessFunction>(
        _ function: Function, as name: String
    ) -> DataStream<Function.Output> where Function.Input == Element, Function.Key == Key {
        let key = self.key
        let body = TransformBody { context, outputs, _ in
            [AnyStep(try keyedProcessStep(context, into: outputs, function, keyOf: key))]
        }
        return stream.job.addFunction(
            .process, as: name, inputs: [edge()], emitting: Function.Output.self,
            function.sideOutputs, retention: function.retention, body)
    }

    /// A stream of what closures emit, called with each record, with state and timers for each key:
    /// the short form of ``process(_:as:)``.
    ///
    /// ```swift
    /// readings.keyed(by: \.sensor).process(
    ///     initialState: 0, emitting: String.self, as: "jumps"
    /// ) { reading, last, context in
    ///     if abs(reading.celsius - last) > 10 { context.emit("\(context.key) jumped") }
    ///     last = reading.celsius
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - initialState: The state of a key that has none yet. A state that can be compared and equals
    ///     it is forgotten.
    ///   - output: The type of the records emitted.
    ///   - name: The operator's name; state and timers are saved under it.
    ///   - retention: How long a key's state is kept after the last call for it.
    ///   - sideOutputs: The outputs beside the main one.
    ///   - onTimer: Called with each timer that is due.
    ///   - body: Called with each record.
    @inlinable
    public func process<State: Sendable, Output: Sendable>(
        initialState: State, emitting output: Output.Type, as name: String,
        retention: StateRetention = .forever, sideOutputs: [any SideOutputDeclaration] = [],
        onTimer:
            @escaping @Sendable (FiredTimer, inout State, KeyedContext<Key, Output>) throws ->
            Void = { _, _, _ in },
        _ body: @escaping @Sendable (Element, inout State, KeyedContext<Key, Output>) throws -> Void
    ) -> DataStream<Output> {
        process(
            ClosureProcessFunction(
                initialState: initialState, retention: retention, sideOutputs: sideOutputs,
                body: body, timerBody: onTimer, emptiness: { _ in false }), as: name)
    }

    /// The same with a state that can be compared: a key whose state equals `initialState` is
    /// forgotten.
    @inlinable
    public func process<State: Sendable & Equatable, Output: Sendable>(
        initialState: State, emitting output: Output.Type, as name: String,
        retention: StateRetention = .forever, sideOutputs: [any SideOutputDeclaration] = [],
        onTimer:
            @escaping @Sendable (FiredTimer, inout State, KeyedContext<Key, Output>) throws ->
            Void = { _, _, _ in },
        _ body: @escaping @Sendable (Element, inout State, KeyedContext<Key, Output>) throws -> Void
    ) -> DataStream<Output> {
        process(
            ClosureProcessFunction(
                initialState: initialState, retention: retention, sideOutputs: sideOutputs,
                body: body, timerBody: onTimer, emptiness: { $0 == initialState }), as: name)
    }
}

extension JobBuilder {
    /// Adds an operator that is a user's function, with its side outputs.
    @usableFromInline func addFunction<Output: Sendable>(
        _ kind: OperatorKind, as name: String?, detail: String = "", inputs: [GraphEdge],
        emitting output: Output.Type, _ sideOutputs: [any SideOutputDeclaration],
        retention: StateRetention = .forever, _ body: TransformBody
    ) -> DataStream<Output> {
        let id = add(
            kind, as: name, detail: detail, inputs: inputs,
            outputTypes: [Output.self] + sideOutputs.map { $0.elementType },
            sideOutputs: sideOutputs.map { $0.name },
            needsWatermarks: retention.needsWatermarks ? true : nil, body: .transform(body))
        check(sideOutputs, of: id)
        if let problem = retention.problem {
            report(
                GraphProblem(
                    id, problem, mend: "Give a span of at least a microsecond, or `.forever`"))
        }
        return DataStream(job: self, output: OutputReference(id))
    }
}

/// A keyed process function made of closures.
@usableFromInline
struct ClosureProcessFunction<Key: StreamKey, Input: Sendable, State: Sendable, Output: Sendable>:
    KeyedProcessFunction
{
    @usableFromInline typealias Context = KeyedContext<Key, Output>
    @usableFromInline let initialState: State
    @usableFromInline let retention: StateRetention
    @usableFromInline let sideOutputs: [any SideOutputDeclaration]
    @usableFromInline let body: @Sendable (Input, inout State, Context) throws -> Void
    @usableFromInline let timerBody: @Sendable (FiredTimer, inout State, Context) throws -> Void
    @usableFromInline let emptiness: @Sendable (State) -> Bool

    @inlinable init(
        initialState: State, retention: StateRetention,
        sideOutputs: [any SideOutputDeclaration],
        body: @escaping @Sendable (Input, inout State, Context) throws -> Void,
        timerBody: @escaping @Sendable (FiredTimer, inout State, Context) throws -> Void,
        emptiness: @escaping @Sendable (State) -> Bool
    ) {
        self.initialState = initialState
        self.retention = retention
        self.sideOutputs = sideOutputs
        self.body = body
        self.timerBody = timerBody
        self.emptiness = emptiness
    }

    @inlinable func isEmpty(_ state: State) -> Bool { emptiness(state) }

    @inlinable func process(_ record: Input, state: inout State, context: Context) throws {
        try body(record, &state, context)
    }

    @inlinable func onTimer(_ timer: FiredTimer, state: inout State, context: Context) throws {
        try timerBody(timer, &state, context)
    }
}
