/// The arithmetic mean of a value of each record; `nil` when there was none.
///
/// Absent values (`nil`) are not counted. The values are added up as ``Sum`` does, integers
/// exactly, and divided once, so that the order of arrival and merging hardly matters.
public struct Mean<Input, Value: Summable>: Aggregate {
    @usableFromInline let value: @Sendable (Input) -> Value?

    /// Averages what `value` gives; a key path will do: `Mean(\.delay)`.
    @inlinable public init(_ value: @escaping @Sendable (Input) -> Value?) { self.value = value }

    /// The total of the values that were there, and their number.
    public struct Accumulator: Sendable {
        @usableFromInline var sum: Value.PartialSum
        @usableFromInline var count: Int

        @inlinable init(sum: Value.PartialSum, count: Int) {
            self.sum = sum
            self.count = count
        }
    }

    @inlinable public func makeAccumulator() -> Accumulator {
        Accumulator(sum: Value.emptySum, count: 0)
    }

    @inlinable public func add(_ record: Input, to accumulator: inout Accumulator) {
        guard let value = value(record) else { return }
        Value.add(value, to: &accumulator.sum)
        accumulator.count &+= 1
    }

    @inlinable public func merge(_ other: Accumulator, into accumulator: inout Accumulator) {
        Value.merge(other.sum, into: &accumulator.sum)
        accumulator.count &+= other.count
    }

    @inlinable public func result(of accumulator: Accumulator) -> Double? {
        guard accumulator.count > 0 else { return nil }
        return Value.approximateTotal(of: accumulator.sum) / Double(accumulator.count)
    }
}

extension Mean.Accumulator: StateComposite {
    public static func stateCodec() throws -> StateCodec<Self> {
        try .record("Mean", StateField("sum") { $0.sum }, StateField("count") { $0.count }) {
            Self(sum: $0, count: $1)
        }
    }
}

extension Mean.Accumulator: StateValue where Value.PartialSum: StateValue {
    public static var stateShape: StateShape {
        .record(
            "Mean",
            [
                StateShape.Field("sum", Value.PartialSum.stateShape),
                StateShape.Field("count", Int.stateShape),
            ])
    }
    @inlinable public func write(to output: inout StateWriter) {
        sum.write(to: &output)
        count.write(to: &output)
    }
    @inlinable public static func read(from input: inout StateReader) throws -> Self {
        let sum = try Value.PartialSum.read(from: &input)
        let count = try Int.read(from: &input)
        return Self(sum: sum, count: count)
    }
}
