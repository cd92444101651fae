public import WeirCore

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
    /// Nothing, as the state has all of it. What is there has been restored from a checkpoint of an
    /// earlier version: the rows that were put out.
    @inlinable public func before(_ state: TopRows<Row>) -> ContiguousArray<Row>? { nil }
    @inlinable public func forget(_ state: inout TopRows<Row>) { state.removeAll() }

    public func restoring(
        _ before: ContiguousArray<Row>?
    ) -> ((inout TopRows<Row>) -> Void)? {
        guard let before else { return nil }
        return { state in
            state = TopRows(
                state.saved, firstChanged: state.firstChanged,
                before: before.dropFirst(state.firstChanged))
        }
    }

    @inlinable public func emit(
        _ key: Key, _ state: inout TopRows<Row>, before: ContiguousArray<Row>?,
        at time: Timestamp, isExpired: Bool,
        into output: inout Batch<KeyedChange<RankedKey<Key>, Row>>
    ) throws -> Bool {
        if isExpired { state.removeAll() }
        let count = state.count
        var place = state.firstChanged
        /// Where the row is that was put out with the rank `place`, if it still has one.
        var next = place
        while true {
            while next < count && !state.rows[next].isPutOut { next &+= 1 }
            let ranked = RankedKey(key, rank: place &+ 1)
            if next < count {
                appendUpdate(
                    ranked, from: state.rows[next].row, to: state.rows[place].row, at: time,
                    isSame: isSame, into: &output)
                next &+= 1
            } else if state.rows.count > count {
                let old = state.rows.removeLast().row
                if place < count {
                    appendUpdate(
                        ranked, from: old, to: state.rows[place].row, at: time, isSame: isSame,
                        into: &output)
                } else {
                    output.append(KeyedChange(key: ranked, .delete(old)), at: time)
                }
            } else if place < count {
                output.append(
                    KeyedChange(key: ranked, .insert(state.rows[place].row)), at: time)
            } else {
                break
            }
            place &+= 1
        }
        state.notePutOut()
        return count == 0
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
        let limit = state.operation.limit
        try state.fold(batch, rows, keyOf: keyOf) { record, _, entry in
            guard isRanked(record) else { return false }
            return entry.state.insert(record, limit: limit, comesFirst: comesFirst)
        }
    }
}
