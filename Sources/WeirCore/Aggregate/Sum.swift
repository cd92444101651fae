/// Adds up a value of each record; absent values (`nil`) add nothing, and no records give zero.
///
/// Integers are added exactly, whatever the order; a total that does not fit the value's type is
/// an error when the result is asked for, never a trap. Floating-point numbers are added with
/// compensation (``CompensatedSum``), so that the order of merging hardly matters.
public struct Sum<Input, Value: Summable>: Aggregate {
    @usableFromInline let value: @Sendable (Input) -> Value?

    /// Adds up what `value` gives; a key path will do: `Sum(\.cents)`.
    @inlinable public init(_ value: @escaping @Sendable (Input) -> Value?) { self.value = value }

    @inlinable public func makeAccumulator() -> Value.PartialSum { Value.emptySum }

    @inlinable public func add(_ record: Input, to accumulator: inout Value.PartialSum) {
        if let value = value(record) { Value.add(value, to: &accumulator) }
    }

    @inlinable public func merge(
        _ other: Value.PartialSum, into accumulator: inout Value.PartialSum
    ) {
        Value.merge(other, into: &accumulator)
    }

    /// The total.
    ///
    /// - Throws: ``AggregateError/overflow(aggregate:total:type:)`` when it does not fit the type.
    @inlinable public func result(of accumulator: Value.PartialSum) throws -> Value {
        guard let total = Value.total(of: accumulator) else {
            throw AggregateError.overflow(
                aggregate: "Sum over \(Input.self)", total: "\(accumulator)", type: "\(Value.self)")
        }
        return total
    }
}
