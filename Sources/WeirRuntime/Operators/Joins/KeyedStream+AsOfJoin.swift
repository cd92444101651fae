public import WeirCore
public import WeirGraph

extension KeyedStream {
    /// A stream of each record of this stream with the latest record of `versions` that has an equal
    /// key and is not younger: what was known at the time of the record. Records for which there is none
    /// do not appear.
    ///
    /// Equal times match. A record waits until the watermark reaches its time, so that the result does
    /// not depend on the order of arrival; its row has its event time.
    ///
    /// - Parameters:
    ///   - versions: A stream of values that hold from their event time on, until the next of their key.
    ///     Of those with one key and time the last that comes counts.
    ///   - retention: How long a value holds without a newer one: for ever, or for a span of event
    ///     time, end included, after which nothing is kept of the key.
    ///   - late: What becomes of records of either side behind the watermark.
    ///   - name: The operator's name; its state is saved under it.
    @inlinable @inline(__always)
    public func joined<Other: Sendable, Output: Sendable>(
        asOf versions: KeyedStream<Other, Key>, keeping retention: StateRetention,
        late: LateRecords<JoinSide<Element, Other>>, as name: String,
        _ result: @escaping @Sendable (Element, Other) throws -> Output
    ) -> DataStream<Output> {
        asOfJoined(
            "inner", versions, keeping: retention, late: late, as: name,
            outputs: JoinOutputs(pair: result))
    }

    /// Like ``joined(asOf:keeping:late:as:_:)``, and a record for which there is no value appears with
    /// `nil`.
    @inlinable @inline(__always)
    public func leftJoined<Other: Sendable, Output: Sendable>(
        asOf versions: KeyedStream<Other, Key>, keeping retention: StateRetention,
        late: LateRecords<JoinSide<Element, Other>>, as name: String,
        _ result: @escaping @Sendable (Element, Other?) throws -> Output
    ) -> DataStream<Output> {
        asOfJoined(
            "left", versions, keeping: retention, late: late, as: name,
            outputs: JoinOutputs(
                pair: { try result($0, $1) }, leftAlone: { try result($0, nil) }))
    }

    @inlinable @inline(__always)
    func asOfJoined<Other: Sendable, Output: Sendable>(
        _ kind: String, _ versions: KeyedStream<Other, Key>, keeping retention: StateRetention,
        late: LateRecords<JoinSide<Element, Other>>, as name: String,
        outputs made: JoinOutputs<Element, Other, Output>
    ) -> DataStream<Output> {
        let left = asOfLeftLoop(by: key, Other.self, Output.self)
        let right = asOfRightLoop(by: versions.key, Element.self, Output.self)
        let body = TransformBody { context, outputs, _ in
            let steps = asOfJoinSteps(
                context, into: try outputs.step(0),
                late: try outputs.lateStep(of: JoinSide<Element, Other>.self),
                maximumAge: retention.span, left: left, right: right, outputs: made)
            return [AnyStep(steps.left), AnyStep(steps.right)]
        }
        let job = stream.job
        let id = job.add(
            .join, as: name, detail: "\(kind), as of its time, kept \(retention)",
            inputs: [edge(toPort: 0), versions.edge(toPort: 1)],
            outputTypes: [Output.self, JoinSide<Element, Other>.self], needsWatermarks: true,
            body: .transform(body))
        job.check(versions: retention, of: id)
        if case .sideOutput(let branch) = late {
            branch(DataStream(job: job, output: OutputReference(id, port: 1)))
        }
        return DataStream(job: job, output: OutputReference(id))
    }
}

extension JobBuilder {
    /// Reports what makes the retention of an as-of join unusable.
    @usableFromInline func check(versions retention: StateRetention, of id: OperatorID) {
        if case .forProcessingTime = retention {
            report(
                GraphProblem(
                    id, "it asks what held at an event time, and forgets by processing time",
                    mend: "Give a span of event time, such as `.for(.hours(1))`"))
        }
        if let span = retention.span, span < .zero {
            report(
                GraphProblem(
                    id, "its values hold for \(span.spelledOut)",
                    mend: "Give a span that is not negative, such as `.for(.hours(1))`"))
        }
    }
}
