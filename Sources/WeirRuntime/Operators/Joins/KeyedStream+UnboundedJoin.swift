public import WeirCore
public import WeirGraph

extension KeyedStream {
    /// A stream of each pair of records, one of this stream and one of `other`, with equal keys.
    ///
    /// A pair appears when its second record comes, whichever that is; its event time is the later of the
    /// two.
    ///
    /// - Parameter retention: How long records are kept for partners to come.
    @inlinable @inline(__always)
    public func joined<Other: Sendable, Output: Sendable>(
        with other: KeyedStream<Other, Key>, keeping retention: JoinRetention<Element, Other>,
        as name: String, _ result: @escaping @Sendable (Element, Other) throws -> Output
    ) -> DataStream<Output> {
        switch retention {
        case .for(let span, let late):
            return intervalJoined(
                "inner, kept for \(span.spelledOut)", with: other,
                within: .between(.zero - span, span),
                late: late, as: name, outputs: JoinOutputs(pair: result), where: { _, _ in true },
                pair: result)
        case .forever:
            let left = unboundedLeftLoop(by: key, Other.self, Output.self)
            let right = unboundedRightLoop(by: other.key, Element.self, Output.self)
            let body = TransformBody { context, outputs, _ in
                let steps = unboundedJoinSteps(
                    context, into: try outputs.step(0), left: left, right: right, result: result)
                return [AnyStep(steps.left), AnyStep(steps.right)]
            }
            let job = stream.job
            let id = job.add(
                .join, as: name, detail: "inner, kept forever",
                inputs: [edge(toPort: 0), other.edge(toPort: 1)], outputTypes: [Output.self],
                needsWatermarks: false, body: .transform(body))
            return DataStream(job: job, output: OutputReference(id))
        }
    }

    /// A stream of the records of this stream whose key comes in `other` too, each once.
    ///
    /// A record appears when both have come. Its event time is the later of its own and its
    /// partner's: of the one it waited for, or, if partners came before it, of the earliest of those.
    ///
    /// - Parameter retention: How long records are kept for partners to come. For a span of event time
    ///   it is ``semiJoined(with:within:late:as:)``, event times and all.
    @inlinable @inline(__always)
    public func semiJoined<Other: Sendable>(
        with other: KeyedStream<Other, Key>, keeping retention: JoinRetention<Element, Other>,
        as name: String
    ) -> DataStream<Element> {
        switch retention {
        case .for(let span, let late):
            return intervalJoined(
                "semi, kept for \(span.spelledOut)", with: other,
                within: .between(.zero - span, span), late: late, as: name,
                outputs: JoinOutputs(leftMatched: { $0 }), where: { _, _ in true },
                pair: { _, _ in throw JoinSideMissing() })
        case .forever:
            let left = unboundedSemiLeftLoop(by: key, Other.self)
            let right = unboundedSemiRightLoop(by: other.key, Element.self)
            let body = TransformBody { context, outputs, _ in
                let steps = unboundedSemiJoinSteps(
                    context, into: try outputs.step(0), left: left, right: right)
                return [AnyStep(steps.left), AnyStep(steps.right)]
            }
            let job = stream.job
            let id = job.add(
                .join, as: name, detail: "semi, kept forever",
                inputs: [edge(toPort: 0), other.edge(toPort: 1)], outputTypes: [Element.self],
                needsWatermarks: false, body: .transform(body))
            return DataStream(job: job, output: OutputReference(id))
        }
    }
}
