/// How many different values the records have: exact while few, estimated beyond.
///
/// Absent values (`nil`) are not counted. Exact up to 512 different values at the default
/// precision, with a standard error of 1.6 % beyond; the result depends on the values alone, not on
/// their order. See ``DistinctSketch`` for the bound, the size and the source, and
/// ``ExactDistinctCount`` where an estimate will not do.
public struct DistinctCount<Input, Value: StreamKey>: Aggregate {
    @usableFromInline let value: @Sendable (Input) -> Value?
    @usableFromInline let precision: Int

    /// Counts the different values of what `value` gives: `DistinctCount(\.customer)`.
    ///
    /// - Precondition: `precision` lies between 4 and 18.
    @inlinable public init(
        _ value: @escaping @Sendable (Input) -> Value?, precision: Int = 12
    ) {
        self.value = value
        self.precision = precision
    }

    @inlinable public func makeAccumulator() -> DistinctSketch {
        DistinctSketch(precision: precision)
    }

    @inlinable public func add(_ record: Input, to accumulator: inout DistinctSketch) {
        if let value = value(record) { accumulator.insert(value.stableHash) }
    }

    @inlinable public func merge(_ other: DistinctSketch, into accumulator: inout DistinctSketch) {
        accumulator.formUnion(other)
    }

    @inlinable public func result(of accumulator: DistinctSketch) -> Int { accumulator.count }
}

/// How many different values the records have, counted exactly.
///
/// Absent values (`nil`) are not counted. Every different value is kept until the window closes.
public struct ExactDistinctCount<Input, Value: Hashable & Sendable>: Aggregate {
    @usableFromInline let value: @Sendable (Input) -> Value?

    /// Counts the different values of what `value` gives: `ExactDistinctCount(\.customer)`.
    @inlinable public init(_ value: @escaping @Sendable (Input) -> Value?) { self.value = value }

    @inlinable public func makeAccumulator() -> DistinctValues<Value> { DistinctValues() }

    @inlinable public func add(_ record: Input, to accumulator: inout DistinctValues<Value>) {
        if let value = value(record) { accumulator.insert(value) }
    }

    @inlinable public func merge(
        _ other: DistinctValues<Value>, into accumulator: inout DistinctValues<Value>
    ) {
        accumulator.formUnion(other)
    }

    @inlinable public func result(of accumulator: DistinctValues<Value>) -> Int {
        accumulator.count
    }
}
