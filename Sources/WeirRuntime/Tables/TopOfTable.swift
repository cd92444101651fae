public import WeirCore

/// A row of a table with its key.
public struct KeyedRow<Key: StreamKey, Row: Sendable>: Sendable {
    @usableFromInline let key: Key
    @usableFromInline let row: Row

    @inlinable init(key: Key, row: Row) {
        self.key = key
        self.row = row
    }
}

/// Where a row stands: the larger value first, then the smaller key.
@usableFromInline
struct Standing<Value: Comparable & SendableMetatype, Key: Comparable & SendableMetatype>:
    Comparable
{
    @usableFromInline let value: Value
    @usableFromInline let key: Key

    @inlinable init(value: Value, key: Key) {
        self.value = value
        self.key = key
    }

    @inlinable static func < (left: Standing, right: Standing) -> Bool {
        if left.value == right.value { return left.key < right.key }
        return left.value > right.value
    }
}

/// All rows of a group in the order of their ranks, and those put out.
public struct StandingRows<
    Value: Comparable & SendableMetatype, Key: StreamKey & Comparable, Row
> {
    /// A row, and the number of its change: two that have the same number are the same.
    @usableFromInline struct Numbered {
        @usableFromInline let key: Key
        @usableFromInline let row: Row
        @usableFromInline let number: Int

        @inlinable init(key: Key, row: Row, number: Int) {
            self.key = key
            self.row = row
            self.number = number
        }
    }

    @usableFromInline var standings: OrderedMultiset<Standing<Value, Key>>
    @usableFromInline var rows: [Key: Numbered]
    @usableFromInline var emitted: ContiguousArray<Numbered>
    @usableFromInline var changes: Int

    @inlinable init(
        standings: OrderedMultiset<Standing<Value, Key>> = OrderedMultiset(),
        rows: [Key: Numbered] = [:], emitted: ContiguousArray<Numbered> = [], changes: Int = 0
    ) {
        self.standings = standings
        self.rows = rows
        self.emitted = emitted
        self.changes = changes
    }
}

/// Keeps the best few rows of each group of a table's rows, each place a row of another table.
///
/// All rows are kept in order, since any may be among the best when others have gone.
public struct TopOfTable<
    Group: StreamKey, Key: StreamKey & Comparable, Value: Comparable & SendableMetatype,
    Row: Sendable
>: TableOperation {
    public typealias State = StandingRows<Value, Key, Row>

    @usableFromInline let limit: Int
    @usableFromInline let value: @Sendable (Row) throws -> Value?
    @usableFromInline let isSame: ((Row, Row) -> Bool)?

    @inlinable init(limit: Int, value: @escaping @Sendable (Row) throws -> Value?) {
        self.limit = limit
        self.value = value
        isSame = comparison(of: Row.self)
    }

    @inlinable public func makeState() -> State { StandingRows() }
    @inlinable public func before(_ state: State) {}

    @inlinable public func forget(_ state: inout State) {
        state.standings = OrderedMultiset()
        state.rows = [:]
    }

    /// Moves a row to its place; answers whether it has had one or has one now.
    @inlinable func fold(_ change: Change<KeyedRow<Key, Row>>, into state: inout State) throws
        -> Bool
    {
        let old = try change.old.flatMap(standing)
        let new = try change.new.flatMap(standing)
        if let old {
            state.standings.remove(old)
            state.rows[old.key] = nil
        }
        if let new, let row = change.new?.row {
            state.changes += 1
            state.standings.insert(new)
            state.rows[new.key] = .init(key: new.key, row: row, number: state.changes)
        }
        return old != nil || new != nil
    }

    @inlinable func standing(_ keyed: KeyedRow<Key, Row>) throws -> Standing<Value, Key>? {
        guard let value = try value(keyed.row), isOrdered(value) else { return nil }
        return Standing(value: value, key: keyed.key)
    }

    @inlinable public func emit(
        _ key: Group, _ state: inout State, before: Void, at time: Timestamp, isExpired: Bool,
        into output: inout Batch<KeyedChange<RankedKey<Group>, Row>>
    ) throws -> Bool {
        if isExpired { forget(&state) }
        let best = state.standings.prefix(limit).compactMap { state.rows[$0.key] }
        for place in 0..<max(best.count, state.emitted.count) {
            let old = place < state.emitted.count ? state.emitted[place] : nil
            let new = place < best.count ? best[place] : nil
            if let old, let new, old.number == new.number { continue }
            appendChange(
                RankedKey(key, rank: place + 1), from: old?.row, to: new?.row, at: time,
                isSame: isSame, into: &output)
        }
        state.emitted = ContiguousArray(best)
        return state.rows.isEmpty
    }
}

/// Makes the record loop of a ranking of a table's rows.
@inlinable @inline(__always)
func topOfTableFold<Group, Key, Value: SendableMetatype, Row>(
    _ operation: TopOfTable<Group, Key, Value, Row>.Type
) -> TableFold<KeyedChange<Group, KeyedRow<Key, Row>>, TopOfTable<Group, Key, Value, Row>> {
    { batch, rows, state in
        let operation = state.operation
        try state.fold(batch, rows, keyOf: { $0.key }) { change, _, entry in
            try operation.fold(change.change, into: &entry.state)
        }
    }
}
