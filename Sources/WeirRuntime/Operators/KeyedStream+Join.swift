public import WeirCore
public import WeirGraph

extension KeyedStream {
    /// A stream of each pair of records, one of this stream and one of `other`, with equal keys in
    /// one window. Records without a partner do not appear.
    @inlinable
    public func joined<Other: Sendable, Output: Sendable>(
        with other: KeyedStream<Other, Key>, in assigner: WindowAssigner,
        late: LateRecords<JoinSide<Element, Other>>, as name: String,
        _ result: @escaping @Sendable (Element, Other) throws -> Output
    ) -> DataStream<Output> {
        windowJoined(.inner, with: other, in: assigner, late: late, as: name) { left, right in
            guard let left, let right else { throw JoinSideMissing() }
            return try result(left, right)
        }
    }

    /// Like ``joined(with:in:late:as:_:)``, and each record of this stream without a partner
    /// appears once, with `nil`.
    @inlinable
    public func leftJoined<Other: Sendable, Output: Sendable>(
        with other: KeyedStream<Other, Key>, in assigner: WindowAssigner,
        late: LateRecords<JoinSide<Element, Other>>, as name: String,
        _ result: @escaping @Sendable (Element, Other?) throws -> Output
    ) -> DataStream<Output> {
        windowJoined(.left, with: other, in: assigner, late: late, as: name) { left, right in
            guard let left else { throw JoinSideMissing() }
            return try result(left, right)
        }
    }

    /// Like ``joined(with:in:late:as:_:)``, and each record of `other` without a partner appears
    /// once, with `nil`.
    @inlinable
    public func rightJoined<Other: Sendable, Output: Sendable>(
        with other: KeyedStream<Other, Key>, in assigner: WindowAssigner,
        late: LateRecords<JoinSide<Element, Other>>, as name: String,
        _ result: @escaping @Sendable (Element?, Other) throws -> Output
    ) -> DataStream<Output> {
        windowJoined(.right, with: other, in: assigner, late: late, as: name) { left, right in
            guard let right else { throw JoinSideMissing() }
            return try result(left, right)
        }
    }

    /// Like ``joined(with:in:late:as:_:)``, and each record of either stream without a partner
    /// appears once, with `nil`; never both are `nil`.
    @inlinable
    public func fullJoined<Other: Sendable, Output: Sendable>(
        with other: KeyedStream<Other, Key>, in assigner: WindowAssigner,
        late: LateRecords<JoinSide<Element, Other>>, as name: String,
        _ result: @escaping @Sendable (Element?, Other?) throws -> Output
    ) -> DataStream<Output> {
        windowJoined(.full, with: other, in: assigner, late: late, as: name, result)
    }

    @inlinable
    func windowJoined<Other: Sendable, Output: Sendable>(
        _ kind: JoinKind, with other: KeyedStream<Other, Key>, in assigner: WindowAssigner,
        late: LateRecords<JoinSide<Element, Other>>, as name: String,
        _ result: @escaping @Sendable (Element?, Other?) throws -> Output
    ) -> DataStream<Output> {
        let leftKey = key
        let rightKey = other.key
        let body = TransformBody { context, outputs, _ in
            let (left, right) = windowJoinSteps(
                context, into: try outputs.step(0),
                late: try outputs.lateStep(of: JoinSide<Element, Other>.self), assigner, kind,
                leftKey: leftKey, rightKey: rightKey, result: result)
            return [AnyStep(left), AnyStep(right)]
        }
        let job = stream.job
        let id = job.add(
            .join, as: name, detail: "\(kind.rawValue), \(assigner)",
            inputs: [edge(toPort: 0), other.edge(toPort: 1)],
            outputTypes: [Output.self, JoinSide<Element, Other>.self], body: .transform(body))
        job.check(assigner, of: id)
        if case .sideOutput(let branch) = late {
            branch(DataStream(job: job, output: OutputReference(id, port: 1)))
        }
        return DataStream(job: job, output: OutputReference(id))
    }
}

/// A join has put out a row without the side that its kind promises.
@usableFromInline
struct JoinSideMissing: Error, CustomStringConvertible {
    @inlinable init() {}
    @usableFromInline var description: String { "internal: a joined row lacks a side" }
}
