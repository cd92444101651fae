// Each stage comes with a condition on the record alone, or on the record and the match so far. The
// closure's number of parameters tells the two apart.

extension Pattern {
    /// The first stage: a match begins with a record for which `condition` holds.
    public func begin(
        _ name: String, where condition: @escaping @Sendable (Element) throws -> Bool
    ) -> Pattern {
        beginning(name, .simple(condition))
    }

    /// The same, with a condition that sees the records taken so far.
    public func begin(
        _ name: String,
        where condition: @escaping @Sendable (Element, PatternMatch<Element>) throws -> Bool
    ) -> Pattern {
        beginning(name, .iterative(condition))
    }

    /// A stage whose first record comes directly after the last record of the stage before it: strict
    /// contiguity, among the records of one key.
    public func next(
        _ name: String, where condition: @escaping @Sendable (Element) throws -> Bool
    ) -> Pattern {
        adding(name, .strict, .simple(condition))
    }

    /// The same, with a condition that sees the records taken so far.
    public func next(
        _ name: String,
        where condition: @escaping @Sendable (Element, PatternMatch<Element>) throws -> Bool
    ) -> Pattern {
        adding(name, .strict, .iterative(condition))
    }

    /// A stage that takes the first record for which `condition` holds; records for which it does not
    /// may lie between: relaxed contiguity.
    public func followedBy(
        _ name: String, where condition: @escaping @Sendable (Element) throws -> Bool
    ) -> Pattern {
        adding(name, .relaxed, .simple(condition))
    }

    /// The same, with a condition that sees the records taken so far.
    public func followedBy(
        _ name: String,
        where condition: @escaping @Sendable (Element, PatternMatch<Element>) throws -> Bool
    ) -> Pattern {
        adding(name, .relaxed, .iterative(condition))
    }

    /// A stage that takes any later record for which `condition` holds, each in a match of its own:
    /// non-deterministic relaxed contiguity.
    public func followedByAny(
        _ name: String, where condition: @escaping @Sendable (Element) throws -> Bool
    ) -> Pattern {
        adding(name, .any, .simple(condition))
    }

    /// The same, with a condition that sees the records taken so far.
    public func followedByAny(
        _ name: String,
        where condition: @escaping @Sendable (Element, PatternMatch<Element>) throws -> Bool
    ) -> Pattern {
        adding(name, .any, .iterative(condition))
    }

    /// The record directly after the stage before must not satisfy `condition`.
    ///
    /// At the end of a pattern, the match is complete with the next record, which is no part of it.
    public func notNext(
        _ name: String, where condition: @escaping @Sendable (Element) throws -> Bool
    ) -> Pattern {
        adding(name, .strict, isNegative: true, .simple(condition))
    }

    /// The same, with a condition that sees the records taken so far.
    public func notNext(
        _ name: String,
        where condition: @escaping @Sendable (Element, PatternMatch<Element>) throws -> Bool
    ) -> Pattern {
        adding(name, .strict, isNegative: true, .iterative(condition))
    }

    /// No record between the stage before and the one after may satisfy `condition`.
    ///
    /// At the end of a pattern, where it needs ``within(_:)``, no record may before the span is over; the
    /// match is complete then.
    public func notFollowedBy(
        _ name: String, where condition: @escaping @Sendable (Element) throws -> Bool
    ) -> Pattern {
        adding(name, .relaxed, isNegative: true, .simple(condition))
    }

    /// The same, with a condition that sees the records taken so far.
    public func notFollowedBy(
        _ name: String,
        where condition: @escaping @Sendable (Element, PatternMatch<Element>) throws -> Bool
    ) -> Pattern {
        adding(name, .relaxed, isNegative: true, .iterative(condition))
    }

    private func beginning(_ name: String, _ condition: PatternCondition<Element>) -> Pattern {
        adding(name, .start, condition)
    }
}
