/// How many different values there are among records that may be taken back, counted exactly.
///
/// Absent values (`nil`) are not counted. Every different value is kept, with its number.
public struct RetractableDistinctCount<Input, Value: Hashable & Sendable>: RetractableAggregate {
    @usableFromInline let value: @Sendable (Input) -> Value?

    /// Counts the different values of what `value` gives.
    @inlinable public init(_ value: @escaping @Sendable (Input) -> Value?) { self.value = value }

    @inlinable public func makeAccumulator() -> [Value: Int] { [:] }

    @inlinable public func add(_ record: Input, to accumulator: inout [Value: Int]) {
        if let value = value(record) { accumulator[value, default: 0] += 1 }
    }

    @inlinable public func retract(_ record: Input, from accumulator: inout [Value: Int]) {
        guard let value = value(record), let count = accumulator[value] else { return }
        accumulator[value] = count > 1 ? count - 1 : nil
    }

    @inlinable public func merge(_ other: [Value: Int], into accumulator: inout [Value: Int]) {
        accumulator.merge(other, uniquingKeysWith: +)
    }

    @inlinable public func result(of accumulator: [Value: Int]) -> Int { accumulator.count }
}
