public import WeirCore
public import WeirGraph

extension DataStream {
    /// A stream of each record with its row of a table outside the job, looked up asynchronously, some
    /// records at a time. Records whose key has no row are counted as filtered.
    ///
    /// The row is the one that the table has when it is asked, or had when the cache learned it: the
    /// result depends on when the job runs. Each key is asked for once at a time, however many records
    /// wait for it. Each result has its record's event time, and a watermark follows the results of
    /// all records before it.
    ///
    /// - Parameters:
    ///   - table: What rows are looked up in.
    ///   - key: The key of a record.
    ///   - cache: What is remembered in each subtask. Of a stream that is not divided by the same key,
    ///     every subtask asks for every key.
    ///   - order: Whether results keep the order of the records.
    ///   - capacity: The most records in flight in one subtask; at least 1.
    ///   - timeout: How long one attempt may take.
    ///   - retry: Whether, and when, to ask again.
    ///   - failed: What becomes of a record whose lookup has failed at its last attempt.
    ///   - result: Makes the result from the record and its row.
    @inlinable
    public func lookedUp<Table: LookupTable, Output: Sendable>(
        in table: Table, by key: @escaping @Sendable (Element) -> Table.Key, cache: LookupCache,
        _ order: AsyncOrder = .ordered, capacity: Int, timeout: Duration,
        retry: RetryPolicy = .none, onFailure failed: FailedRecords<Element>,
        as name: String? = nil,
        _ result: @escaping @Sendable (Element, Table.Row) throws -> Output
    ) -> DataStream<Output> {
        lookedUp(
            in: table, by: key, cache: cache,
            AsyncSettings(order, capacity: capacity, timeout: timeout, retry: retry), failed, name,
            detail: "inner"
        ) { record, row in try row.map { try result(record, $0) } }
    }

    /// Like ``lookedUp(in:by:cache:_:capacity:timeout:retry:onFailure:as:_:)``, and records whose key has
    /// no row go on with `nil`.
    @inlinable
    public func leftLookedUp<Table: LookupTable, Output: Sendable>(
        in table: Table, by key: @escaping @Sendable (Element) -> Table.Key, cache: LookupCache,
        _ order: AsyncOrder = .ordered, capacity: Int, timeout: Duration,
        retry: RetryPolicy = .none, onFailure failed: FailedRecords<Element>,
        as name: String? = nil,
        _ result: @escaping @Sendable (Element, Table.Row?) throws -> Output
    ) -> DataStream<Output> {
        lookedUp(
            in: table, by: key, cache: cache,
            AsyncSettings(order, capacity: capacity, timeout: timeout, retry: retry), failed, name,
            detail: "left"
        ) { record, row in .some(try result(record, row)) }
    }

    @inlinable
    func lookedUp<Table: LookupTable, Output: Sendable>(
        in table: Table, by key: @escaping @Sendable (Element) -> Table.Key, cache: LookupCache,
        _ settings: AsyncSettings, _ failed: FailedRecords<Element>, _ name: String?,
        detail: String,
        result: @escaping @Sendable (Element, Table.Row?) throws -> Output?
    ) -> DataStream<Output> {
        let (side, stopsJob) = (failed.output, failed.stopsJob)
        let body = TransformBody { context, outputs, _ in
            [
                AnyStep(
                    try lookupStep(
                        context, into: outputs, table, by: key, cache: cache, settings,
                        failed: side, stopsOnFailure: stopsJob, result: result))
            ]
        }
        return job.addAsync(
            .lookup, as: name, settings, detail: "\(detail), in \(table.summary)",
            inputs: [GraphEdge(from: output)], emitting: Output.self, failed, body)
    }
}
