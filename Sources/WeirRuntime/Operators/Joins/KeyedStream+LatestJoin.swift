public import WeirCore
public import WeirGraph

extension KeyedStream {
    /// A stream of each record of this stream, as it comes, with the last row of its key that has come in
    /// `rows` by then. Records whose key has no row do not appear.
    ///
    /// What a record is joined with depends on which came first, not on event times; to ask what held at
    /// the record's event time, join ``joined(asOf:keeping:late:as:_:)``. A result has the record's event
    /// time, watermarks are those of this stream, and the output ends with it.
    ///
    /// State: the last row of each key, until one comes that `isDeletion` holds for.
    ///
    /// - Parameters:
    ///   - rows: The changes of a table: each row takes the place of the last one of its key.
    ///   - isDeletion: Whether a row takes its key out of the table instead; `nil`: none does.
    ///   - name: The operator's name; its state is saved under it.
    @inlinable @inline(__always)
    public func joined<Row: Sendable, Output: Sendable>(
        withLatestOf rows: KeyedStream<Row, Key>,
        deleting isDeletion: (@Sendable (Row) -> Bool)? = nil, as name: String,
        _ result: @escaping @Sendable (Element, Row) throws -> Output
    ) -> DataStream<Output> {
        latestJoined(
            "inner", rows, deleting: isDeletion, as: name, outputs: JoinOutputs(pair: result))
    }

    /// Like ``joined(withLatestOf:deleting:as:_:)``, and a record whose key has no row appears with
    /// `nil`.
    @inlinable @inline(__always)
    public func leftJoined<Row: Sendable, Output: Sendable>(
        withLatestOf rows: KeyedStream<Row, Key>,
        deleting isDeletion: (@Sendable (Row) -> Bool)? = nil, as name: String,
        _ result: @escaping @Sendable (Element, Row?) throws -> Output
    ) -> DataStream<Output> {
        latestJoined(
            "left", rows, deleting: isDeletion, as: name,
            outputs: JoinOutputs(
                pair: { try result($0, $1) }, leftAlone: { try result($0, nil) }))
    }

    @inlinable @inline(__always)
    func latestJoined<Row: Sendable, Output: Sendable>(
        _ kind: String, _ rows: KeyedStream<Row, Key>,
        deleting isDeletion: (@Sendable (Row) -> Bool)?, as name: String,
        outputs made: JoinOutputs<Element, Row, Output>
    ) -> DataStream<Output> {
        let left = latestLeftLoop(by: key, Row.self, Output.self)
        let right = latestRightLoop(by: rows.key, Element.self, Output.self)
        let body = TransformBody { context, outputs, _ in
            let steps = latestJoinSteps(
                context, into: try outputs.step(0), left: left, right: right, outputs: made,
                isDeletion: isDeletion)
            return [AnyStep(steps.left), AnyStep(steps.right)]
        }
        let job = stream.job
        let id = job.add(
            .join, as: name, detail: "\(kind), with the latest row",
            inputs: [edge(toPort: 0), rows.edge(toPort: 1)], outputTypes: [Output.self],
            needsWatermarks: false, body: .transform(body))
        return DataStream(job: job, output: OutputReference(id))
    }
}
