public import WeirCore

/// State that folds records into the accumulator of an aggregate; `nil` before the first.
///
/// The aggregate is the function's, not the state's, so that the state can be saved.
///
/// ```swift
/// let mean = Mean(\Reading.celsius)
/// struct State { var mean = AggregatingState<Mean<Reading, Double>>() }
/// // in process(_:state:context:):
/// try state.mean.add(reading, by: mean)
/// ```
public struct AggregatingState<Folded: Aggregate>: Sendable {
    /// What is kept of the records added.
    public var accumulator: Folded.Accumulator?

    /// A state of no records.
    @inlinable public init() { accumulator = nil }

    /// Folds a record in.
    @inlinable public mutating func add(_ record: Folded.Input, by aggregate: Folded) throws {
        var folded = accumulator ?? aggregate.makeAccumulator()
        // Taken out meanwhile, so that an accumulator with a buffer is not copied.
        accumulator = nil
        defer { accumulator = folded }
        try aggregate.add(record, to: &folded)
    }

    /// The result for the records added.
    @inlinable public func result(of aggregate: Folded) throws -> Folded.Result {
        try aggregate.result(of: accumulator ?? aggregate.makeAccumulator())
    }

    /// Forgets what was added.
    @inlinable public mutating func clear() { accumulator = nil }
}

extension AggregatingState: Equatable where Folded.Accumulator: Equatable {}
extension AggregatingState: Hashable where Folded.Accumulator: Hashable {}
extension AggregatingState: Codable where Folded.Accumulator: Codable {}
