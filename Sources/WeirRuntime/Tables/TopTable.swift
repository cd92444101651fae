public import WeirCore

/// The best few records of a key.
public struct TopRows<Row> {
    /// The best first.
    @usableFromInline var rows: ContiguousArray<Row>
    /// The first rank, from 0, that has changed since changes were put out.
    @usableFromInline var firstChanged: Int

    @inlinable init(rows: ContiguousArray<Row> = [], firstChanged: Int = .max) {
        self.rows = rows
        self.firstChanged = firstChanged
    }
}

/// The key of a row of a ranking: whose ranking, and which place in it.
public struct RankedKey<Key: StreamKey>: StreamKey {
    /// The key whose records are ranked.
    public var key: Key
    /// The place, from 1.
    public var rank: Int

    /// The place `rank` in the ranking of `key`.
    @inlinable public init(_ key: Key, rank: Int) {
        self.key = key
        self.rank = rank
    }

    @inlinable public func hash(into hasher: inout StableHasher) {
        key.hash(into: &hasher)
        rank.hash(into: &hasher)
    }
}

/// Keeps the best few records of each key, each place a row of a table.
public struct TopTable<Key: StreamKey, Row>: TableOperation {
    @usableFromInline let limit: Int
    @usableFromInline let isSame: ((Row, Row) -> Bool)?

    @inlinable init(limit: Int) {
        self.limit = limit
        isSame = comparison(of: Row.self)
    }

    @inlinable public func makeState() -> TopRows<Row> { TopRows() }
    /// The rows that were put out; copied by the first record that changes them, and by no other.
    @inlinable public func before(_ state: TopRows<Row>) -> ContiguousArray<Row> { state.rows }
    @inlinable public func forget(_ state: inout TopRows<Row>) {
        state.rows = []
        state.firstChanged = 0
    }

    /// Puts a record in its place, behind all that come before it or are equal to it in the order.
    ///
    /// - Returns: Whether it is among the best.
    @inlinable func insert(
        _ record: Row, into state: inout TopRows<Row>, comesFirst: (Row, Row) -> Bool
    ) -> Bool {
        var place = state.rows.count
        while place > 0 && comesFirst(record, state.rows[place - 1]) { place -= 1 }
        guard place < limit else { return false }
        if state.rows.count == limit { state.rows.removeLast() }
        state.rows.insert(record, at: place)
        if place < state.firstChanged { state.firstChanged = place }
        return true
    }

    @inlinable public func emit(
        _ key: Key, _ state: inout TopRows<Row>, before: ContiguousArray<Row>, at time: Timestamp,
        isExpired: Bool, into output: inout Batch<KeyedChange<RankedKey<Key>, Row>>
    ) throws -> Bool {
        if isExpired { forget(&state) }
        let places = max(before.count, state.rows.count)
        for place in min(state.firstChanged, places)..<places {
            appendChange(
                RankedKey(key, rank: place + 1),
                from: place < before.count ? before[place] : nil,
                to: place < state.rows.count ? state.rows[place] : nil,
                at: time, isSame: isSame, into: &output)
        }
        state.firstChanged = .max
        return state.rows.isEmpty
    }
}

/// Makes the record loop of a ranking.
@inlinable @inline(__always)
func topFold<Row, Key: StreamKey>(
    by keyOf: @escaping @Sendable (Row) -> Key,
    isRanked: @escaping @Sendable (Row) -> Bool,
    comesFirst: @escaping @Sendable (Row, Row) -> Bool
) -> TableFold<Row, TopTable<Key, Row>> {
    { batch, rows, state in
        let operation = state.operation
        try state.fold(batch, rows, keyOf: keyOf) { record, _, entry in
            guard isRanked(record) else { return false }
            return operation.insert(record, into: &entry.state, comesFirst: comesFirst)
        }
    }
}
