public import WeirCore
public import WeirGraph

extension DataStream {
    /// A stream of what `function` emits, called with each record, without state; its side outputs are
    /// read with ``DataStream/sideOutput(_:)`` of the result.
    @inlinable
    public func process<Function: ProcessFunction>(
        _ function: Function, as name: String? = nil
    ) -> DataStream<Function.Output> where Function.Input == Element {
        let body = TransformBody { context, outputs, _ in
            [AnyStep(try processStep(context, into: outputs, function))]
        }
        return job.addFunction(
            .flatMap, as: name, inputs: [GraphEdge(from: output)], emitting: Function.Output.self,
            function.sideOutputs, body)
    }

    /// A stream of what a closure emits, called with each record: the short form of
    /// ``process(_:as:)``, for splitting a stream.
    ///
    /// ```swift
    /// let odd = SideOutput<Int>("odd")
    /// let even = numbers.process(emitting: Int.self, sideOutputs: [odd]) { number, context in
    ///     if number % 2 == 0 { context.emit(number) } else { try context.emit(number, to: odd) }
    /// }
    /// let odds = even.sideOutput(odd)
    /// ```
    @inlinable
    public func process<Output: Sendable>(
        emitting output: Output.Type, sideOutputs: [any SideOutputDeclaration] = [],
        as name: String? = nil,
        _ body: @escaping @Sendable (Element, ProcessContext<Output>) throws -> Void
    ) -> DataStream<Output> {
        process(ClosureFunction(sideOutputs: sideOutputs, body: body), as: name)
    }
}

/// A function without state made of a closure.
@usableFromInline
struct ClosureFunction<Input: Sendable, Output: Sendable>: ProcessFunction {
    @usableFromInline let sideOutputs: [any SideOutputDeclaration]
    @usableFromInline let body: @Sendable (Input, ProcessContext<Output>) throws -> Void

    @inlinable init(
        sideOutputs: [any SideOutputDeclaration],
        body: @escaping @Sendable (Input, ProcessContext<Output>) throws -> Void
    ) {
        self.sideOutputs = sideOutputs
        self.body = body
    }

    @inlinable func process(_ record: Input, context: ProcessContext<Output>) throws {
        try body(record, context)
    }
}
