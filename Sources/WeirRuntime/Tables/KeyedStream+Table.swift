public import WeirCore
public import WeirGraph

extension KeyedStream {
    /// A table of a row for each key, made from the aggregate of all its records so far.
    ///
    /// There is no window: the row of a key is inserted with its first record and updated with the
    /// others. An update that leaves an `Equatable` row as it was is not put out.
    ///
    /// - Parameters:
    ///   - aggregate: Folds the records of a key.
    ///   - retention: How long a key that gets no records keeps its row. When its time is over the
    ///     row is deleted, and a later record starts anew; a record older than that is late.
    ///   - emitting: How many records may become one change.
    ///   - name: The operator's name; its state is saved under it.
    ///   - row: Makes the row from the key and the aggregate's result.
    @inlinable @inline(__always)
    public func aggregate<Folded: Aggregate, Row: Sendable>(
        _ aggregate: Folded, keeping retention: StateRetention,
        emitting: UpdateCoalescing = .automatic, as name: String,
        _ row: @escaping @Sendable (Key, Folded.Result) throws -> Row
    ) -> KeyedTable<Key, Row> where Folded.Input == Element {
        tabled(
            .aggregate, keeping: retention, emitting: emitting, as: name,
            fold: aggregateTableFold(by: key, Folded.self, Row.self)
        ) {
            AggregateTable(aggregate, row: row)
        }
    }

    /// A table of the aggregate of all records of each key so far.
    @inlinable @inline(__always)
    public func aggregate<Folded: Aggregate>(
        _ aggregate: Folded, keeping retention: StateRetention,
        emitting: UpdateCoalescing = .automatic, as name: String
    ) -> KeyedTable<Key, Folded.Result> where Folded.Input == Element {
        self.aggregate(aggregate, keeping: retention, emitting: emitting, as: name) { _, result in
            result
        }
    }

    /// The table of the record of each key that arrived last: a stream of upserts, made a table.
    ///
    /// - Parameters:
    ///   - isDeletion: Whether a record deletes its key's row instead of being it.
    ///   - retention: How long a row that no record replaces is kept.
    ///   - emitting: How many records may become one change.
    ///   - name: The operator's name; its state is saved under it.
    @inlinable @inline(__always)
    public func table(
        deletedWhere isDeletion: @escaping @Sendable (Element) throws -> Bool = { _ in false },
        keeping retention: StateRetention, emitting: UpdateCoalescing = .automatic,
        as name: String
    ) -> KeyedTable<Key, Element> {
        tabled(
            .table, keeping: retention, emitting: emitting, as: name,
            fold: upsertFold(by: key, deletes: isDeletion)
        ) {
            LatestTable()
        }
    }

    /// Adds a table operator that reads this stream.
    @inlinable @inline(__always)
    func tabled<Operation: TableOperation, TableKey: StreamKey, Row: Sendable>(
        _ kind: OperatorKind, keeping retention: StateRetention, emitting: UpdateCoalescing,
        as name: String, fold: @escaping TableFold<Element, Operation>,
        _ make: @escaping @Sendable () -> Operation
    ) -> KeyedTable<TableKey, Row> where Operation.Output == KeyedChange<TableKey, Row> {
        let body = TransformBody { context, outputs, _ in
            let state = TableState(
                make(), keeping: retention, emitting: emitting, context: context,
                into: try outputs.step(0))
            return [AnyStep(tableStep(state, fold: fold))]
        }
        let id = stream.job.addTable(
            kind, as: name, keeping: retention, emitting: emitting, inputs: [edge()],
            outputType: Operation.Output.self, body: body)
        return KeyedTable(
            trusting: DataStream(job: stream.job, output: OutputReference(id)))
    }
}

extension JobBuilder {
    /// Adds a table operator, and reports what is wrong with its settings.
    @usableFromInline func addTable(
        _ kind: OperatorKind, as name: String, keeping retention: StateRetention,
        emitting: UpdateCoalescing, inputs: [GraphEdge], outputType: any Sendable.Type,
        body: TransformBody
    ) -> OperatorID {
        let id = add(
            kind, as: name, detail: "kept \(retention), changes \(emitting)", inputs: inputs,
            outputTypes: [outputType], needsWatermarks: retention.needsWatermarks,
            body: .transform(body))
        if let problem = retention.problem {
            report(GraphProblem(id, problem, mend: "Give a span such as `.for(.hours(12))`"))
        }
        if let problem = emitting.problem {
            report(
                GraphProblem(id, problem, mend: "Give at least one record and no time below zero"))
        }
        return id
    }
}
