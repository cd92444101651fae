/// The smallest value among the records; `nil` when none had one.
///
/// Absent values (`nil`) do not count. A floating-point value that is not a number counts only
/// until there is one that is: it never hides a real minimum.
public struct Min<Input, Value: Comparable & Sendable>: Aggregate {
    @usableFromInline let value: @Sendable (Input) -> Value?

    /// Looks at what `value` gives; a key path will do: `Min(\.delay)`.
    @inlinable public init(_ value: @escaping @Sendable (Input) -> Value?) { self.value = value }

    @inlinable public func makeAccumulator() -> Value? { nil }

    @inlinable public func add(_ record: Input, to accumulator: inout Value?) {
        merge(value(record), into: &accumulator)
    }

    @inlinable public func merge(_ other: Value?, into accumulator: inout Value?) {
        guard let other else { return }
        guard let current = accumulator else {
            accumulator = other
            return
        }
        // `current != current` holds for not-a-number alone.
        if other < current || (current != current && other == other) { accumulator = other }
    }

    @inlinable public func result(of accumulator: Value?) -> Value? { accumulator }
}

/// The largest value among the records; `nil` when none had one.
///
/// Absent values (`nil`) do not count. A floating-point value that is not a number counts only
/// until there is one that is: it never hides a real maximum.
public struct Max<Input, Value: Comparable & Sendable>: Aggregate {
    @usableFromInline let value: @Sendable (Input) -> Value?

    /// Looks at what `value` gives; a key path will do: `Max(\.delay)`.
    @inlinable public init(_ value: @escaping @Sendable (Input) -> Value?) { self.value = value }

    @inlinable public func makeAccumulator() -> Value? { nil }

    @inlinable public func add(_ record: Input, to accumulator: inout Value?) {
        merge(value(record), into: &accumulator)
    }

    @inlinable public func merge(_ other: Value?, into accumulator: inout Value?) {
        guard let other else { return }
        guard let current = accumulator else {
            accumulator = other
            return
        }
        if current < other || (current != current && other == other) { accumulator = other }
    }

    @inlinable public func result(of accumulator: Value?) -> Value? { accumulator }
}
