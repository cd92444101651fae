public import WeirCore
public import WeirGraph

extension DataStream {
    /// The table that a log of changes makes, such as a database's: each change replaces or deletes
    /// the row of its key, whatever the log says was there before.
    ///
    /// So a log that begins in the middle, or tells something twice, makes a sound table: an update
    /// of an unknown row inserts it, an insert of a known one updates it, and a delete of an unknown
    /// one does nothing. A change that moves a row to another key deletes it under the old one.
    ///
    /// The changes of one key count in the order in which they come.
    ///
    /// - Parameters:
    ///   - key: The key of a row.
    ///   - retention: How long a row that no change touches is kept.
    ///   - emitting: How many changes may become one.
    ///   - name: The operator's name; its state is saved under it.
    @inlinable
    public func table<Key: StreamKey, Row: Sendable>(
        by key: @escaping @Sendable (Row) throws -> Key, keeping retention: StateRetention,
        emitting: UpdateCoalescing = .automatic, as name: String
    ) -> KeyedTable<Key, Row> where Element == Change<Row> {
        let regrouped: @Sendable (Change<Row>) throws -> RegroupedChange<Key, Row> = {
            try RegroupedChange($0, by: key)
        }
        return flatMap(regrouped).keyed(by: \.key).tabled(
            .table, keeping: retention, emitting: emitting, as: name,
            fold: changelogFold(Key.self, Row.self)
        ) {
            LatestTable()
        }
    }
}
