public import WeirCore
public import WeirGraph

extension WindowedStream {
    /// A stream of each key's records of each window, combined two by two.
    ///
    /// - Parameter combine: Must be associative; the records come in no defined order, except that
    ///   those of one split keep theirs.
    @inlinable
    public func reduce(
        as name: String, _ combine: @escaping @Sendable (Element, Element) throws -> Element
    ) -> DataStream<WindowResult<Key, Element>> {
        aggregated(.reduce, PairwiseReduction(combine: combine), as: name) {
            key, window, pane, value in
            guard let value else { throw EmptyReduction() }
            return WindowResult(key: key, window: window, pane: pane, value: value)
        }
    }

    /// A stream of each key's records of each window, folded into a value.
    ///
    /// - Parameters:
    ///   - initial: The value of no records.
    ///   - merge: Folds one part of a window's records into another; needed where windows overlap,
    ///     since these share parts, and for sessions.
    ///   - update: Folds one record in.
    @inlinable
    public func reduce<Value: Sendable>(
        into initial: Value, as name: String,
        merging merge: (@Sendable (inout Value, Value) throws -> Void)? = nil,
        _ update: @escaping @Sendable (inout Value, Element) throws -> Void
    ) -> DataStream<WindowResult<Key, Value>> {
        if merge == nil, windowing.mergesAccumulators {
            keyed.stream.job.report(
                GraphProblem(
                    OperatorID(name),
                    "its windows overlap or merge, and their parts must be folded together",
                    mend: "Pass `merging:`, or use tumbling windows"))
        }
        let reduction = IntoReduction(initial: initial, update: update, merging: merge)
        return aggregated(.reduce, reduction, as: name) {
            WindowResult(key: $0, window: $1, pane: $2, value: $3)
        }
    }
}

/// Combines records two by two; `nil` before the first.
@usableFromInline
struct PairwiseReduction<Input: Sendable>: Aggregate {
    @usableFromInline let combine: @Sendable (Input, Input) throws -> Input

    @inlinable init(combine: @escaping @Sendable (Input, Input) throws -> Input) {
        self.combine = combine
    }

    @inlinable func makeAccumulator() -> Input? { nil }

    @inlinable func add(_ record: Input, to accumulator: inout Input?) throws {
        guard let value = accumulator else {
            accumulator = record
            return
        }
        accumulator = try combine(value, record)
    }

    @inlinable func merge(_ other: Input?, into accumulator: inout Input?) throws {
        if let other { try add(other, to: &accumulator) }
    }

    @inlinable func result(of accumulator: Input?) -> Input? { accumulator }
}

/// A window closed without a record, which cannot be: keys come into being with their first record.
@usableFromInline
struct EmptyReduction: Error, CustomStringConvertible {
    @inlinable init() {}
    @usableFromInline var description: String { "internal: a window without records was reduced" }
}

/// Folds records into a value.
@usableFromInline
struct IntoReduction<Input, Value: Sendable>: Aggregate {
    @usableFromInline let initial: Value
    @usableFromInline let update: @Sendable (inout Value, Input) throws -> Void
    @usableFromInline let merging: (@Sendable (inout Value, Value) throws -> Void)?

    @inlinable init(
        initial: Value, update: @escaping @Sendable (inout Value, Input) throws -> Void,
        merging: (@Sendable (inout Value, Value) throws -> Void)?
    ) {
        self.initial = initial
        self.update = update
        self.merging = merging
    }

    @inlinable func makeAccumulator() -> Value { initial }

    @inlinable func add(_ record: Input, to accumulator: inout Value) throws {
        try update(&accumulator, record)
    }

    @inlinable func merge(_ other: Value, into accumulator: inout Value) throws {
        try merging?(&accumulator, other)
    }

    @inlinable func result(of accumulator: Value) -> Value { accumulator }
}
