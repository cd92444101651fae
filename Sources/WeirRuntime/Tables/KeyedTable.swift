public import WeirCore
public import WeirGraph

/// A table that is updated as records come: at each moment at most one row for each key.
///
/// A description, as streams are. It is carried by the stream of its changes: for each key, in order,
/// an insert, updates whose old row is what was there, perhaps a delete. Functions given to its
/// methods must depend on their arguments alone, because an old row goes through them again.
public struct KeyedTable<Key: StreamKey, Row: Sendable> {
    @usableFromInline let changeStream: DataStream<KeyedChange<Key, Row>>

    /// The table that a stream of changes makes, taken at its word: for each key an insert, updates
    /// and a delete in turn, in one subtask's order.
    ///
    /// Where that is not certain, `DataStream.table(by:keeping:emitting:as:)` sees to it.
    @inlinable public init(trusting changes: DataStream<KeyedChange<Key, Row>>) {
        changeStream = changes
    }

    /// The job that the table belongs to.
    @inlinable public var job: JobBuilder { changeStream.job }

    /// The stream of the table's changes.
    ///
    /// The event time of a change is the latest of the records that have made the row.
    @inlinable public func changes() -> DataStream<KeyedChange<Key, Row>> { changeStream }

    /// Ends the table in a sink that reads its changes.
    ///
    /// A sink that replaces rows by their keys reads ``latest(as:)``.
    @inlinable
    public func sink<S: Sink>(to sink: S, as name: String)
    where S.Element == KeyedChange<Key, Row> {
        changeStream.sink(to: sink, as: name)
    }

    /// The stream of rows as they come to be: each insert and the new row of each update. Deletes
    /// are counted as filtered.
    @inlinable @inline(__always)
    public func latest(as name: String? = nil) -> DataStream<Row> {
        latest(as: name) { _, row in row }
    }

    /// The stream of what `transform` makes of each key and row as they come to be.
    @inlinable @inline(__always)
    public func latest<Output: Sendable>(
        as name: String? = nil, _ transform: @escaping @Sendable (Key, Row) throws -> Output
    ) -> DataStream<Output> {
        changeStream.changesMapped(.latest, as: name) { change in
            try change.new.map { try transform(change.key, $0) }
        }
    }
}

// MARK: - Row by row

extension KeyedTable {
    /// The table of the rows for which `isKept` holds.
    ///
    /// A row that comes to satisfy it is inserted, one that ceases to is deleted.
    @inlinable @inline(__always)
    public func filter(
        as name: String? = nil, _ isKept: @escaping @Sendable (Row) throws -> Bool
    ) -> KeyedTable<Key, Row> {
        filter(as: name) { _, row in try isKept(row) }
    }

    /// The table of the rows for which `isKept` holds, given key and row.
    @inlinable @inline(__always)
    public func filter(
        as name: String? = nil, _ isKept: @escaping @Sendable (Key, Row) throws -> Bool
    ) -> KeyedTable<Key, Row> {
        KeyedTable(
            trusting: changeStream.changesMapped(.filter, as: name) { change in
                try change.change.filter { try isKept(change.key, $0) }
                    .map { KeyedChange(key: change.key, $0) }
            })
    }

    /// The table with each row replaced by what `transform` makes of it.
    @inlinable @inline(__always)
    public func mapValues<Output: Sendable>(
        as name: String? = nil, _ transform: @escaping @Sendable (Row) throws -> Output
    ) -> KeyedTable<Key, Output> {
        mapValues(as: name) { _, row in try transform(row) }
    }

    /// The table with each row replaced by what `transform` makes of its key and it.
    @inlinable @inline(__always)
    public func mapValues<Output: Sendable>(
        as name: String? = nil, _ transform: @escaping @Sendable (Key, Row) throws -> Output
    ) -> KeyedTable<Key, Output> {
        KeyedTable<Key, Output>(
            trusting: changeStream.map(as: name) { change in
                KeyedChange(
                    key: change.key, try change.change.map { try transform(change.key, $0) })
            })
    }
}

/// What a step over changes does, for the plan.
@usableFromInline
enum ChangeMapping: String {
    case latest, filter
}

extension DataStream {
    /// Adds an operator that makes at most one record of each change.
    @inlinable @inline(__always)
    func changesMapped<Output: Sendable>(
        _ mapping: ChangeMapping, as name: String?,
        _ transform: @escaping @Sendable (Element) throws -> Output?
    ) -> DataStream<Output> {
        let body = TransformBody { context, outputs, _ in
            [AnyStep(compactMapStep(context, into: try outputs.step(0), transform))]
        }
        let id = job.add(
            .filter, as: name, detail: "of changes, \(mapping.rawValue)",
            inputs: [GraphEdge(from: output)], outputTypes: [Output.self],
            body: .transform(body))
        return DataStream<Output>(job: job, output: OutputReference(id))
    }
}
