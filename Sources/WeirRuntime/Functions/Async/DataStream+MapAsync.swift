public import WeirCore
public import WeirGraph

extension DataStream {
    /// A stream of each record's transform by an asynchronous function, of which several run at a time.
    ///
    /// The function runs beside the workers: it may wait for a service or a database, but should not
    /// block. Records in flight are bounded; beyond that the stream is held back. Each result has its
    /// record's event time, and a watermark follows the results of all records before it. Nothing in
    /// flight is lost when the job is asked to stop; when it fails, calls under way are cancelled.
    ///
    /// ```swift
    /// let scored = payments.mapAsync(
    ///     .unordered, capacity: 100, timeout: .seconds(2),
    ///     retry: .exponential(attempts: 3), onFailure: .fail, as: "score"
    /// ) { payment in try await scores.score(payment) }
    /// ```
    ///
    /// - Parameters:
    ///   - order: Whether results keep the order of the records.
    ///   - capacity: The most records in flight in one subtask; at least 1.
    ///   - timeout: How long one attempt may take; what takes longer is cancelled, and has failed with
    ///     an ``AsyncTimeout``.
    ///   - retry: Whether, and when, to try again.
    ///   - failed: What becomes of a record after its last attempt.
    @inlinable
    public func mapAsync<Output: Sendable>(
        _ order: AsyncOrder, capacity: Int, timeout: Duration, retry: RetryPolicy = .none,
        onFailure failed: FailedRecords<Element>, as name: String? = nil,
        _ transform: @escaping @Sendable (Element) async throws -> Output
    ) -> DataStream<Output> {
        let settings = AsyncSettings(order, capacity: capacity, timeout: timeout, retry: retry)
        let (side, stopsJob) = (failed.output, failed.stopsJob)
        let body = TransformBody { context, outputs, _ in
            [
                AnyStep(
                    try mapAsyncStep(
                        context, into: outputs, settings, failed: side, stopsOnFailure: stopsJob,
                        transform))
            ]
        }
        return job.addAsync(
            .mapAsync, as: name, settings, inputs: [GraphEdge(from: output)],
            emitting: Output.self, failed, body)
    }
}

extension FailedRecords {
    /// The side output that such records go to.
    @usableFromInline var output: SideOutput<FailedRecord<Element>>? {
        if case .sideOutput = self { SideOutput("failed") } else { nil }
    }
    @usableFromInline var stopsJob: Bool { if case .fail = self { true } else { false } }
}

extension JobBuilder {
    /// Adds an asynchronous operator, with its side output for records that have failed.
    @usableFromInline func addAsync<Input, Output: Sendable>(
        _ kind: OperatorKind, as name: String?, _ settings: AsyncSettings, detail: String = "",
        inputs: [GraphEdge], emitting output: Output.Type, _ failed: FailedRecords<Input>,
        _ body: TransformBody
    ) -> DataStream<Output> {
        let text = "\(settings.order.rawValue), \(settings.capacity) in flight"
        let stream = addFunction(
            kind, as: name, detail: detail.isEmpty ? text : "\(detail), \(text)", inputs: inputs,
            emitting: output, failed.output.map { [$0] } ?? [], body)
        let id = stream.output.operatorID
        if settings.capacity < 1 {
            report(
                GraphProblem(
                    id, "it may have \(settings.capacity) records in flight",
                    mend: "Give a capacity of at least 1"))
        }
        if settings.timeout.wholeMicroseconds < 1 {
            report(
                GraphProblem(
                    id, "its calls may take \(settings.timeout), which is no time at all",
                    mend: "Give a timeout of at least a microsecond, such as `.seconds(5)`"))
        }
        if case .sideOutput(let branch) = failed {
            branch(DataStream(job: self, output: OutputReference(id, port: 1)))
        }
        return stream
    }
}
