/// The values that an extreme is looked for among, so that each can be taken back.
public struct RetractableValues<Value: Comparable & Sendable>: Sendable {
    @usableFromInline var ordered: OrderedMultiset<Value>
    /// Values that do not equal themselves, not-a-number that is, and have no place in an order.
    @usableFromInline var unordered: [Value]

    @inlinable init(
        ordered: OrderedMultiset<Value> = OrderedMultiset(), unordered: [Value] = []
    ) {
        self.ordered = ordered
        self.unordered = unordered
    }

    @inlinable mutating func add(_ value: Value) {
        if value == value { ordered.insert(value) } else { unordered.append(value) }
    }

    @inlinable mutating func retract(_ value: Value) {
        if value == value { ordered.remove(value) } else { _ = unordered.popLast() }
    }

    @inlinable mutating func merge(_ other: RetractableValues) {
        ordered.formUnion(other.ordered)
        unordered += other.unordered
    }
}

/// The smallest value among records that may be taken back; `nil` when none has one.
///
/// Counts what ``Min`` counts. Keeps every value, since any may come to be the smallest.
public struct RetractableMin<Input, Value: Comparable & Sendable>: RetractableAggregate {
    @usableFromInline let value: @Sendable (Input) -> Value?

    /// Looks at what `value` gives; a key path will do: `RetractableMin(\.price)`.
    @inlinable public init(_ value: @escaping @Sendable (Input) -> Value?) { self.value = value }

    @inlinable public func makeAccumulator() -> RetractableValues<Value> { RetractableValues() }
    @inlinable public func add(_ record: Input, to accumulator: inout RetractableValues<Value>) {
        if let value = value(record) { accumulator.add(value) }
    }
    @inlinable public func retract(
        _ record: Input, from accumulator: inout RetractableValues<Value>
    ) {
        if let value = value(record) { accumulator.retract(value) }
    }
    @inlinable public func merge(
        _ other: RetractableValues<Value>, into accumulator: inout RetractableValues<Value>
    ) {
        accumulator.merge(other)
    }
    @inlinable public func result(of accumulator: RetractableValues<Value>) -> Value? {
        accumulator.ordered.first ?? accumulator.unordered.first
    }
}

/// The largest value among records that may be taken back; `nil` when none has one.
///
/// Counts what ``Max`` counts. Keeps every value, since any may come to be the largest.
public struct RetractableMax<Input, Value: Comparable & Sendable>: RetractableAggregate {
    @usableFromInline let value: @Sendable (Input) -> Value?

    /// Looks at what `value` gives; a key path will do: `RetractableMax(\.price)`.
    @inlinable public init(_ value: @escaping @Sendable (Input) -> Value?) { self.value = value }

    @inlinable public func makeAccumulator() -> RetractableValues<Value> { RetractableValues() }
    @inlinable public func add(_ record: Input, to accumulator: inout RetractableValues<Value>) {
        if let value = value(record) { accumulator.add(value) }
    }
    @inlinable public func retract(
        _ record: Input, from accumulator: inout RetractableValues<Value>
    ) {
        if let value = value(record) { accumulator.retract(value) }
    }
    @inlinable public func merge(
        _ other: RetractableValues<Value>, into accumulator: inout RetractableValues<Value>
    ) {
        accumulator.merge(other)
    }
    @inlinable public func result(of accumulator: RetractableValues<Value>) -> Value? {
        accumulator.ordered.last ?? accumulator.unordered.first
    }
}

/// A value of each record that is there, in ascending order.
///
/// Unlike ``Collect`` its result does not depend on arrival. Values that do not equal themselves
/// (not-a-number) come last.
public struct RetractableCollect<Input, Value: Comparable & Sendable>: RetractableAggregate {
    @usableFromInline let value: @Sendable (Input) -> Value

    /// Gathers what `value` gives.
    @inlinable public init(_ value: @escaping @Sendable (Input) -> Value) { self.value = value }

    @inlinable public func makeAccumulator() -> RetractableValues<Value> { RetractableValues() }
    @inlinable public func add(_ record: Input, to accumulator: inout RetractableValues<Value>) {
        accumulator.add(value(record))
    }
    @inlinable public func retract(
        _ record: Input, from accumulator: inout RetractableValues<Value>
    ) {
        accumulator.retract(value(record))
    }
    @inlinable public func merge(
        _ other: RetractableValues<Value>, into accumulator: inout RetractableValues<Value>
    ) {
        accumulator.merge(other)
    }
    @inlinable public func result(of accumulator: RetractableValues<Value>) -> [Value] {
        accumulator.ordered.values + accumulator.unordered
    }
}

extension RetractableValues: StateComposite {
    public static func stateCodec() throws -> StateCodec<RetractableValues> {
        try .record(
            "RetractableValues", StateField("ordered") { $0.ordered },
            StateField("unordered") { $0.unordered }
        ) { RetractableValues(ordered: $0, unordered: $1) }
    }
}
