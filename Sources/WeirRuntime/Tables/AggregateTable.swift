public import WeirCore

/// The state of an aggregate that is never finished: the accumulator, and the row put out last.
public struct AggregateRow<Accumulator, Row> {
    @usableFromInline var accumulator: Accumulator
    /// Kept, and not made anew from the accumulator, so that an update's old row is what was put out
    /// even if the job's function has changed since.
    @usableFromInline var emitted: Row?

    @inlinable init(_ accumulator: Accumulator, emitted: Row? = nil) {
        self.accumulator = accumulator
        self.emitted = emitted
    }
}

/// Aggregates the records of each key, with a row that is updated as they come.
public struct AggregateTable<Key: StreamKey, Folded: Aggregate, Row>: TableOperation {
    @usableFromInline let aggregate: Folded
    @usableFromInline let row: (Key, Folded.Result) throws -> Row
    @usableFromInline let isSame: ((Row, Row) -> Bool)?

    @inlinable init(_ aggregate: Folded, row: @escaping (Key, Folded.Result) throws -> Row) {
        self.aggregate = aggregate
        self.row = row
        isSame = comparison(of: Row.self)
    }

    @inlinable public func makeState() -> AggregateRow<Folded.Accumulator, Row> {
        AggregateRow(aggregate.makeAccumulator())
    }

    @inlinable public func before(_ state: AggregateRow<Folded.Accumulator, Row>) {}

    @inlinable public func forget(_ state: inout AggregateRow<Folded.Accumulator, Row>) {
        state.accumulator = aggregate.makeAccumulator()
    }

    @inlinable public func emit(
        _ key: Key, _ state: inout AggregateRow<Folded.Accumulator, Row>, before: Void,
        at time: Timestamp, isExpired: Bool, into output: inout Batch<KeyedChange<Key, Row>>
    ) throws -> Bool {
        let new = isExpired ? nil : try row(key, aggregate.result(of: state.accumulator))
        appendChange(
            key, from: state.emitted, to: new, at: time, isSame: isSame, into: &output)
        state.emitted = new
        return isExpired
    }
}

/// Makes the record loop of an aggregate over a stream.
@inlinable @inline(__always)
func aggregateTableFold<Input, Key: StreamKey, Folded: Aggregate, Row>(
    by keyOf: @escaping @Sendable (Input) -> Key, _ folded: Folded.Type, _ row: Row.Type
) -> TableFold<Input, AggregateTable<Key, Folded, Row>> where Folded.Input == Input {
    // Captures the key's function alone, for the reason that `mapStep` gives.
    { batch, rows, state in
        let aggregate = state.operation.aggregate
        try state.fold(batch, rows, keyOf: keyOf) { record, _, entry in
            try aggregate.add(record, to: &entry.state.accumulator)
            return true
        }
    }
}
