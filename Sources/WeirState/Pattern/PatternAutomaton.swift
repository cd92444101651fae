public import WeirCore

/// A pattern compiled to a nondeterministic finite automaton, to be run for each key.
///
/// A state of the automaton is a stage and the number of records that it has taken. Instead of one
/// state for each record that may be ignored, a partial match carries the set of its open targets: the
/// stages that may take its next record. A record closes the targets that its contiguity forbids to
/// wait any longer, and each target that takes it makes a new partial match. So a partial match is one
/// value however long it waits, and those that ignored different records are not told apart.
///
/// Source: Agrawal, Diao, Gyllstrom and Immerman, "Efficient Pattern Matching over Event Streams",
/// SIGMOD 2008.
public final class PatternAutomaton<Element: Sendable>: Sendable {
    /// A stage that takes records, and the negative stages behind it.
    @usableFromInline struct Stage: Sendable {
        /// Index of the condition, and of the one that stops repetition or −1.
        @usableFromInline let condition: Int
        @usableFromInline let until: Int
        @usableFromInline let contiguity: Contiguity
        @usableFromInline let innerContiguity: Contiguity
        @usableFromInline let least: Int32
        @usableFromInline let most: Int32
        @usableFromInline let isGreedy: Bool
        /// Indices of the conditions of the negative stages that follow.
        @usableFromInline var notNext: [Int] = []
        @usableFromInline var notFollowedBy: [Int] = []
        /// The stages that may follow, as bits: those up to the first that may not be left out.
        @usableFromInline var targets: UInt64 = 0
        /// Whether all stages behind may be left out.
        @usableFromInline var mayBeLast = false
    }

    @usableFromInline enum Skip: Sendable {
        case none, toNext, pastLast
        case toFirst(Int)
        case toLast(Int)
    }

    @usableFromInline let stages: [Stage]
    @usableFromInline let conditions: [PatternCondition<Element>]
    /// The stages that take records, in order.
    public let stageNames: [String]
    /// The stages that may take a match's first record, as bits.
    @usableFromInline let firstTargets: UInt64
    /// Microseconds; `nil`: without limit.
    @usableFromInline let span: Int64?
    @usableFromInline let skip: Skip
    @usableFromInline let tieOrder: (@Sendable (Element, Element) -> Bool)?
    @usableFromInline let partialMatchesMax: Int

    /// Compiles a pattern.
    ///
    /// - Parameters:
    ///   - pattern: Must have no ``Pattern/problems``; where it has, the automaton finds nothing.
    ///   - partialMatchesMax: The most partial matches that a key may have.
    public init(_ pattern: Pattern<Element>, partialMatchesMax: Int) {
        let usable = pattern.problems.isEmpty ? pattern.stages : []
        var conditions: [PatternCondition<Element>] = []
        func index(of condition: PatternCondition<Element>?) -> Int {
            guard let condition else { return -1 }
            conditions.append(condition)
            return conditions.count - 1
        }
        var stages: [Stage] = []
        var isOptional: [Bool] = []
        for stage in usable where !stage.isNegative || !stages.isEmpty {
            let condition = index(of: stage.condition)
            if stage.isNegative {
                if stage.contiguity == .strict {
                    stages[stages.count - 1].notNext.append(condition)
                } else {
                    stages[stages.count - 1].notFollowedBy.append(condition)
                }
                continue
            }
            stages.append(
                Stage(
                    condition: condition, until: index(of: stage.until),
                    contiguity: stage.contiguity, innerContiguity: stage.innerContiguity,
                    least: Int32(clamping: stage.least), most: Int32(clamping: stage.most),
                    isGreedy: stage.isGreedy))
            isOptional.append(stage.isOptional)
        }
        for number in stages.indices {
            stages[number].targets = Self.targets(from: number + 1, isOptional)
            stages[number].mayBeLast = isOptional[(number + 1)...].allSatisfy { $0 }
        }
        firstTargets = Self.targets(from: 0, isOptional)
        let names = usable.filter { !$0.isNegative }.map(\.name)
        self.stages = stages
        self.conditions = conditions
        stageNames = names
        span = pattern.span?.wholeMicroseconds
        skip =
            switch pattern.skip {
            case .noSkip: .none
            case .skipToNext: .toNext
            case .skipPastLastEvent: .pastLast
            case .skipToFirst(let name): .toFirst(names.firstIndex(of: name) ?? -1)
            case .skipToLast(let name): .toLast(names.firstIndex(of: name) ?? -1)
            }
        tieOrder = pattern.tieOrder
        self.partialMatchesMax = partialMatchesMax
    }

    /// The stages from `first` on that can be reached by leaving out those before.
    private static func targets(from first: Int, _ isOptional: [Bool]) -> UInt64 {
        var targets: UInt64 = 0
        for number in first..<max(first, isOptional.count) {
            targets |= 1 << UInt64(number)
            if !isOptional[number] { break }
        }
        return targets
    }
}

/// A key has more partial matches than its pattern was given room for.
public struct PatternLimitExceeded: Error, Equatable, Sendable, CustomStringConvertible {
    /// The limit.
    public let limit: Int
    /// The stage that most of them have reached.
    public let stage: String
    /// The key, as text; `nil` until the operator has added it.
    public var key: String?

    @usableFromInline init(limit: Int, stage: String) {
        self.limit = limit
        self.stage = stage
    }

    public var description: String {
        "the key \(key ?? "at hand") has more than \(limit) partial matches, most of them waiting behind "
            + "stage '\(stage)'. Bound the pattern with `within` or `until`, use `followedBy` instead of "
            + "`followedByAny` and no `allowingCombinations`, skip with `afterMatch`, or raise "
            + "`partialMatchesMax`."
    }
}

extension PatternLimitExceeded: RetryableError {
    /// No: the same records come again.
    public var isRetryable: Bool { false }
}
