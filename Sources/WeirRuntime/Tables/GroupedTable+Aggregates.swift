public import WeirCore

// Several aggregates over the same rows, as `KeyedStream` has them.

extension GroupedTable {

    /// A table of a row for each group, made from two aggregates of its rows.
    @inlinable @inline(__always)
    public func aggregate<A: RetractableAggregate, B: RetractableAggregate, Output: Sendable>(
        _ a: A, _ b: B, emitting: UpdateCoalescing = .automatic, as name: String,
        _ row: @escaping @Sendable (Key, A.Result, B.Result) throws -> Output
    ) -> KeyedTable<Key, Output>
    where A.Input == Row, B.Input == Row {
        aggregate(CombinedAggregates.combine(a, b), emitting: emitting, as: name) {
            try row($0, $1.0, $1.1)
        }
    }

    /// A table of a row for each group, made from three aggregates of its rows.
    @inlinable @inline(__always)
    public func aggregate<
        A: RetractableAggregate, B: RetractableAggregate, C: RetractableAggregate, Output: Sendable
    >(
        _ a: A, _ b: B, _ c: C, emitting: UpdateCoalescing = .automatic, as name: String,
        _ row: @escaping @Sendable (Key, A.Result, B.Result, C.Result) throws -> Output
    ) -> KeyedTable<Key, Output>
    where A.Input == Row, B.Input == Row, C.Input == Row {
        aggregate(CombinedAggregates.combine(a, b, c), emitting: emitting, as: name) {
            try row($0, $1.0, $1.1, $1.2)
        }
    }

    /// A table of a row for each group, made from four aggregates of its rows.
    @inlinable @inline(__always)
    public func aggregate<
        A: RetractableAggregate, B: RetractableAggregate, C: RetractableAggregate,
        D: RetractableAggregate, Output: Sendable
    >(
        _ a: A, _ b: B, _ c: C, _ d: D, emitting: UpdateCoalescing = .automatic, as name: String,
        _ row: @escaping @Sendable (Key, A.Result, B.Result, C.Result, D.Result) throws -> Output
    ) -> KeyedTable<Key, Output>
    where A.Input == Row, B.Input == Row, C.Input == Row, D.Input == Row {
        aggregate(CombinedAggregates.combine(a, b, c, d), emitting: emitting, as: name) {
            try row($0, $1.0, $1.1, $1.2, $1.3)
        }
    }

    /// A table of a row for each group, made from five aggregates of its rows.
    @inlinable @inline(__always)
    public func aggregate<
        A: RetractableAggregate, B: RetractableAggregate, C: RetractableAggregate,
        D: RetractableAggregate, E: RetractableAggregate, Output: Sendable
    >(
        _ a: A, _ b: B, _ c: C, _ d: D, _ e: E, emitting: UpdateCoalescing = .automatic,
        as name: String,
        _ row:
            @escaping @Sendable (Key, A.Result, B.Result, C.Result, D.Result, E.Result) throws ->
            Output
    ) -> KeyedTable<Key, Output>
    where A.Input == Row, B.Input == Row, C.Input == Row, D.Input == Row, E.Input == Row {
        aggregate(CombinedAggregates.combine(a, b, c, d, e), emitting: emitting, as: name) {
            try row($0, $1.0, $1.1, $1.2, $1.3, $1.4)
        }
    }

    /// A table of a row for each group, made from six aggregates of its rows.
    @inlinable @inline(__always)
    public func aggregate<
        A: RetractableAggregate, B: RetractableAggregate, C: RetractableAggregate,
        D: RetractableAggregate, E: RetractableAggregate, F: RetractableAggregate, Output: Sendable
    >(
        _ a: A, _ b: B, _ c: C, _ d: D, _ e: E, _ f: F, emitting: UpdateCoalescing = .automatic,
        as name: String,
        _ row:
            @escaping @Sendable (Key, A.Result, B.Result, C.Result, D.Result, E.Result, F.Result)
            throws -> Output
    ) -> KeyedTable<Key, Output>
    where
        A.Input == Row, B.Input == Row, C.Input == Row, D.Input == Row, E.Input == Row,
        F.Input == Row
    {
        aggregate(CombinedAggregates.combine(a, b, c, d, e, f), emitting: emitting, as: name) {
            try row($0, $1.0, $1.1, $1.2, $1.3, $1.4, $1.5)
        }
    }
}
