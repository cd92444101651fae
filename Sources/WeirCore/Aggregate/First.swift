/// The record that comes first by an order of its own, such as its event time.
///
/// "First" is by what `key` gives, never by arrival: records reach a window in no promised order.
/// Of records with equal keys any one may be the result, so let the key decide between them where
/// the choice matters.
public struct First<Input: Sendable, Key: Comparable & Sendable>: Aggregate {
    @usableFromInline let key: @Sendable (Input) -> Key

    /// Finds the record with the smallest `key`: `First(by: \.scheduled)`.
    @inlinable public init(by key: @escaping @Sendable (Input) -> Key) { self.key = key }

    @inlinable public func makeAccumulator() -> Input? { nil }

    @inlinable public func add(_ record: Input, to accumulator: inout Input?) {
        if let current = accumulator, key(current) <= key(record) { return }
        accumulator = record
    }

    @inlinable public func merge(_ other: Input?, into accumulator: inout Input?) {
        if let other { add(other, to: &accumulator) }
    }

    @inlinable public func result(of accumulator: Input?) -> Input? { accumulator }
}

/// The record that comes last by an order of its own, such as its event time.
///
/// "Last" is by what `key` gives, never by arrival. Of records with equal keys any one may be the
/// result.
public struct Last<Input: Sendable, Key: Comparable & Sendable>: Aggregate {
    @usableFromInline let key: @Sendable (Input) -> Key

    /// Finds the record with the largest `key`: `Last(by: \.scheduled)`.
    @inlinable public init(by key: @escaping @Sendable (Input) -> Key) { self.key = key }

    @inlinable public func makeAccumulator() -> Input? { nil }

    @inlinable public func add(_ record: Input, to accumulator: inout Input?) {
        if let current = accumulator, key(record) <= key(current) { return }
        accumulator = record
    }

    @inlinable public func merge(_ other: Input?, into accumulator: inout Input?) {
        if let other { add(other, to: &accumulator) }
    }

    @inlinable public func result(of accumulator: Input?) -> Input? { accumulator }
}
