public import WeirCore

/// A sink that keeps a table in memory: reads its changes and has its rows.
///
/// ```swift
/// let totals = CollectTable<String, Total>()
/// table.sink(to: totals, as: "totals")
/// // during the run or after it:
/// print(totals.rows["ann"])
/// ```
///
/// A change that does not fit the rows so far stops the job, which says that the changes do not come
/// from one table. May be read at any time; it then has the rows as of the changes written last.
public final class CollectTable<Key: Hashable & Sendable, Row: Sendable>: Sink {
    @usableFromInline let view = Locked(TableView<Key, Row>())

    /// Makes an empty table.
    public init() {}

    /// The rows by key.
    public var rows: [Key: Row] { view.withLock { $0.rows } }

    public var summary: String { "a table in memory" }
    public var writeMode: WriteMode { .inline }
    public var guarantee: DeliveryGuarantee { .atLeastOnce }

    @inlinable public func writer(context: SubtaskContext) -> CollectTableWriter<Key, Row> {
        CollectTableWriter(table: self)
    }
}

/// Writes the changes of one subtask to a ``CollectTable``.
public struct CollectTableWriter<Key: Hashable & Sendable, Row: Sendable>: SinkWriter {
    @usableFromInline let table: CollectTable<Key, Row>

    @inlinable init(table: CollectTable<Key, Row>) { self.table = table }

    @inlinable public mutating func write(_ batch: inout Batch<KeyedChange<Key, Row>>) throws {
        try table.view.withLock { view in
            try batch.drainRows { change, _ in try view.apply(change) }
        }
    }

    @inlinable public mutating func finish() {}
}
