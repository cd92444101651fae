public import WeirCore

/// The state of a group of a table's rows.
public struct GroupState<Accumulator, Row> {
    @usableFromInline var accumulator: Accumulator
    /// The rows in the group; without any the group itself has no row.
    @usableFromInline var count: Int
    @usableFromInline var emitted: Row?

    @inlinable init(_ accumulator: Accumulator, count: Int = 0, emitted: Row? = nil) {
        self.accumulator = accumulator
        self.count = count
        self.emitted = emitted
    }
}

/// Aggregates the rows of a table by group: adds what comes in, and takes back what goes.
public struct GroupTable<
    Key: StreamKey, Folded: RetractableAggregate, Row
>: TableOperation {
    public typealias State = GroupState<Folded.Accumulator, Row>

    @usableFromInline let aggregate: Folded
    @usableFromInline let row: (Key, Folded.Result) throws -> Row
    @usableFromInline let isSame: ((Row, Row) -> Bool)?

    @inlinable init(_ aggregate: Folded, row: @escaping (Key, Folded.Result) throws -> Row) {
        self.aggregate = aggregate
        self.row = row
        isSame = comparison(of: Row.self)
    }

    @inlinable public func makeState() -> State { GroupState(aggregate.makeAccumulator()) }
    @inlinable public func before(_ state: State) {}

    @inlinable public func forget(_ state: inout State) {
        state.accumulator = aggregate.makeAccumulator()
        state.count = 0
    }

    @inlinable func fold(_ change: Change<Folded.Input>, into state: inout State) throws {
        if let old = change.old {
            try aggregate.retract(old, from: &state.accumulator)
            state.count &-= 1
        }
        // An empty group starts anew, so that rounding errors of sums end with it.
        if state.count == 0 { state.accumulator = aggregate.makeAccumulator() }
        if let new = change.new {
            try aggregate.add(new, to: &state.accumulator)
            state.count &+= 1
        }
    }

    @inlinable public func emit(
        _ key: Key, _ state: inout State, before: Void, at time: Timestamp, isExpired: Bool,
        into output: inout Batch<KeyedChange<Key, Row>>
    ) throws -> Bool {
        let isEmpty = isExpired || state.count == 0
        let new = isEmpty ? nil : try row(key, aggregate.result(of: state.accumulator))
        appendChange(
            key, from: state.emitted, to: new, at: time, isSame: isSame, into: &output)
        state.emitted = new
        return isEmpty
    }
}

/// Makes the record loop of an aggregate over a table's rows by group.
@inlinable @inline(__always)
func groupTableFold<Key: StreamKey, Folded: RetractableAggregate, Row>(
    _ key: Key.Type, _ folded: Folded.Type, _ row: Row.Type
) -> TableFold<KeyedChange<Key, Folded.Input>, GroupTable<Key, Folded, Row>> {
    { batch, rows, state in
        let operation = state.operation
        try state.fold(batch, rows, keyOf: { $0.key }) { change, _, entry in
            try operation.fold(change.change, into: &entry.state)
            return true
        }
    }
}
