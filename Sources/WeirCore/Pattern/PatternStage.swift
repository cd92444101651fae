/// A stage of a ``Pattern``: a condition, how often it takes records, and how they follow each other.
public struct PatternStage<Element: Sendable>: Sendable {
    /// The name under which a match gives the records.
    public let name: String
    /// How the first record follows the stage before.
    public let contiguity: Contiguity
    /// Whether a record that satisfies the condition ends a partial match instead of being taken.
    public let isNegative: Bool
    /// Which records it takes.
    public let condition: PatternCondition<Element>
    /// The fewest records that it takes, unless it is left out.
    public internal(set) var least = 1
    /// The most records that it takes.
    public internal(set) var most = 1
    /// Whether it may be left out.
    public internal(set) var isOptional = false
    /// Whether it may not be left while it can take records.
    public internal(set) var isGreedy = false
    /// How the records that it takes follow each other.
    public internal(set) var innerContiguity = Contiguity.relaxed
    /// Ends the repetition.
    public internal(set) var until: PatternCondition<Element>?

    init(
        _ name: String, _ contiguity: Contiguity, isNegative: Bool,
        _ condition: PatternCondition<Element>
    ) {
        self.name = name
        self.contiguity = contiguity
        self.isNegative = isNegative
        self.condition = condition
    }
}

/// How a record follows the one that a match took before.
public enum Contiguity: Sendable {
    /// It is the first stage's, and follows none.
    case start
    /// Directly: no record lies between.
    case strict
    /// With none between that could have been taken instead.
    case relaxed
    /// With any records between.
    case any
}

/// Which records a stage takes.
public enum PatternCondition<Element: Sendable>: Sendable {
    /// Judges by the record alone; evaluated once a record, however many partial matches there are.
    case simple(@Sendable (Element) throws -> Bool)
    /// Judges by the record and the match so far; evaluated for each partial match.
    case iterative(@Sendable (Element, PatternMatch<Element>) throws -> Bool)
}

/// What a match excludes: the partial matches, and the matches found but not yet emitted, that began
/// before the place to skip to.
///
/// With any but ``noSkip``, matches are emitted in the order in which they begin. One that is complete
/// waits for the partial matches that began before it.
public enum AfterMatchSkip: Hashable, Sendable {
    /// Nothing: every match is emitted.
    case noSkip
    /// Others that begin with the same record.
    case skipToNext
    /// All that began before the match ended.
    case skipPastLastEvent
    /// All that began before the first record of a stage; nothing where the match has none.
    case skipToFirst(of: String)
    /// All that began before the last record of a stage; nothing where the match has none.
    case skipToLast(of: String)

    var stageName: String? {
        switch self {
        case .noSkip, .skipToNext, .skipPastLastEvent: nil
        case .skipToFirst(let name), .skipToLast(let name): name
        }
    }
}
