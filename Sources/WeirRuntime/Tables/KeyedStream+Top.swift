public import WeirCore
public import WeirGraph

extension KeyedStream {
    /// A table of the best `limit` records of each key, one row for each place: rank 1 has the
    /// largest `value`.
    ///
    /// Of records with equal values, the one that arrived first ranks first; which one that is may
    /// differ from run to run. Records without a value (`nil`, or not a number) are not ranked and
    /// count as filtered, as do those that are not among the best.
    ///
    /// For the best of each window, see `TopK`.
    ///
    /// - Parameters:
    ///   - value: What records are ranked by.
    ///   - retention: How long a ranking that no record enters is kept.
    ///   - emitting: How many records may become one change.
    ///   - name: The operator's name; its state is saved under it.
    @inlinable @inline(__always)
    public func topN<Value: Comparable & SendableMetatype>(
        _ limit: Int, by value: @escaping @Sendable (Element) -> Value?,
        keeping retention: StateRetention, emitting: UpdateCoalescing = .automatic,
        as name: String
    ) -> KeyedTable<RankedKey<Key>, Element> {
        topN(
            limit, isRanked: { isOrdered(value($0)) },
            order: { left, right in
                guard let left = value(left), let right = value(right) else { return false }
                return left > right
            }, keeping: retention, emitting: emitting, as: name)
    }

    /// A table of the best `limit` records of each key, of records with equal values those with the
    /// smallest `tie` first; otherwise like ``topN(_:by:keeping:emitting:as:)``.
    @inlinable @inline(__always)
    public func topN<Value: Comparable & SendableMetatype, Tie: Comparable & SendableMetatype>(
        _ limit: Int, by value: @escaping @Sendable (Element) -> Value?,
        ties tie: @escaping @Sendable (Element) -> Tie,
        keeping retention: StateRetention, emitting: UpdateCoalescing = .automatic,
        as name: String
    ) -> KeyedTable<RankedKey<Key>, Element> {
        topN(
            limit, isRanked: { isOrdered(value($0)) },
            order: { left, right in
                guard let leftValue = value(left), let rightValue = value(right) else {
                    return false
                }
                if leftValue == rightValue { return tie(left) < tie(right) }
                return leftValue > rightValue
            }, keeping: retention, emitting: emitting, as: name)
    }

    /// A table of the first `limit` records of each key in an order; of records that are equal in it,
    /// the one that arrived first ranks first.
    ///
    /// - Parameter comesFirst: Whether its first argument ranks strictly before its second.
    @inlinable @inline(__always)
    public func topN(
        _ limit: Int, order comesFirst: @escaping @Sendable (Element, Element) -> Bool,
        keeping retention: StateRetention, emitting: UpdateCoalescing = .automatic,
        as name: String
    ) -> KeyedTable<RankedKey<Key>, Element> {
        topN(
            limit, isRanked: { _ in true }, order: comesFirst, keeping: retention,
            emitting: emitting, as: name)
    }

    @inlinable @inline(__always)
    func topN(
        _ limit: Int, isRanked: @escaping @Sendable (Element) -> Bool,
        order comesFirst: @escaping @Sendable (Element, Element) -> Bool,
        keeping retention: StateRetention, emitting: UpdateCoalescing, as name: String
    ) -> KeyedTable<RankedKey<Key>, Element> {
        tabled(
            .ranked, keeping: retention, emitting: emitting, as: name,
            fold: topFold(by: key, isRanked: isRanked, comesFirst: comesFirst)
        ) {
            TopTable(limit: limit)
        }.checkingLimit(limit)
    }
}

/// Whether there is a value, and it equals itself, as all but not-a-number do.
@inlinable func isOrdered<Value: Comparable & SendableMetatype>(_ value: Value?) -> Bool {
    guard let value else { return false }
    return value == value
}
