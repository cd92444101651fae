/// An aggregate over those records alone for which a predicate holds.
public struct FilteredAggregate<Base: Aggregate>: Aggregate {
    @usableFromInline let base: Base
    @usableFromInline let isFolded: @Sendable (Base.Input) throws -> Bool

    @inlinable init(_ base: Base, _ isFolded: @escaping @Sendable (Base.Input) throws -> Bool) {
        self.base = base
        self.isFolded = isFolded
    }

    @inlinable public func makeAccumulator() -> Base.Accumulator { base.makeAccumulator() }

    @inlinable public func add(
        _ record: Base.Input, to accumulator: inout Base.Accumulator
    ) throws {
        if try isFolded(record) { try base.add(record, to: &accumulator) }
    }

    @inlinable public func merge(
        _ other: Base.Accumulator, into accumulator: inout Base.Accumulator
    ) throws {
        try base.merge(other, into: &accumulator)
    }

    @inlinable public func result(of accumulator: Base.Accumulator) throws -> Base.Result {
        try base.result(of: accumulator)
    }
}

extension FilteredAggregate: RetractableAggregate where Base: RetractableAggregate {
    @inlinable public func retract(
        _ record: Base.Input, from accumulator: inout Base.Accumulator
    ) throws {
        if try isFolded(record) { try base.retract(record, from: &accumulator) }
    }
}

extension Aggregate {
    /// This aggregate over the records for which `isFolded` holds:
    /// `ExactDistinctCount(\.bidder).where { $0.price < 10_000 }`. SQL's `FILTER (WHERE …)`.
    ///
    /// - Parameter isFolded: Must depend on the record alone.
    @inlinable public func `where`(
        _ isFolded: @escaping @Sendable (Input) throws -> Bool
    ) -> FilteredAggregate<Self> {
        FilteredAggregate(self, isFolded)
    }
}
