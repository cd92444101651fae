/// An aggregate made of functions.
///
/// ```swift
/// Fold((words: 0, longest: 0)) { state, line in
///     state.words += line.words
///     state.longest = max(state.longest, line.length)
/// } merge: { state, other in
///     state.words += other.words
///     state.longest = max(state.longest, other.longest)
/// } result: { $0 }
/// ```
///
/// `merge` must agree with `add`: for any split of the records into groups, merging the groups'
/// states gives what adding all records gives. Windows that overlap, and sums computed before an
/// exchange, depend on that.
public struct Fold<Input, State: Sendable, Result: Sendable>: Aggregate {
    @usableFromInline let initial: State
    @usableFromInline let adder: @Sendable (inout State, Input) throws -> Void
    @usableFromInline let merger: @Sendable (inout State, State) throws -> Void
    @usableFromInline let finisher: @Sendable (State) throws -> Result

    /// Makes an aggregate that starts at `initial`.
    ///
    /// What a function throws stops the job.
    @inlinable public init(
        _ initial: State,
        add: @escaping @Sendable (inout State, Input) throws -> Void,
        merge: @escaping @Sendable (inout State, State) throws -> Void,
        result: @escaping @Sendable (State) throws -> Result
    ) {
        self.initial = initial
        adder = add
        merger = merge
        finisher = result
    }

    @inlinable public func makeAccumulator() -> State { initial }

    @inlinable public func add(_ record: Input, to accumulator: inout State) throws {
        try adder(&accumulator, record)
    }

    @inlinable public func merge(_ other: State, into accumulator: inout State) throws {
        try merger(&accumulator, other)
    }

    @inlinable public func result(of accumulator: State) throws -> Result {
        try finisher(accumulator)
    }
}

extension Fold where State == Result {
    /// Makes an aggregate whose result is its state.
    @inlinable public init(
        _ initial: State,
        add: @escaping @Sendable (inout State, Input) throws -> Void,
        merge: @escaping @Sendable (inout State, State) throws -> Void
    ) {
        self.init(initial, add: add, merge: merge, result: { $0 })
    }
}
