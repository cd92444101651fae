/// All records with the largest value: of equal ones every one, none when no record had a value.
///
/// ```swift
/// .aggregate(MaxBy(\.bids), as: "hottest") { _, window, hottest in … }
/// ```
///
/// Absent values (`nil`, or not a number) do not count. Records that tie come in no defined order.
/// Memory: the records that tie for the largest value so far.
public struct MaxBy<Input: Sendable, Value: Comparable & Sendable>: Aggregate {
    @usableFromInline let value: @Sendable (Input) -> Value?

    /// Looks at what `value` gives; a key path will do: `MaxBy(\.price)`.
    @inlinable public init(_ value: @escaping @Sendable (Input) -> Value?) { self.value = value }

    /// The largest value, and the records that have it.
    public struct Accumulator: Sendable {
        @usableFromInline var largest: Value?
        @usableFromInline var records: [Input]

        @inlinable init(largest: Value? = nil, records: [Input] = []) {
            self.largest = largest
            self.records = records
        }
    }

    @inlinable public func makeAccumulator() -> Accumulator { Accumulator() }

    @inlinable public func add(_ record: Input, to accumulator: inout Accumulator) {
        // Not-a-number alone differs from itself.
        guard let value = value(record), value == value else { return }
        if let largest = accumulator.largest {
            if value < largest { return }
            if largest < value { accumulator.records.removeAll(keepingCapacity: true) }
        }
        accumulator.largest = value
        accumulator.records.append(record)
    }

    @inlinable public func merge(_ other: Accumulator, into accumulator: inout Accumulator) {
        guard let value = other.largest else { return }
        if let largest = accumulator.largest {
            if value < largest { return }
            if value == largest {
                accumulator.records += other.records
                return
            }
        }
        accumulator = other
    }

    @inlinable public func result(of accumulator: Accumulator) -> [Input] { accumulator.records }
}

extension MaxBy.Accumulator: StateComposite {
    public static func stateCodec() throws -> StateCodec<Self> {
        try .record(
            "MaxBy", StateField("largest") { $0.largest }, StateField("records") { $0.records }
        ) { Self(largest: $0, records: $1) }
    }
}
