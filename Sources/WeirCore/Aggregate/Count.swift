/// Counts records: all of them, or those that a predicate holds for.
///
/// ```swift
/// .aggregate(Count(), Count { $0.delay == nil }, as: "hourly") { … }
/// ```
public struct Count<Input>: Aggregate {
    @usableFromInline let isCounted: (@Sendable (Input) -> Bool)?

    /// Counts every record.
    @inlinable public init() { isCounted = nil }

    /// Counts the records for which `isCounted` holds; a key path to a `Bool` will do.
    @inlinable public init(where isCounted: @escaping @Sendable (Input) -> Bool) {
        self.isCounted = isCounted
    }

    @inlinable public func makeAccumulator() -> Int { 0 }

    @inlinable public func add(_ record: Input, to accumulator: inout Int) {
        if let isCounted, !isCounted(record) { return }
        accumulator &+= 1
    }

    @inlinable public var takesUnseen: Bool { isCounted == nil }
    @inlinable public func addUnseen(to accumulator: inout Int) { accumulator &+= 1 }

    @inlinable public func merge(_ other: Int, into accumulator: inout Int) {
        accumulator &+= other
    }

    @inlinable public func result(of accumulator: Int) -> Int { accumulator }
}
