/// An aggregate that can take a record back: what aggregates over tables need, since the rows of a
/// table change and go.
///
/// Taking back a record that was added must leave what never adding it would have left, in whatever
/// order the rest came.
///
/// ``Count``, ``Sum``, ``Mean``, ``RetractableMin``, ``RetractableMax``, ``RetractableCollect``,
/// ``RetractableDistinctCount`` and ``RetractableFold`` can; so can several of them together, one
/// that is `map`ped, and one that is limited by ``Aggregate/where(_:)``. ``Min`` and ``Max``
/// cannot: they keep one value, and when that goes, the next is not known.
public protocol RetractableAggregate<Input, Result>: Aggregate {
    /// Takes back one record that was folded in.
    func retract(_ record: Input, from accumulator: inout Accumulator) throws
}

extension Count: RetractableAggregate {
    @inlinable public func retract(_ record: Input, from accumulator: inout Int) {
        if let isCounted, !isCounted(record) { return }
        accumulator &-= 1
    }
}

extension Sum: RetractableAggregate {
    /// Takes a value back: integers exactly, floating-point numbers with the bound that
    /// ``CompensatedSum`` states, values that are not finite not at all.
    @inlinable public func retract(_ record: Input, from accumulator: inout Value.PartialSum) {
        if let value = value(record) { Value.retract(value, from: &accumulator) }
    }
}

extension Mean: RetractableAggregate {
    /// Takes a value back, as ``Sum`` does.
    @inlinable public func retract(_ record: Input, from accumulator: inout Accumulator) {
        guard let value = value(record) else { return }
        Value.retract(value, from: &accumulator.sum)
        accumulator.count &-= 1
    }
}

extension AggregatePair: RetractableAggregate
where First: RetractableAggregate, Second: RetractableAggregate {
    @inlinable public func retract(
        _ record: First.Input, from accumulator: inout Accumulator
    ) throws {
        try first.retract(record, from: &accumulator.first)
        try second.retract(record, from: &accumulator.second)
    }
}

extension MappedAggregate: RetractableAggregate where Base: RetractableAggregate {
    @inlinable public func retract(
        _ record: Base.Input, from accumulator: inout Base.Accumulator
    ) throws {
        try base.retract(record, from: &accumulator)
    }
}
