/// An aggregate made of functions that can take a record back; see ``Fold``.
///
/// ```swift
/// RetractableFold(0) { $0 ^= $1.id } retract: { $0 ^= $1.id } merge: { $0 ^= $1 } result: { $0 }
/// ```
public struct RetractableFold<Input, State: Sendable, Result: Sendable>: RetractableAggregate {
    @usableFromInline let base: Fold<Input, State, Result>
    @usableFromInline let retractor: @Sendable (inout State, Input) throws -> Void

    /// Makes an aggregate that starts at `initial`.
    ///
    /// - Parameter retract: Takes back a record that was added. What a function throws stops the job.
    @inlinable public init(
        _ initial: State,
        add: @escaping @Sendable (inout State, Input) throws -> Void,
        retract: @escaping @Sendable (inout State, Input) throws -> Void,
        merge: @escaping @Sendable (inout State, State) throws -> Void,
        result: @escaping @Sendable (State) throws -> Result
    ) {
        base = Fold(initial, add: add, merge: merge, result: result)
        retractor = retract
    }

    @inlinable public func makeAccumulator() -> State { base.makeAccumulator() }
    @inlinable public func add(_ record: Input, to accumulator: inout State) throws {
        try base.add(record, to: &accumulator)
    }
    @inlinable public func retract(_ record: Input, from accumulator: inout State) throws {
        try retractor(&accumulator, record)
    }
    @inlinable public func merge(_ other: State, into accumulator: inout State) throws {
        try base.merge(other, into: &accumulator)
    }
    @inlinable public func result(of accumulator: State) throws -> Result {
        try base.result(of: accumulator)
    }
}
