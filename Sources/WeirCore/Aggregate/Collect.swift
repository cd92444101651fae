/// Gathers a value of each record into an array.
///
/// The order is that of arrival and merging, which no run promises to repeat. Memory grows with
/// the number of records unless a limit is given; which values are kept then depends on arrival
/// too. Use ``TopK`` to choose them by what they are.
public struct Collect<Input, Value: Sendable>: Aggregate {
    @usableFromInline let limit: Int
    @usableFromInline let value: @Sendable (Input) -> Value

    /// Gathers what `value` gives, at most `limit` of them.
    ///
    /// - Precondition: `limit` is not negative.
    @inlinable public init(
        _ value: @escaping @Sendable (Input) -> Value, limit: Int = .max
    ) {
        precondition(limit >= 0, "Collect cannot keep \(limit) values")
        self.limit = limit
        self.value = value
    }

    @inlinable public func makeAccumulator() -> [Value] { [] }

    @inlinable public func add(_ record: Input, to accumulator: inout [Value]) {
        if accumulator.count < limit { accumulator.append(value(record)) }
    }

    @inlinable public func merge(_ other: [Value], into accumulator: inout [Value]) {
        accumulator.append(contentsOf: other.prefix(limit - accumulator.count))
    }

    @inlinable public func result(of accumulator: [Value]) -> [Value] { accumulator }
}

extension Collect where Value == Input {
    /// Gathers the records themselves, at most `limit` of them.
    ///
    /// - Precondition: `limit` is not negative.
    @inlinable public init(limit: Int = .max) { self.init({ $0 }, limit: limit) }
}
