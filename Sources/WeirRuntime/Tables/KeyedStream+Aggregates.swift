public import WeirCore
public import WeirGraph

// Several aggregates over the same records, their results in the order of the aggregates. One method
// for each number of them: a parameter pack would not specialise in the record loop.

extension KeyedStream {

    /// A table of a row for each key, made from two aggregates of all its records.
    @inlinable @inline(__always)
    public func aggregate<A: Aggregate, B: Aggregate, Row: Sendable>(
        _ a: A, _ b: B, keeping retention: StateRetention,
        emitting: UpdateCoalescing = .automatic, as name: String,
        _ row: @escaping @Sendable (Key, A.Result, B.Result) throws -> Row
    ) -> KeyedTable<Key, Row>
    where A.Input == Element, B.Input == Element {
        aggregate(
            CombinedAggregates.combine(a, b), keeping: retention, emitting: emitting, as: name
        ) {
            try row($0, $1.0, $1.1)
        }
    }

    /// A table of a row for each key, made from three aggregates of all its records.
    @inlinable @inline(__always)
    public func aggregate<A: Aggregate, B: Aggregate, C: Aggregate, Row: Sendable>(
        _ a: A, _ b: B, _ c: C, keeping retention: StateRetention,
        emitting: UpdateCoalescing = .automatic, as name: String,
        _ row: @escaping @Sendable (Key, A.Result, B.Result, C.Result) throws -> Row
    ) -> KeyedTable<Key, Row>
    where A.Input == Element, B.Input == Element, C.Input == Element {
        aggregate(
            CombinedAggregates.combine(a, b, c), keeping: retention, emitting: emitting, as: name
        ) {
            try row($0, $1.0, $1.1, $1.2)
        }
    }

    /// A table of a row for each key, made from four aggregates of all its records.
    @inlinable @inline(__always)
    public func aggregate<A: Aggregate, B: Aggregate, C: Aggregate, D: Aggregate, Row: Sendable>(
        _ a: A, _ b: B, _ c: C, _ d: D, keeping retention: StateRetention,
        emitting: UpdateCoalescing = .automatic, as name: String,
        _ row: @escaping @Sendable (Key, A.Result, B.Result, C.Result, D.Result) throws -> Row
    ) -> KeyedTable<Key, Row>
    where A.Input == Element, B.Input == Element, C.Input == Element, D.Input == Element {
        aggregate(
            CombinedAggregates.combine(a, b, c, d), keeping: retention, emitting: emitting, as: name
        ) {
            try row($0, $1.0, $1.1, $1.2, $1.3)
        }
    }

    /// A table of a row for each key, made from five aggregates of all its records.
    @inlinable @inline(__always)
    public func aggregate<
        A: Aggregate, B: Aggregate, C: Aggregate, D: Aggregate, E: Aggregate, Row: Sendable
    >(
        _ a: A, _ b: B, _ c: C, _ d: D, _ e: E, keeping retention: StateRetention,
        emitting: UpdateCoalescing = .automatic, as name: String,
        _ row:
            @escaping @Sendable (Key, A.Result, B.Result, C.Result, D.Result, E.Result) throws ->
            Row
    ) -> KeyedTable<Key, Row>
    where
        A.Input == Element, B.Input == Element, C.Input == Element, D.Input == Element,
        E.Input == Element
    {
        aggregate(
            CombinedAggregates.combine(a, b, c, d, e), keeping: retention, emitting: emitting,
            as: name
        ) {
            try row($0, $1.0, $1.1, $1.2, $1.3, $1.4)
        }
    }

    /// A table of a row for each key, made from six aggregates of all its records.
    @inlinable @inline(__always)
    public func aggregate<
        A: Aggregate, B: Aggregate, C: Aggregate, D: Aggregate, E: Aggregate, F: Aggregate,
        Row: Sendable
    >(
        _ a: A, _ b: B, _ c: C, _ d: D, _ e: E, _ f: F, keeping retention: StateRetention,
        emitting: UpdateCoalescing = .automatic, as name: String,
        _ row:
            @escaping @Sendable (Key, A.Result, B.Result, C.Result, D.Result, E.Result, F.Result)
            throws -> Row
    ) -> KeyedTable<Key, Row>
    where
        A.Input == Element, B.Input == Element, C.Input == Element, D.Input == Element,
        E.Input == Element, F.Input == Element
    {
        aggregate(
            CombinedAggregates.combine(a, b, c, d, e, f), keeping: retention, emitting: emitting,
            as: name
        ) {
            try row($0, $1.0, $1.1, $1.2, $1.3, $1.4, $1.5)
        }
    }
}
