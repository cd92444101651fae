public import WeirCore
public import WeirGraph

// Several aggregates over the same records, their results in the order of the aggregates. One method
// for each number of them: a parameter pack would not specialise in the record loop.

extension WindowedStream {

    /// A stream of one result for each key and window, made from two aggregates of its records.
    @inlinable @inline(__always)
    public func aggregate<A: Aggregate, B: Aggregate, Output: Sendable>(
        _ a: A, _ b: B, as name: String,
        _ result: @escaping @Sendable (Key, Window, A.Result, B.Result) throws -> Output
    ) -> DataStream<Output> where A.Input == Element, B.Input == Element {
        aggregated(.aggregate, CombinedAggregates.combine(a, b), as: name) {
            try result($0, $1, $3.0, $3.1)
        }
    }

    /// A stream of one result for each key and window, made from three aggregates of its records.
    @inlinable @inline(__always)
    public func aggregate<A: Aggregate, B: Aggregate, C: Aggregate, Output: Sendable>(
        _ a: A, _ b: B, _ c: C, as name: String,
        _ result: @escaping @Sendable (Key, Window, A.Result, B.Result, C.Result) throws -> Output
    ) -> DataStream<Output> where A.Input == Element, B.Input == Element, C.Input == Element {
        aggregated(.aggregate, CombinedAggregates.combine(a, b, c), as: name) {
            try result($0, $1, $3.0, $3.1, $3.2)
        }
    }

    /// A stream of one result for each key and window, made from four aggregates of its records.
    @inlinable @inline(__always)
    public func aggregate<A: Aggregate, B: Aggregate, C: Aggregate, D: Aggregate, Output: Sendable>(
        _ a: A, _ b: B, _ c: C, _ d: D, as name: String,
        _ result:
            @escaping @Sendable (Key, Window, A.Result, B.Result, C.Result, D.Result) throws ->
            Output
    ) -> DataStream<Output>
    where A.Input == Element, B.Input == Element, C.Input == Element, D.Input == Element {
        aggregated(.aggregate, CombinedAggregates.combine(a, b, c, d), as: name) {
            try result($0, $1, $3.0, $3.1, $3.2, $3.3)
        }
    }

    /// A stream of one result for each key and window, made from five aggregates of its records.
    @inlinable @inline(__always)
    public func aggregate<
        A: Aggregate, B: Aggregate, C: Aggregate, D: Aggregate, E: Aggregate, Output: Sendable
    >(
        _ a: A, _ b: B, _ c: C, _ d: D, _ e: E, as name: String,
        _ result:
            @escaping @Sendable (Key, Window, A.Result, B.Result, C.Result, D.Result, E.Result)
            throws -> Output
    ) -> DataStream<Output>
    where
        A.Input == Element, B.Input == Element, C.Input == Element, D.Input == Element,
        E.Input == Element
    {
        aggregated(.aggregate, CombinedAggregates.combine(a, b, c, d, e), as: name) {
            try result($0, $1, $3.0, $3.1, $3.2, $3.3, $3.4)
        }
    }

    /// A stream of one result for each key and window, made from six aggregates of its records.
    @inlinable @inline(__always)
    public func aggregate<
        A: Aggregate, B: Aggregate, C: Aggregate, D: Aggregate, E: Aggregate, F: Aggregate,
        Output: Sendable
    >(
        _ a: A, _ b: B, _ c: C, _ d: D, _ e: E, _ f: F, as name: String,
        _ result:
            @escaping @Sendable (
                Key, Window, A.Result, B.Result, C.Result, D.Result, E.Result, F.Result
            ) throws -> Output
    ) -> DataStream<Output>
    where
        A.Input == Element, B.Input == Element, C.Input == Element, D.Input == Element,
        E.Input == Element, F.Input == Element
    {
        aggregated(.aggregate, CombinedAggregates.combine(a, b, c, d, e, f), as: name) {
            try result($0, $1, $3.0, $3.1, $3.2, $3.3, $3.4, $3.5)
        }
    }

    /// A stream of one result for each pane, made from two aggregates by a function that sees
    /// which pane it is.
    @inlinable @inline(__always)
    public func aggregate<A: Aggregate, B: Aggregate, Output: Sendable>(
        _ a: A, _ b: B, as name: String,
        _ result: @escaping @Sendable (Key, Window, WindowPane, A.Result, B.Result) throws -> Output
    ) -> DataStream<Output> where A.Input == Element, B.Input == Element {
        aggregated(.aggregate, CombinedAggregates.combine(a, b), as: name) {
            try result($0, $1, $2, $3.0, $3.1)
        }
    }

    /// A stream of one result for each pane, made from three aggregates by a function that sees
    /// which pane it is.
    @inlinable @inline(__always)
    public func aggregate<A: Aggregate, B: Aggregate, C: Aggregate, Output: Sendable>(
        _ a: A, _ b: B, _ c: C, as name: String,
        _ result:
            @escaping @Sendable (Key, Window, WindowPane, A.Result, B.Result, C.Result) throws ->
            Output
    ) -> DataStream<Output> where A.Input == Element, B.Input == Element, C.Input == Element {
        aggregated(.aggregate, CombinedAggregates.combine(a, b, c), as: name) {
            try result($0, $1, $2, $3.0, $3.1, $3.2)
        }
    }

    /// A stream of one result for each pane, made from four aggregates by a function that sees
    /// which pane it is.
    @inlinable @inline(__always)
    public func aggregate<A: Aggregate, B: Aggregate, C: Aggregate, D: Aggregate, Output: Sendable>(
        _ a: A, _ b: B, _ c: C, _ d: D, as name: String,
        _ result:
            @escaping @Sendable (Key, Window, WindowPane, A.Result, B.Result, C.Result, D.Result)
            throws -> Output
    ) -> DataStream<Output>
    where A.Input == Element, B.Input == Element, C.Input == Element, D.Input == Element {
        aggregated(.aggregate, CombinedAggregates.combine(a, b, c, d), as: name) {
            try result($0, $1, $2, $3.0, $3.1, $3.2, $3.3)
        }
    }

    /// A stream of one result for each pane, made from five aggregates by a function that sees
    /// which pane it is.
    @inlinable @inline(__always)
    public func aggregate<
        A: Aggregate, B: Aggregate, C: Aggregate, D: Aggregate, E: Aggregate, Output: Sendable
    >(
        _ a: A, _ b: B, _ c: C, _ d: D, _ e: E, as name: String,
        _ result:
            @escaping @Sendable (
                Key, Window, WindowPane, A.Result, B.Result, C.Result, D.Result, E.Result
            ) throws -> Output
    ) -> DataStream<Output>
    where
        A.Input == Element, B.Input == Element, C.Input == Element, D.Input == Element,
        E.Input == Element
    {
        aggregated(.aggregate, CombinedAggregates.combine(a, b, c, d, e), as: name) {
            try result($0, $1, $2, $3.0, $3.1, $3.2, $3.3, $3.4)
        }
    }

    /// A stream of one result for each pane, made from six aggregates by a function that sees
    /// which pane it is.
    @inlinable @inline(__always)
    public func aggregate<
        A: Aggregate, B: Aggregate, C: Aggregate, D: Aggregate, E: Aggregate, F: Aggregate,
        Output: Sendable
    >(
        _ a: A, _ b: B, _ c: C, _ d: D, _ e: E, _ f: F, as name: String,
        _ result:
            @escaping @Sendable (
                Key, Window, WindowPane, A.Result, B.Result, C.Result, D.Result, E.Result, F.Result
            ) throws -> Output
    ) -> DataStream<Output>
    where
        A.Input == Element, B.Input == Element, C.Input == Element, D.Input == Element,
        E.Input == Element, F.Input == Element
    {
        aggregated(.aggregate, CombinedAggregates.combine(a, b, c, d, e, f), as: name) {
            try result($0, $1, $2, $3.0, $3.1, $3.2, $3.3, $3.4, $3.5)
        }
    }
}
