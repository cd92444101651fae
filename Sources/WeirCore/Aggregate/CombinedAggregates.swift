/// Joins several aggregates over the same records into one whose result is a flat tuple.
///
/// Made of nested ``AggregatePair``s, so that each record goes through one fused, specialised body;
/// the nested result is flattened once for each result, not for each record.
public enum CombinedAggregates {
    /// Joins two aggregates.
    @inlinable public static func combine<A: Aggregate, B: Aggregate>(
        _ a: A, _ b: B
    ) -> AggregatePair<A, B> where A.Input == B.Input {
        AggregatePair(a, b)
    }

    /// Joins three aggregates.
    @inlinable public static func combine<A: Aggregate, B: Aggregate, C: Aggregate>(
        _ a: A, _ b: B, _ c: C
    ) -> MappedAggregate<
        AggregatePair<AggregatePair<A, B>, C>, (A.Result, B.Result, C.Result)
    > where A.Input == B.Input, A.Input == C.Input {
        AggregatePair(AggregatePair(a, b), c)
            .map { ($0.0.0, $0.0.1, $0.1) }
    }

    /// Joins four aggregates.
    @inlinable public static func combine<A: Aggregate, B: Aggregate, C: Aggregate, D: Aggregate>(
        _ a: A, _ b: B, _ c: C, _ d: D
    ) -> MappedAggregate<
        AggregatePair<AggregatePair<AggregatePair<A, B>, C>, D>,
        (A.Result, B.Result, C.Result, D.Result)
    > where A.Input == B.Input, A.Input == C.Input, A.Input == D.Input {
        AggregatePair(AggregatePair(AggregatePair(a, b), c), d)
            .map { ($0.0.0.0, $0.0.0.1, $0.0.1, $0.1) }
    }

    /// Joins five aggregates.
    @inlinable
    public static func combine<
        A: Aggregate, B: Aggregate, C: Aggregate, D: Aggregate, E: Aggregate
    >(
        _ a: A, _ b: B, _ c: C, _ d: D, _ e: E
    ) -> MappedAggregate<
        AggregatePair<AggregatePair<AggregatePair<AggregatePair<A, B>, C>, D>, E>,
        (A.Result, B.Result, C.Result, D.Result, E.Result)
    > where A.Input == B.Input, A.Input == C.Input, A.Input == D.Input, A.Input == E.Input {
        AggregatePair(AggregatePair(AggregatePair(AggregatePair(a, b), c), d), e)
            .map { ($0.0.0.0.0, $0.0.0.0.1, $0.0.0.1, $0.0.1, $0.1) }
    }

    /// Joins six aggregates.
    @inlinable
    public static func combine<
        A: Aggregate, B: Aggregate, C: Aggregate, D: Aggregate, E: Aggregate, F: Aggregate
    >(
        _ a: A, _ b: B, _ c: C, _ d: D, _ e: E, _ f: F
    ) -> MappedAggregate<
        AggregatePair<AggregatePair<AggregatePair<AggregatePair<AggregatePair<A, B>, C>, D>, E>, F>,
        (A.Result, B.Result, C.Result, D.Result, E.Result, F.Result)
    >
    where
        A.Input == B.Input, A.Input == C.Input, A.Input == D.Input, A.Input == E.Input,
        A.Input == F.Input
    {
        AggregatePair(AggregatePair(AggregatePair(AggregatePair(AggregatePair(a, b), c), d), e), f)
            .map { ($0.0.0.0.0.0, $0.0.0.0.0.1, $0.0.0.0.1, $0.0.0.1, $0.0.1, $0.1) }
    }
}
