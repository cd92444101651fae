public import WeirCore
public import WeirGraph

extension KeyedStream {
    /// A stream of each pair of records, one of this stream and one of `other`, with equal keys in
    /// one window. Records without a partner do not appear.
    ///
    /// With an allowed lateness, a late record has all pairs of its key and window put out again.
    @inlinable
    public func joined<Other: Sendable, Output: Sendable>(
        with other: KeyedStream<Other, Key>, in assigner: WindowAssigner,
        allowedLateness: Duration = .zero, late: LateRecords<JoinSide<Element, Other>>,
        as name: String,
        _ result: @escaping @Sendable (Element, Other) throws -> Output
    ) -> DataStream<Output> {
        windowJoined(
            .inner, with: other, in: assigner, allowedLateness, late: late, as: name
        ) { left, right in
            guard let left, let right else { throw JoinSideMissing() }
            return try result(left, right)
        }
    }

    /// Like ``joined(with:in:allowedLateness:late:as:_:)``, and each record of this stream without a partner
    /// appears once, with `nil`.
    @inlinable
    public func leftJoined<Other: Sendable, Output: Sendable>(
        with other: KeyedStream<Other, Key>, in assigner: WindowAssigner,
        allowedLateness: Duration = .zero, late: LateRecords<JoinSide<Element, Other>>,
        as name: String,
        _ result: @escaping @Sendable (Element, Other?) throws -> Output
    ) -> DataStream<Output> {
        windowJoined(
            .left, with: other, in: assigner, allowedLateness, late: late, as: name
        ) { left, right in
            guard let left else { throw JoinSideMissing() }
            return try result(left, right)
        }
    }

    /// Like ``joined(with:in:allowedLateness:late:as:_:)``, and each record of `other` without a partner appears
    /// once, with `nil`.
    @inlinable
    public func rightJoined<Other: Sendable, Output: Sendable>(
        with other: KeyedStream<Other, Key>, in assigner: WindowAssigner,
        allowedLateness: Duration = .zero, late: LateRecords<JoinSide<Element, Other>>,
        as name: String,
        _ result: @escaping @Sendable (Element?, Other) throws -> Output
    ) -> DataStream<Output> {
        windowJoined(
            .right, with: other, in: assigner, allowedLateness, late: late, as: name
        ) { left, right in
            guard let right else { throw JoinSideMissing() }
            return try result(left, right)
        }
    }

    /// Like ``joined(with:in:allowedLateness:late:as:_:)``, and each record of either stream without a partner
    /// appears once, with `nil`; never both are `nil`.
    @inlinable
    public func fullJoined<Other: Sendable, Output: Sendable>(
        with other: KeyedStream<Other, Key>, in assigner: WindowAssigner,
        allowedLateness: Duration = .zero, late: LateRecords<JoinSide<Element, Other>>,
        as name: String,
        _ result: @escaping @Sendable (Element?, Other?) throws -> Output
    ) -> DataStream<Output> {
        windowJoined(
            .full, with: other, in: assigner, allowedLateness, late: late, as: name, result)
    }

    /// A stream of each record of this stream for which `other` has one with an equal key in the same
    /// window: once for each such window, however many there are.
    @inlinable
    public func semiJoined<Other: Sendable>(
        with other: KeyedStream<Other, Key>, in assigner: WindowAssigner,
        allowedLateness: Duration = .zero, late: LateRecords<JoinSide<Element, Other>>,
        as name: String
    ) -> DataStream<Element> {
        windowFiltered(.semi, with: other, in: assigner, allowedLateness, late: late, as: name)
    }

    /// A stream of each record of this stream for which `other` has none with an equal key in the same
    /// window: once for each such window.
    ///
    /// With an allowed lateness, a late record of `other` takes nothing back.
    @inlinable
    public func antiJoined<Other: Sendable>(
        with other: KeyedStream<Other, Key>, in assigner: WindowAssigner,
        allowedLateness: Duration = .zero, late: LateRecords<JoinSide<Element, Other>>,
        as name: String
    ) -> DataStream<Element> {
        windowFiltered(.anti, with: other, in: assigner, allowedLateness, late: late, as: name)
    }

    @inlinable
    func windowFiltered<Other: Sendable>(
        _ kind: JoinKind, with other: KeyedStream<Other, Key>, in assigner: WindowAssigner,
        _ allowedLateness: Duration, late: LateRecords<JoinSide<Element, Other>>, as name: String
    ) -> DataStream<Element> {
        windowJoined(kind, with: other, in: assigner, allowedLateness, late: late, as: name) {
            left, _ in
            guard let left else { throw JoinSideMissing() }
            return left
        }
    }

    @inlinable
    func windowJoined<Other: Sendable, Output: Sendable>(
        _ kind: JoinKind, with other: KeyedStream<Other, Key>, in assigner: WindowAssigner,
        _ allowedLateness: Duration, late: LateRecords<JoinSide<Element, Other>>, as name: String,
        _ result: @escaping @Sendable (Element?, Other?) throws -> Output
    ) -> DataStream<Output> {
        var windowing = Windowing<JoinSide<Element, Other>, Key>(assigner)
        windowing.allowedLateness = allowedLateness
        return windowJoined(kind, with: other, in: windowing, late: late, as: name, result)
    }

    /// A join in windows of any kind that does not count records: for sessions whose gap each record
    /// says, windows of your own, and processing time. The methods named after the kinds of join are
    /// made of this.
    ///
    /// ```swift
    /// views.windowJoined(
    ///     .left, with: clicks, in: .sessions { side in .minutes(10) }, late: .drop, as: "clicked"
    /// ) { view, click in … }
    /// ```
    ///
    /// - Parameters:
    ///   - kind: Which rows there are.
    ///   - windowing: The windows; their records are those of both sides.
    ///   - result: Makes a row. The left record is `nil` in right and full joins alone, the right one in
    ///     left, full, semi and anti joins; never are both.
    @inlinable
    public func windowJoined<Other: Sendable, Output: Sendable>(
        _ kind: JoinKind, with other: KeyedStream<Other, Key>,
        in windowing: Windowing<JoinSide<Element, Other>, Key>,
        late: LateRecords<JoinSide<Element, Other>>, as name: String,
        _ result: @escaping @Sendable (Element?, Other?) throws -> Output
    ) -> DataStream<Output> {
        let leftKey = key
        let rightKey = other.key
        let body = TransformBody { context, outputs, _ in
            let (left, right) = windowJoinSteps(
                context, into: try outputs.step(0),
                late: try outputs.lateStep(of: JoinSide<Element, Other>.self), windowing, kind,
                leftKey: leftKey, rightKey: rightKey, result: result)
            return [AnyStep(left), AnyStep(right)]
        }
        let job = stream.job
        let id = job.add(
            .join, as: name, detail: "\(kind.rawValue), \(windowing.summary)",
            inputs: [edge(toPort: 0), other.edge(toPort: 1)],
            outputTypes: [Output.self, JoinSide<Element, Other>.self],
            needsWatermarks: windowing.needsWatermarks, body: .transform(body))
        job.report(windowing.problems + windowing.joinProblems, of: id)
        job.branch(late, of: id)
        return DataStream(job: job, output: OutputReference(id))
    }
}

/// A join has put out a row without the side that its kind promises.
@usableFromInline
struct JoinSideMissing: Error, CustomStringConvertible {
    @inlinable init() {}
    @usableFromInline var description: String { "internal: a joined row lacks a side" }
}
