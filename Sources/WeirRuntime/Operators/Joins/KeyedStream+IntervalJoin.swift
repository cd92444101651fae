public import WeirCore
public import WeirGraph

extension KeyedStream {
    /// A stream of each pair of records, one of this stream and one of `other`, with equal keys, whose
    /// event times lie within an interval of each other.
    ///
    /// Partners are those whose time is this stream's record's plus something in `interval`:
    /// `.minutes(-5) ... .zero` are the five minutes up to the record, both ends included. A pair appears
    /// when its second record comes; its event time is the later of the two.
    ///
    /// - Parameters:
    ///   - interval: How much later than a record of this stream its partners are.
    ///   - late: What becomes of records behind the watermark, whose partners may be gone.
    ///   - name: The operator's name; its state is saved under it.
    @inlinable @inline(__always)
    public func joined<Other: Sendable, Output: Sendable>(
        with other: KeyedStream<Other, Key>, within interval: JoinInterval,
        late: LateRecords<JoinSide<Element, Other>>, as name: String,
        _ result: @escaping @Sendable (Element, Other) throws -> Output
    ) -> DataStream<Output> {
        intervalJoined(
            "inner, \(interval)", with: other, within: interval, late: late, as: name,
            outputs: JoinOutputs(pair: result), where: { _, _ in true }, pair: result)
    }

    /// Like ``joined(with:within:late:as:_:)``, of those pairs that fulfil a condition.
    ///
    /// The rows of others are not made: cheaper than a result that is `nil` for them, left out later.
    /// ```swift
    /// auctions.keyed(by: \.id)
    ///     .joined(
    ///         with: bids.keyed(by: \.auction), within: .zero ... .minutes(10),
    ///         where: { auction, bid in bid.price >= auction.reserve }, late: .drop, as: "serious-bids"
    ///     ) { auction, bid in SeriousBid(auction, bid) }
    /// ```
    ///
    /// - Parameter isPair: The condition, on a record of this stream and a partner of it.
    @inlinable @inline(__always)
    public func joined<Other: Sendable, Output: Sendable>(
        with other: KeyedStream<Other, Key>, within interval: JoinInterval,
        where isPair: @escaping @Sendable (Element, Other) throws -> Bool,
        late: LateRecords<JoinSide<Element, Other>>, as name: String,
        _ result: @escaping @Sendable (Element, Other) throws -> Output
    ) -> DataStream<Output> {
        intervalJoined(
            "inner, \(interval), with a condition", with: other, within: interval, late: late,
            as: name, outputs: JoinOutputs(pair: result), where: isPair, pair: result)
    }

    /// Like ``joined(with:within:late:as:_:)``, and each record of this stream without a partner
    /// appears once, with `nil`, when no partner can come any more: with that point as its event time.
    @inlinable @inline(__always)
    public func leftJoined<Other: Sendable, Output: Sendable>(
        with other: KeyedStream<Other, Key>, within interval: JoinInterval,
        late: LateRecords<JoinSide<Element, Other>>, as name: String,
        _ result: @escaping @Sendable (Element, Other?) throws -> Output
    ) -> DataStream<Output> {
        intervalJoined(
            "left, \(interval)", with: other, within: interval, late: late, as: name,
            outputs: JoinOutputs(
                pair: { try result($0, $1) }, leftAlone: { try result($0, nil) }),
            where: { _, _ in true }, pair: { try result($0, $1) })
    }

    /// Like ``joined(with:within:late:as:_:)``, and each record of `other` without a partner appears
    /// once, with `nil`, when no partner can come any more: with that point as its event time.
    @inlinable @inline(__always)
    public func rightJoined<Other: Sendable, Output: Sendable>(
        with other: KeyedStream<Other, Key>, within interval: JoinInterval,
        late: LateRecords<JoinSide<Element, Other>>, as name: String,
        _ result: @escaping @Sendable (Element?, Other) throws -> Output
    ) -> DataStream<Output> {
        intervalJoined(
            "right, \(interval)", with: other, within: interval, late: late, as: name,
            outputs: JoinOutputs(
                pair: { try result($0, $1) }, rightAlone: { try result(nil, $0) }),
            where: { _, _ in true }, pair: { try result($0, $1) })
    }

    /// Like ``joined(with:within:late:as:_:)``, and each record of either stream without a partner
    /// appears once, with `nil`, when no partner can come any more; never both are `nil`.
    @inlinable @inline(__always)
    public func fullJoined<Other: Sendable, Output: Sendable>(
        with other: KeyedStream<Other, Key>, within interval: JoinInterval,
        late: LateRecords<JoinSide<Element, Other>>, as name: String,
        _ result: @escaping @Sendable (Element?, Other?) throws -> Output
    ) -> DataStream<Output> {
        intervalJoined(
            "full, \(interval)", with: other, within: interval, late: late, as: name,
            outputs: JoinOutputs(
                pair: { try result($0, $1) }, leftAlone: { try result($0, nil) },
                rightAlone: { try result(nil, $0) }),
            where: { _, _ in true }, pair: { try result($0, $1) })
    }

    /// A stream of the records of this stream that have a partner in `other`, as
    /// ``joined(with:within:late:as:_:)`` says, each once.
    ///
    /// A record appears with its first partner. Its event time is the last point at which a partner
    /// could come, so that it does not depend on the order of arrival.
    @inlinable @inline(__always)
    public func semiJoined<Other: Sendable>(
        with other: KeyedStream<Other, Key>, within interval: JoinInterval,
        late: LateRecords<JoinSide<Element, Other>>, as name: String
    ) -> DataStream<Element> {
        intervalJoined(
            "semi, \(interval)", with: other, within: interval, late: late, as: name,
            outputs: JoinOutputs(leftMatched: { $0 }), where: { _, _ in true },
            pair: { _, _ in throw JoinSideMissing() })
    }

    /// A stream of the records of this stream that have no partner in `other`, as
    /// ``joined(with:within:late:as:_:)`` says.
    ///
    /// A record appears when no partner can come any more, with that point as its event time.
    @inlinable @inline(__always)
    public func antiJoined<Other: Sendable>(
        with other: KeyedStream<Other, Key>, within interval: JoinInterval,
        late: LateRecords<JoinSide<Element, Other>>, as name: String
    ) -> DataStream<Element> {
        intervalJoined(
            "anti, \(interval)", with: other, within: interval, late: late, as: name,
            outputs: JoinOutputs(leftAlone: { $0 }), where: { _, _ in true },
            pair: { _, _ in throw JoinSideMissing() })
    }

    @inlinable @inline(__always)
    func intervalJoined<Other: Sendable, Output: Sendable>(
        _ detail: String, with other: KeyedStream<Other, Key>, within interval: JoinInterval,
        late: LateRecords<JoinSide<Element, Other>>, as name: String,
        outputs made: JoinOutputs<Element, Other, Output>,
        where isPair: @escaping @Sendable (Element, Other) throws -> Bool,
        pair: @escaping @Sendable (Element, Other) throws -> Output
    ) -> DataStream<Output> {
        let left = intervalLeftLoop(by: key, where: isPair, pair: pair)
        let right = intervalRightLoop(by: other.key, where: isPair, pair: pair)
        let body = TransformBody { context, outputs, _ in
            let steps = intervalJoinSteps(
                context, into: try outputs.step(0),
                late: try outputs.lateStep(of: JoinSide<Element, Other>.self), interval, left: left,
                right: right, outputs: made)
            return [AnyStep(steps.left), AnyStep(steps.right)]
        }
        let job = stream.job
        let id = job.add(
            .join, as: name, detail: detail, inputs: [edge(toPort: 0), other.edge(toPort: 1)],
            outputTypes: [Output.self, JoinSide<Element, Other>.self], needsWatermarks: true,
            body: .transform(body))
        job.check(interval, of: id)
        if case .sideOutput(let branch) = late {
            branch(DataStream(job: job, output: OutputReference(id, port: 1)))
        }
        return DataStream(job: job, output: OutputReference(id))
    }
}

extension JobBuilder {
    /// Reports what makes an interval unusable.
    @usableFromInline func check(_ interval: JoinInterval, of id: OperatorID) {
        guard let problem = interval.problem else { return }
        report(
            GraphProblem(
                id, problem,
                mend:
                    "Put the smaller bound first, such as `.minutes(-5) ... .minutes(5)`, and keep "
                    + "for a span that is not negative"))
    }
}
