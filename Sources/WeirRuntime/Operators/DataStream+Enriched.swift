public import WeirCore
public import WeirGraph

extension DataStream {
    /// This stream with each record looked up in a small table that is read once, at the start.
    ///
    /// Every subtask has the whole table (a broadcast join); it must fit into memory. Of rows with
    /// equal keys the last one read counts. A row that cannot be read stops the job before its first
    /// record.
    ///
    /// - Parameters:
    ///   - table: Where the table is read from.
    ///   - tableKey: The key of one of its rows.
    ///   - key: The key that a record is looked up by.
    ///   - result: Makes the result from the record and its row; `nil` where there is none.
    @inlinable @inline(__always)
    public func enriched<Table: Source, Key: StreamKey, Output: Sendable>(
        from table: Table, by tableKey: @escaping @Sendable (Table.Element) -> Key,
        matching key: @escaping @Sendable (Element) -> Key, as name: String? = nil,
        _ result: @escaping @Sendable (Element, Table.Element?) throws -> Output
    ) -> DataStream<Output> {
        // Captures the job's functions alone, for the reason that `mapStep` gives.
        let enrichBatch:
            @Sendable (
                inout Batch<Element>, inout Batch<Output>, _ rows: [Key: Table.Element]
            ) throws -> Void = { batch, output, rows in
                try batch.mapRows(into: &output) { try result($0, rows[key($0)]) }
            }
        let prepare: @Sendable () throws -> any Sendable = {
            try readTable(table, by: tableKey, for: name ?? "enriched")
        }
        let body = TransformBody(prepare: prepare) { context, outputs, prepared in
            guard let rows = prepared as? [Key: Table.Element] else {
                throw StepTypeError(expected: "a table", found: "\(Swift.type(of: prepared))")
            }
            return [
                AnyStep(
                    mapStep(
                        context, into: try outputs.step(0) as Step<Output>,
                        mapping: { try enrichBatch(&$0, &$1, rows) }) as Step<Element>)
            ]
        }
        let id = job.add(
            .enriched, as: name, detail: "from \(table.summary)",
            inputs: [GraphEdge(from: output)], outputTypes: [Output.self], body: .transform(body))
        return DataStream<Output>(job: job, output: OutputReference(id))
    }
}

/// Reads all rows of a source into memory, by key.
@usableFromInline
func readTable<Table: Source, Key: StreamKey>(
    _ table: Table, by key: (Table.Element) -> Key, for operatorName: String
) throws -> [Key: Table.Element] {
    let handler = try makeBadRecordHandler(policy: .fail, operatorName: operatorName)
    let context = ReaderContext(badRecords: handler)
    var rows: [Key: Table.Element] = [:]
    var batch = Batch<Table.Element>(capacity: 1_024)
    for split in try table.splits() {
        var reader = try table.reader(for: split, context: context)
        var hasMore = true
        while hasMore {
            if case .end = try reader.read(into: &batch, limit: 1_024) { hasMore = false }
            try batch.drainRows { row, _ in rows[key(row)] = row }
        }
    }
    return rows
}
