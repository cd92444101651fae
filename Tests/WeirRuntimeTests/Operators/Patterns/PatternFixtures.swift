import WeirCore
import WeirRuntime
import WeirState
import WeirTesting

/// A record with a name, such as `a1`, whose first letter conditions ask for.
struct Letter: Hashable, Sendable, Codable, CustomStringConvertible {
    var key: Int
    var name: String
    var at: Timestamp

    init(_ name: String, key: Int = 0, at microseconds: Int64) {
        self.key = key
        self.name = name
        at = Timestamp(microseconds: microseconds)
    }

    func `is`(_ letter: String) -> Bool { name.hasPrefix(letter) }
    var number: Int { Int(name.drop { !$0.isNumber }) ?? 0 }
    var description: String { name }

    /// Records from text: `a1 c b1@7`, each a microsecond after the one before unless it says when.
    static func all(_ text: String, key: Int = 0) -> [Letter] {
        var now: Int64 = -1
        return text.split(separator: " ").map { word in
            let parts = word.split(separator: "@")
            now = parts.count > 1 ? Int64(parts[1]) ?? now : now + 1
            return Letter(String(parts[0]), key: key, at: now)
        }
    }
}

/// What a pattern operator puts out for a match: its records, by name.
func names(_ match: PatternMatch<Letter>) -> String {
    match.records.map(\.name).joined(separator: " ")
}

/// What the tests' pattern operators put out.
typealias LetterStep = (SubtaskContext, Step<String>) throws -> Step<Letter>

/// Makes the step that finds a pattern in letters, by key.
func matching(
    _ pattern: Pattern<Letter>, late: Step<Letter>? = nil,
    timedOut: Step<TimedOutMatch<Int, Letter>>? = nil, partialMatchesMax: Int = 10_000
) -> LetterStep {
    let automaton = PatternAutomaton(pattern, partialMatchesMax: partialMatchesMax)
    return { context, next in
        patternStep(
            context, into: next, late: late, timedOut: timedOut, automaton, keyOf: { $0.key }
        ) { _, match in names(match) }
    }
}

/// The matches of a pattern in one key's records, in the order in which they come, in every round of
/// the ordeal.
func found(_ pattern: Pattern<Letter>, in text: String) throws -> [String] {
    let input = Letter.all(text).map { Emission.record($0, at: $0.at) }
    return try verify(input + [.end], matching(pattern)).compactMap(\.record)
}

extension Pattern<Letter> {
    /// The stage whose name is the letter that its records begin with.
    func begin(_ letter: String) -> Self { begin(letter) { $0.is(letter) } }
    func next(_ letter: String) -> Self { next(letter) { $0.is(letter) } }
    func followedBy(_ letter: String) -> Self { followedBy(letter) { $0.is(letter) } }
    func followedByAny(_ letter: String) -> Self { followedByAny(letter) { $0.is(letter) } }
    func notNext(_ letter: String) -> Self { notNext("no \(letter)") { $0.is(letter) } }
    func notFollowedBy(_ letter: String) -> Self { notFollowedBy("no \(letter)") { $0.is(letter) } }
}

/// A pattern without stages.
let pattern = Pattern<Letter>()
