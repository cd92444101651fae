public import WeirCore

/// The latest row of a key; `nil` where it has none.
public struct LatestRow<Row> {
    @usableFromInline var row: Row?

    @inlinable init(row: Row? = nil) { self.row = row }
}

/// Keeps one record of each key, by some rule, as the row of a table.
public struct LatestTable<Key: StreamKey, Row>: TableOperation {
    @usableFromInline let isSame: ((Row, Row) -> Bool)?

    @inlinable init() { isSame = comparison(of: Row.self) }

    @inlinable public func makeState() -> LatestRow<Row> { LatestRow() }
    /// The row that was put out. It is not kept in the state beside the latest: that would take
    /// twice the memory, while for most keys no change is held back.
    @inlinable public func before(_ state: LatestRow<Row>) -> Row? { state.row }
    @inlinable public func forget(_ state: inout LatestRow<Row>) { state.row = nil }

    @inlinable public func emit(
        _ key: Key, _ state: inout LatestRow<Row>, before: Row?, at time: Timestamp,
        isExpired: Bool, into output: inout Batch<KeyedChange<Key, Row>>
    ) throws -> Bool {
        if isExpired { state.row = nil }
        appendChange(key, from: before, to: state.row, at: time, isSame: isSame, into: &output)
        return state.row == nil
    }
}

/// Makes the record loop of a table whose rows are replaced by the records that come last, or
/// deleted by them.
@inlinable @inline(__always)
func upsertFold<Row, Key: StreamKey>(
    by keyOf: @escaping @Sendable (Row) -> Key,
    deletes: @escaping @Sendable (Row) throws -> Bool
) -> TableFold<Row, LatestTable<Key, Row>> {
    { batch, rows, state in
        try state.fold(batch, rows, keyOf: keyOf) { record, _, entry in
            entry.state.row = try deletes(record) ? nil : record
            return true
        }
    }
}

/// Makes the record loop of a table of the last record of each key in event time; of two with the same
/// time, the later to arrive.
@inlinable @inline(__always)
func lastInTimeFold<Row, Key: StreamKey>(
    by keyOf: @escaping @Sendable (Row) -> Key
) -> TableFold<Row, LatestTable<Key, Row>> {
    { batch, rows, state in
        try state.fold(batch, rows, keyOf: keyOf) { record, time, entry in
            if time < entry.time, entry.state.row != nil { return false }
            entry.state.row = record
            return true
        }
    }
}

/// Makes the record loop of a table of the last record of each key in an order of the job's.
@inlinable @inline(__always)
func lastInOrderFold<Row, Key: StreamKey>(
    by keyOf: @escaping @Sendable (Row) -> Key,
    isBefore: @escaping @Sendable (Row, Row) -> Bool
) -> TableFold<Row, LatestTable<Key, Row>> {
    { batch, rows, state in
        try state.fold(batch, rows, keyOf: keyOf) { record, _, entry in
            if let current = entry.state.row, isBefore(record, current) { return false }
            entry.state.row = record
            return true
        }
    }
}

/// Makes the record loop of a table whose rows are replaced and deleted by changes.
@inlinable @inline(__always)
func changelogFold<Key: StreamKey, Row>(
    _ key: Key.Type, _ row: Row.Type
) -> TableFold<KeyedChange<Key, Row>, LatestTable<Key, Row>> {
    { batch, rows, state in
        try state.fold(batch, rows, keyOf: { $0.key }) { change, _, entry in
            entry.state.row = change.new
            return true
        }
    }
}
