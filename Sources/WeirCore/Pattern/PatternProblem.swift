/// Something that makes a pattern unusable, and how to mend it.
public struct PatternProblem: Hashable, Sendable {
    /// What is wrong, in words.
    public let problem: String
    /// How to mend it, in words.
    public let mend: String

    init(_ problem: String, mend: String) {
        self.problem = problem
        self.mend = mend
    }

    static func modifierWithoutStage(_ modifier: String) -> PatternProblem {
        PatternProblem(
            "`\(modifier)` comes before the pattern's first stage",
            mend: "Put it behind the stage that it is for, such as `.begin(…) { … }.\(modifier)(…)`"
        )
    }

    static func modifierOfNegative(_ modifier: String, _ stage: String) -> PatternProblem {
        PatternProblem(
            "`\(modifier)` is said of the negative stage '\(stage)', which takes no records",
            mend: "Put it behind a stage that takes records, or remove it")
    }
}

extension Pattern {
    /// The most stages that a pattern may have.
    public static var stagesMax: Int { 64 }

    /// What is wrong with the pattern as a whole.
    var found: [PatternProblem] {
        guard !stages.isEmpty else {
            return [
                PatternProblem(
                    "the pattern has no stages", mend: "Start it with `.begin(\"name\") { … }`")
            ]
        }
        return placement() + names() + stages.flatMap(problems(of:)) + negatives() + wholePattern()
    }

    private func placement() -> [PatternProblem] {
        var problems: [PatternProblem] = []
        if let first = stages.first, first.contiguity != .start {
            problems.append(
                PatternProblem(
                    "the pattern's first stage, '\(first.name)', follows nothing",
                    mend: "Start the pattern with `.begin(\"name\") { … }`"))
        }
        for stage in stages.dropFirst() where stage.contiguity == .start {
            problems.append(
                PatternProblem(
                    "`begin` of '\(stage.name)' is not the pattern's first stage",
                    mend:
                        "Say how it follows the one before: `next`, `followedBy` or `followedByAny`"
                ))
        }
        return problems
    }

    private func names() -> [PatternProblem] {
        Dictionary(grouping: stages, by: \.name).filter { $0.value.count > 1 }.keys.sorted().map {
            PatternProblem(
                "two stages are named '\($0)'",
                mend: "Give each stage a name of its own; a match is read by them")
        }
    }

    private func problems(of stage: PatternStage<Element>) -> [PatternProblem] {
        var problems: [PatternProblem] = []
        if stage.most < 1 || stage.least < 1 || stage.least > stage.most {
            let range =
                stage.least == stage.most ? "\(stage.least)" : "\(stage.least)...\(stage.most)"
            problems.append(
                PatternProblem(
                    "stage '\(stage.name)' is to take records \(range) times",
                    mend: "Give a number of at least 1, or say `optional()` of the stage"))
        }
        if stage.most == 1 {
            let needless = [
                (stage.until != nil, "until"), (stage.innerContiguity == .strict, "consecutive"),
                (stage.innerContiguity == .any, "allowingCombinations"),
                (stage.isGreedy && !stage.isOptional, "greedy"),
            ]
            for (isSaid, modifier) in needless where isSaid {
                problems.append(
                    PatternProblem(
                        "`\(modifier)` is said of stage '\(stage.name)', which does not repeat",
                        mend: "Say `oneOrMore()` or `times(…)` of the stage, or remove it"))
            }
        }
        return problems
    }

    private func negatives() -> [PatternProblem] {
        zip(stages, stages.dropFirst()).filter { $0.isOptional && $1.isNegative }.map {
            PatternProblem(
                "the negative stage '\($1.name)' comes after '\($0.name)', which may be left out",
                mend:
                    "Put a stage between them that takes records, or make '\($0.name)' not optional"
            )
        }
    }

    private func wholePattern() -> [PatternProblem] {
        var problems: [PatternProblem] = []
        let trailing = stages.reversed().prefix { $0.isNegative }
        if span == nil, let last = trailing.first(where: { $0.contiguity == .relaxed }) {
            problems.append(
                PatternProblem(
                    "the pattern ends with `notFollowedBy` ('\(last.name)') and would never be complete",
                    mend: "Limit it with `within`: the match is complete when the span is over"))
        }
        if let span, span.wholeMicroseconds <= 0 {
            problems.append(
                PatternProblem(
                    "`within` allows \(span.spelledOut)",
                    mend: "Give a span of at least a microsecond, such as `.minutes(5)`"))
        }
        if let name = skip.stageName, !stages.contains(where: { $0.name == name && !$0.isNegative })
        {
            problems.append(
                PatternProblem(
                    "`afterMatch` skips to '\(name)', which is no stage that takes records",
                    mend: "Name one of \(namesOfTakers)"))
        }
        if stages.count > Self.stagesMax {
            problems.append(
                PatternProblem(
                    "the pattern has \(stages.count) stages, more than \(Self.stagesMax)",
                    mend:
                        "Split it into two patterns, and match the second on the results of the first"
                ))
        }
        return problems
    }

    private var namesOfTakers: String {
        stages.filter { !$0.isNegative }.map { "'\($0.name)'" }.joined(separator: ", ")
    }
}
