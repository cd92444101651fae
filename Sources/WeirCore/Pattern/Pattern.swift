/// A sequence of records to look for in a stream: what is known as complex event processing.
///
/// A description that does nothing by itself: its methods return a pattern with one more stage, or with
/// the last stage changed. Each stage has a name, under which a match gives the records it took.
///
/// ```swift
/// let breakIn = Pattern<Login>()
///     .begin("failures") { !$0.succeeded }.times(3...)
///     .followedBy("success") { $0.succeeded }
///     .within(.minutes(5))
/// ```
///
/// A condition is given the record and, where its closure has a second parameter, the records that the
/// match has taken so far. What is wrong with a pattern is reported when the job is validated.
///
/// Source: Agrawal, Diao, Gyllstrom and Immerman, "Efficient Pattern Matching over Event Streams",
/// SIGMOD 2008; the vocabulary and the rules are those of Apache Flink's CEP library.
public struct Pattern<Element: Sendable>: Sendable {
    /// The stages, in order.
    public private(set) var stages: [PatternStage<Element>] = []
    /// The span of event time in which a match must lie; `nil`: any.
    public private(set) var span: Duration?
    /// What a match excludes.
    public private(set) var skip = AfterMatchSkip.noSkip
    /// Puts records with equal times in order; `nil`: that of their arrival.
    public private(set) var tieOrder: (@Sendable (Element, Element) -> Bool)?
    private var misplaced: [PatternProblem] = []

    /// A pattern without stages; `begin(_:where:)` gives it its first.
    public init() {}

    private func adding(_ stage: PatternStage<Element>) -> Pattern {
        var longer = self
        longer.stages.append(stage)
        return longer
    }

    private func changingLast(
        _ modifier: String, _ change: (inout PatternStage<Element>) -> Void
    ) -> Pattern {
        var changed = self
        if let last = changed.stages.indices.last {
            if changed.stages[last].isNegative {
                changed.misplaced.append(.modifierOfNegative(modifier, stages[last].name))
            } else {
                change(&changed.stages[last])
            }
        } else {
            changed.misplaced.append(.modifierWithoutStage(modifier))
        }
        return changed
    }

    func adding(
        _ name: String, _ link: Contiguity, isNegative: Bool = false,
        _ condition: PatternCondition<Element>
    ) -> Pattern {
        adding(PatternStage(name, link, isNegative: isNegative, condition))
    }
}

// MARK: - How often a stage takes records

extension Pattern {
    /// The last stage takes exactly `count` records.
    public func times(_ count: Int) -> Pattern { times(least: count, most: count, "times") }

    /// The last stage takes as many records as the range says.
    ///
    /// Every number in the range makes a match of its own, unless the stage is ``greedy()``. A range from
    /// 0 makes the stage optional.
    public func times(_ range: ClosedRange<Int>) -> Pattern {
        times(least: range.lowerBound, most: range.upperBound, "times")
    }

    /// The last stage takes that many records or more.
    public func times(_ range: PartialRangeFrom<Int>) -> Pattern {
        times(least: range.lowerBound, most: .max, "times")
    }

    /// The last stage takes one record or more. `until(_:)` or ``within(_:)`` keep its state
    /// bounded.
    public func oneOrMore() -> Pattern { times(least: 1, most: .max, "oneOrMore") }

    /// The last stage takes any number of records, none included.
    public func zeroOrMore() -> Pattern { times(least: 0, most: .max, "zeroOrMore") }

    private func times(least: Int, most: Int, _ modifier: String) -> Pattern {
        changingLast(modifier) {
            $0.least = least == 0 && most > 0 ? 1 : least
            $0.most = most
            if least == 0 && most > 0 { $0.isOptional = true }
        }
    }

    /// The last stage may be left out.
    public func optional() -> Pattern { changingLast("optional") { $0.isOptional = true } }

    /// The last stage takes as many records as it can before the pattern moves on.
    ///
    /// It may not be left, or left out, where it could have taken a record up to and including the one
    /// that the next stage takes. At the end of a pattern, where nothing follows, it changes nothing.
    public func greedy() -> Pattern { changingLast("greedy") { $0.isGreedy = true } }

    /// The records that the last stage takes must follow each other directly.
    public func consecutive() -> Pattern {
        changingLast("consecutive") { $0.innerContiguity = .strict }
    }

    /// The last stage may pass over records that it could take, and so tries all combinations.
    public func allowingCombinations() -> Pattern {
        changingLast("allowingCombinations") { $0.innerContiguity = .any }
    }

    /// The last stage, one that repeats, takes no record for which `stop` holds, and none after it.
    public func until(_ stop: @escaping @Sendable (Element) throws -> Bool) -> Pattern {
        changingLast("until") { $0.until = .simple(stop) }
    }

    /// The same, with a condition that sees the records taken so far.
    public func until(
        _ stop: @escaping @Sendable (Element, PatternMatch<Element>) throws -> Bool
    ) -> Pattern {
        changingLast("until") { $0.until = .iterative(stop) }
    }
}

// MARK: - The whole pattern

extension Pattern {
    /// A match takes less than `span` of event time: a record at the first one's time plus `span` is
    /// outside. Of several such limits the shortest counts.
    ///
    /// A partial match goes, with its state, when the watermark has passed its span.
    public func within(_ span: Duration) -> Pattern {
        var limited = self
        limited.span = self.span.map { Swift.min($0, span) } ?? span
        return limited
    }

    /// What a match that has been found excludes; without it, nothing.
    public func afterMatch(_ skip: AfterMatchSkip) -> Pattern {
        var skipping = self
        skipping.skip = skip
        return skipping
    }

    /// Puts records of one key with equal times in order, where that of arrival is not reproducible.
    public func orderingTies(
        by areInOrder: @escaping @Sendable (Element, Element) -> Bool
    ) -> Pattern {
        var ordered = self
        ordered.tieOrder = areInOrder
        return ordered
    }

    /// What makes this pattern unusable; empty where nothing does.
    public var problems: [PatternProblem] { misplaced + found }
}
