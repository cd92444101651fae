import WeirCore

/// How far the event time of a record's partner may be from its own: from a lower to an upper bound,
/// added to the time of the record on the side that the join is called on.
///
/// `.minutes(-5) ... .minutes(5)` includes both bounds, `.zero ..< .hours(1)` only the lower one;
/// ``excludingLowerBound`` and ``excludingUpperBound`` leave the bounds out. Bounds are rounded toward
/// zero to whole microseconds.
public struct JoinInterval: Hashable, Sendable {
    /// The least that a partner's time is after the record's, microseconds.
    @usableFromInline let lower: Int64
    /// The most that a partner's time is after the record's, microseconds.
    @usableFromInline let upper: Int64

    private init(lower: Int64, upper: Int64) {
        // Negating a bound must not overflow.
        self.lower = max(lower, -Int64.max)
        self.upper = max(upper, -Int64.max)
    }

    /// From `lower` to `upper`, both included.
    public static func between(_ lower: Duration, _ upper: Duration) -> JoinInterval {
        JoinInterval(lower: lower.wholeMicroseconds, upper: upper.wholeMicroseconds)
    }

    /// This interval without its lower bound: partners are later by more than that.
    public var excludingLowerBound: JoinInterval {
        JoinInterval(lower: lower == .max ? lower : lower + 1, upper: upper)
    }

    /// This interval without its upper bound: partners are later by less than that.
    public var excludingUpperBound: JoinInterval { JoinInterval(lower: lower, upper: upper - 1) }

    /// What makes this interval unusable, as the planner reports it; `nil` when it is sound.
    public var problem: String? {
        lower > upper ? "nothing lies in the interval of the join (\(self))" : nil
    }
}

extension JoinInterval: CustomStringConvertible {
    public var description: String {
        let bounds = [lower, upper].map { Duration.microseconds($0).spelledOut }
        return "from \(bounds[0]) to \(bounds[1])"
    }
}

// Disfavored, so that a range of durations is a range wherever no interval is asked for.
extension Duration {
    /// From `lower` to `upper`, both included.
    @_disfavoredOverload
    public static func ... (lower: Duration, upper: Duration) -> JoinInterval {
        .between(lower, upper)
    }

    /// From `lower`, included, to `upper`, excluded.
    @_disfavoredOverload
    public static func ..< (lower: Duration, upper: Duration) -> JoinInterval {
        .between(lower, upper).excludingUpperBound
    }
}
