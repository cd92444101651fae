/// Two aggregates over the same records, computed side by side.
public struct AggregatePair<First: Aggregate, Second: Aggregate>: Aggregate
where First.Input == Second.Input {
    @usableFromInline let first: First
    @usableFromInline let second: Second

    /// Joins two aggregates.
    @inlinable public init(_ first: First, _ second: Second) {
        self.first = first
        self.second = second
    }

    /// The accumulators of both.
    public struct Accumulator: Sendable {
        @usableFromInline var first: First.Accumulator
        @usableFromInline var second: Second.Accumulator

        @inlinable init(first: First.Accumulator, second: Second.Accumulator) {
            self.first = first
            self.second = second
        }
    }

    @inlinable public func makeAccumulator() -> Accumulator {
        Accumulator(first: first.makeAccumulator(), second: second.makeAccumulator())
    }

    @inlinable public func add(_ record: First.Input, to accumulator: inout Accumulator) throws {
        try first.add(record, to: &accumulator.first)
        try second.add(record, to: &accumulator.second)
    }

    @inlinable public func merge(_ other: Accumulator, into accumulator: inout Accumulator) throws {
        try first.merge(other.first, into: &accumulator.first)
        try second.merge(other.second, into: &accumulator.second)
    }

    @inlinable public func result(
        of accumulator: Accumulator
    ) throws -> (First.Result, Second.Result) {
        (try first.result(of: accumulator.first), try second.result(of: accumulator.second))
    }
}

/// An aggregate whose result goes through a function.
public struct MappedAggregate<Base: Aggregate, Result: Sendable>: Aggregate {
    @usableFromInline let base: Base
    @usableFromInline let transform: @Sendable (Base.Result) throws -> Result

    /// Passes the result of `base` through `transform`.
    @inlinable public init(
        _ base: Base, _ transform: @escaping @Sendable (Base.Result) throws -> Result
    ) {
        self.base = base
        self.transform = transform
    }

    @inlinable public func makeAccumulator() -> Base.Accumulator { base.makeAccumulator() }

    @inlinable public func add(
        _ record: Base.Input, to accumulator: inout Base.Accumulator
    ) throws {
        try base.add(record, to: &accumulator)
    }

    @inlinable public func merge(
        _ other: Base.Accumulator, into accumulator: inout Base.Accumulator
    ) throws {
        try base.merge(other, into: &accumulator)
    }

    @inlinable public func result(of accumulator: Base.Accumulator) throws -> Result {
        try transform(base.result(of: accumulator))
    }
}

extension Aggregate {
    /// This aggregate with its result passed through `transform`: `Mean(\.delay).map { $0 ?? 0 }`.
    @inlinable public func map<Mapped: Sendable>(
        _ transform: @escaping @Sendable (Result) throws -> Mapped
    ) -> MappedAggregate<Self, Mapped> {
        MappedAggregate(self, transform)
    }
}

extension AggregatePair.Accumulator: StateComposite {
    public static func stateCodec() throws -> StateCodec<Self> {
        try .record(
            "AggregatePair", StateField("first") { $0.first }, StateField("second") { $0.second }
        ) { Self(first: $0, second: $1) }
    }
}

extension AggregatePair.Accumulator: StateValue
where First.Accumulator: StateValue, Second.Accumulator: StateValue {
    public static var stateShape: StateShape {
        .record(
            "AggregatePair",
            [
                StateShape.Field("first", First.Accumulator.stateShape),
                StateShape.Field("second", Second.Accumulator.stateShape),
            ])
    }
    @inlinable public func write(to output: inout StateWriter) {
        first.write(to: &output)
        second.write(to: &output)
    }
    @inlinable public static func read(from input: inout StateReader) throws -> Self {
        let first = try First.Accumulator.read(from: &input)
        let second = try Second.Accumulator.read(from: &input)
        return Self(first: first, second: second)
    }
}
