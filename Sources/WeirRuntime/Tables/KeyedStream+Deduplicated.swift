public import WeirCore
public import WeirGraph

/// Which record of each key is the first.
public enum FirstRecord: Hashable, Sendable {
    /// The one with the lowest event time; of two with equal times, the first to arrive. It is put
    /// out when the watermark says that no earlier one can come.
    case first
    /// The first to arrive, put out at once.
    case firstToArrive
}

/// Which record of each key is the last.
public enum LastRecord: Hashable, Sendable {
    /// The one with the highest event time; of two with equal times, the last to arrive.
    case last
    /// The last to arrive.
    case lastToArrive
}

extension KeyedStream {
    /// The stream of the first record of each key; the others count as filtered.
    ///
    /// Nothing that has been put out is taken back: what is read from here on is a stream as any
    /// other.
    ///
    /// - Parameters:
    ///   - kept: Which record is the first.
    ///   - retention: How long a key is remembered after its first record; after that, a record with
    ///     the key is a first one again.
    ///   - name: The operator's name; its state is saved under it.
    @inlinable
    public func deduplicated(
        _ kept: FirstRecord, keeping retention: StateRetention, as name: String
    ) -> DataStream<Element> {
        let keyOf = key
        let body = TransformBody { context, outputs, _ in
            let next: Step<Element> = try outputs.step(0)
            return [
                AnyStep(
                    firstRecordStep(
                        context, into: next, kept, keeping: retention, keyOf: keyOf))
            ]
        }
        let job = stream.job
        let id = job.add(
            .deduplicated, as: name, detail: "\(kept), remembered \(retention)", inputs: [edge()],
            outputTypes: [Element.self],
            needsWatermarks: kept == .first || retention.needsWatermarks, body: .transform(body))
        if let problem = retention.problem {
            job.report(GraphProblem(id, problem, mend: "Give a span such as `.for(.hours(12))`"))
        }
        return DataStream(job: job, output: OutputReference(id))
    }

    /// The table of the last record of each key, updated whenever a later one comes.
    ///
    /// Records that come after a later one count as filtered.
    ///
    /// - Parameters:
    ///   - kept: Which record is the last.
    ///   - retention: How long a row that no record replaces is kept.
    ///   - emitting: How many records may become one change.
    ///   - name: The operator's name; its state is saved under it.
    @inlinable @inline(__always)
    public func deduplicated(
        _ kept: LastRecord, keeping retention: StateRetention,
        emitting: UpdateCoalescing = .automatic, as name: String
    ) -> KeyedTable<Key, Element> {
        let fold: TableFold<Element, LatestTable<Key, Element>> =
            kept == .last
            ? lastInTimeFold(by: key) : upsertFold(by: key, deletes: { _ in false })
        return tabled(
            .deduplicated, keeping: retention, emitting: emitting, as: name, fold: fold
        ) {
            LatestTable()
        }
    }

    /// The table of the record of each key with the largest `order`; of two that are equal in it, the
    /// last to arrive.
    @inlinable @inline(__always)
    public func deduplicated<Order: Comparable & SendableMetatype>(
        lastBy order: @escaping @Sendable (Element) -> Order, keeping retention: StateRetention,
        emitting: UpdateCoalescing = .automatic, as name: String
    ) -> KeyedTable<Key, Element> {
        tabled(
            .deduplicated, keeping: retention, emitting: emitting, as: name,
            fold: lastInOrderFold(by: key) { order($0) < order($1) }
        ) {
            LatestTable()
        }
    }

    /// The table of the record of each key with the largest `order`, of equal ones that with the
    /// largest `tie`: `deduplicated(lastBy: \.placedAt, ties: \.number, keeping: .forever, as: …)`.
    @inlinable @inline(__always)
    public func deduplicated<
        Order: Comparable & SendableMetatype, Tie: Comparable & SendableMetatype
    >(
        lastBy order: @escaping @Sendable (Element) -> Order,
        ties tie: @escaping @Sendable (Element) -> Tie, keeping retention: StateRetention,
        emitting: UpdateCoalescing = .automatic, as name: String
    ) -> KeyedTable<Key, Element> {
        tabled(
            .deduplicated, keeping: retention, emitting: emitting, as: name,
            fold: lastInOrderFold(by: key) { left, right in
                let leftOrder = order(left)
                let rightOrder = order(right)
                return leftOrder == rightOrder ? tie(left) < tie(right) : leftOrder < rightOrder
            }
        ) {
            LatestTable()
        }
    }
}
