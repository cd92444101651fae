public import WeirCore
public import WeirGraph

/// A table's rows divided into groups by another key than their own.
public struct GroupedTable<Row: Sendable, Key: StreamKey> {
    /// The changes as the groups see them: a row that moves from one group to another is deleted
    /// there and inserted here.
    @usableFromInline let changes: DataStream<KeyedChange<Key, Row>>

    @inlinable init(changes: DataStream<KeyedChange<Key, Row>>) { self.changes = changes }

    @inlinable var edge: GraphEdge {
        GraphEdge(
            from: changes.output,
            partitioning: .keyed(KeyPartitioner(KeyedChange<Key, Row>.self) { $0.key }))
    }
}

extension KeyedTable {
    /// This table's rows divided into groups by what `group` makes of a row.
    @inlinable @inline(__always)
    public func grouped<Group: StreamKey>(
        by group: @escaping @Sendable (Row) throws -> Group, as name: String? = nil
    ) -> GroupedTable<Row, Group> {
        let regrouped: @Sendable (KeyedChange<Key, Row>) throws -> RegroupedChange<Group, Row> = {
            try RegroupedChange($0.change, by: group)
        }
        return GroupedTable(changes: changeStream.flatMap(as: name, regrouped))
    }

    /// This table's rows divided into groups by what `group` makes of a row's key and it.
    @inlinable @inline(__always)
    public func grouped<Group: StreamKey>(
        by group: @escaping @Sendable (Key, Row) throws -> Group, as name: String? = nil
    ) -> GroupedTable<Row, Group> {
        let regrouped: @Sendable (KeyedChange<Key, Row>) throws -> RegroupedChange<Group, Row> = {
            change in
            try RegroupedChange(change.change) { try group(change.key, $0) }
        }
        return GroupedTable(changes: changeStream.flatMap(as: name, regrouped))
    }
}

/// What a change is to groups of rows: one change within a group, or one for the group that the row
/// leaves and one for the group that it enters. A sequence that needs no memory of its own.
public struct RegroupedChange<Key: StreamKey, Row: Sendable>: Sequence, IteratorProtocol, Sendable {
    // Written out, since `?` would have them set to nil first, by a call into a module where types are not known.
    @usableFromInline var first: Optional<KeyedChange<Key, Row>>
    @usableFromInline var second: Optional<KeyedChange<Key, Row>>

    @inlinable init(_ change: Change<Row>, by group: (Row) throws -> Key) throws {
        second = nil
        switch change {
        case .insert(let row), .delete(let row):
            first = KeyedChange(key: try group(row), change)
        case .update(let old, let new):
            let left = try group(old)
            let entered = try group(new)
            guard left != entered else {
                first = KeyedChange(key: entered, change)
                return
            }
            first = KeyedChange(key: left, .delete(old))
            second = KeyedChange(key: entered, .insert(new))
        }
    }

    @inlinable public mutating func next() -> KeyedChange<Key, Row>? {
        defer {
            first = second
            second = nil
        }
        return first
    }
}

extension GroupedTable {
    /// A table of a row for each group, made from the aggregate of its rows.
    ///
    /// When a row changes, its old values are taken back and its new ones added. A group that loses
    /// its last row loses its own.
    ///
    /// An aggregate that cannot take a record back is refused by the compiler: in place of
    /// `Max` use `RetractableMax`.
    @inlinable @inline(__always)
    public func aggregate<Folded: RetractableAggregate, Output: Sendable>(
        _ aggregate: Folded, emitting: UpdateCoalescing = .automatic, as name: String,
        _ row: @escaping @Sendable (Key, Folded.Result) throws -> Output
    ) -> KeyedTable<Key, Output> where Folded.Input == Row {
        let fold = groupTableFold(Key.self, Folded.self, Output.self)
        let body = TransformBody { context, outputs, _ in
            let state = TableState(
                GroupTable(aggregate, row: row), keeping: .forever, emitting: emitting,
                context: context, into: try outputs.step(0))
            return [AnyStep(tableStep(state, fold: fold))]
        }
        let job = changes.job
        let id = job.addTable(
            .aggregate, as: name, keeping: .forever, emitting: emitting, inputs: [edge],
            outputType: KeyedChange<Key, Output>.self, body: body)
        return KeyedTable<Key, Output>(
            trusting: DataStream(job: job, output: OutputReference(id)))
    }

    /// A table of the aggregate of each group's rows.
    @inlinable @inline(__always)
    public func aggregate<Folded: RetractableAggregate>(
        _ aggregate: Folded, emitting: UpdateCoalescing = .automatic, as name: String
    ) -> KeyedTable<Key, Folded.Result> where Folded.Input == Row {
        self.aggregate(aggregate, emitting: emitting, as: name) { _, result in result }
    }
}
