import WeirCore
import WeirTesting

/// A condition of the property tests: which letters, and for some, which sums with what went before.
struct ConditionRecipe: CustomStringConvertible {
    var letters: Set<Int>
    /// Where it is set, the values taken before and that of the record must not add up to this, modulo 3.
    var forbiddenSum: Int?

    func holds(_ event: Event, _ earlier: [Event]) -> Bool {
        guard letters.contains(event.value & 3) else { return false }
        guard let forbiddenSum else { return true }
        return earlier.reduce(event.value) { $0 + $1.value } % 3 != forbiddenSum
    }

    static func random(using random: inout SeededGenerator) -> ConditionRecipe {
        var letters: Set<Int> = [.random(in: 0...3, using: &random)]
        if Int.random(in: 0..<3, using: &random) == 0 {
            letters.insert(.random(in: 0...3, using: &random))
        }
        let forbidden = Int.random(in: 0...8, using: &random)
        return ConditionRecipe(letters: letters, forbiddenSum: forbidden < 3 ? forbidden : nil)
    }

    var description: String { "\(letters.sorted())" + (forbiddenSum.map { "/\($0)" } ?? "") }
}

/// A stage of a random pattern.
struct StageRecipe: CustomStringConvertible {
    var name: String
    var link: Contiguity
    var isNegative = false
    var condition: ConditionRecipe
    var least = 1
    var most = 1
    var isOptional = false
    var isGreedy = false
    var inner = Contiguity.relaxed
    var until: ConditionRecipe?

    var description: String {
        "\(isNegative ? "not " : "")\(link) \(name)\(condition){\(least),\(most)}"
            + (isOptional ? "?" : "") + (isGreedy ? " greedy" : "") + " \(inner)"
            + (until.map { " until \($0)" } ?? "")
    }
}

/// A random pattern.
struct PatternRecipe: CustomStringConvertible {
    var stages: [StageRecipe]
    var span: Int64?
    var skip: AfterMatchSkip

    var description: String { "\(stages), span \(span ?? 0), \(skip)" }

    static func random(using random: inout SeededGenerator) -> PatternRecipe {
        var stages: [StageRecipe] = []
        for number in 0..<Int.random(in: 1...4, using: &random) {
            stages.append(stage(number, after: stages.last, using: &random))
        }
        let endsNegative = stages.reversed().prefix { $0.isNegative }.contains {
            $0.link == .relaxed
        }
        let hasSpan = endsNegative || Bool.random(using: &random)
        let named = stages.filter { !$0.isNegative }.randomElement(using: &random)?.name ?? ""
        let skips: [AfterMatchSkip] = [
            .noSkip, .noSkip, .noSkip, .skipToNext, .skipPastLastEvent, .skipToFirst(of: named),
            .skipToLast(of: named),
        ]
        return PatternRecipe(
            stages: stages, span: hasSpan ? .random(in: 1...12, using: &random) : nil,
            skip: skips[Int.random(in: 0..<skips.count, using: &random)])
    }

    private static func stage(
        _ number: Int, after last: StageRecipe?, using random: inout SeededGenerator
    ) -> StageRecipe {
        let links: [Contiguity] = [.strict, .relaxed, .any]
        var stage = StageRecipe(
            name: "s\(number)",
            link: last == nil ? .start : links[.random(in: 0...2, using: &random)],
            condition: .random(using: &random))
        if let last, !last.isOptional, Int.random(in: 0..<4, using: &random) == 0 {
            stage.isNegative = true
            if stage.link == .any { stage.link = .relaxed }
            return stage
        }
        stage.isOptional = Int.random(in: 0..<4, using: &random) == 0
        stage.isGreedy = stage.isOptional && Int.random(in: 0..<4, using: &random) == 0
        if Bool.random(using: &random) {
            stage.least = .random(in: 1...3, using: &random)
            stage.most =
                Bool.random(using: &random)
                ? .max : max(2, stage.least + .random(in: 0...1, using: &random))
            stage.isGreedy = Int.random(in: 0..<3, using: &random) == 0
            stage.inner = links[.random(in: 0...2, using: &random)]
            if Int.random(in: 0..<4, using: &random) == 0 { stage.until = .random(using: &random) }
        }
        return stage
    }

    /// The pattern, through the methods that a job uses.
    var pattern: Pattern<Event> {
        var pattern = stages.reduce(Pattern<Event>(), Self.add)
        if let span { pattern = pattern.within(.microseconds(span)) }
        return pattern.afterMatch(skip)
    }

    private static func add(_ pattern: Pattern<Event>, _ stage: StageRecipe) -> Pattern<Event> {
        var pattern = named(pattern, stage)
        guard !stage.isNegative else { return pattern }
        if stage.most == .max {
            pattern = pattern.times(stage.least...)
        } else if stage.most > 1 {
            pattern = pattern.times(stage.least...stage.most)
        }
        if stage.isOptional { pattern = pattern.optional() }
        if stage.isGreedy { pattern = pattern.greedy() }
        if stage.inner == .strict { pattern = pattern.consecutive() }
        if stage.inner == .any { pattern = pattern.allowingCombinations() }
        if let until = stage.until {
            pattern = pattern.until { until.holds($0, $1.records) }
        }
        return pattern
    }

    private static func named(_ pattern: Pattern<Event>, _ stage: StageRecipe) -> Pattern<Event> {
        let condition = stage.condition
        if condition.forbiddenSum == nil {
            let simple: @Sendable (Event) -> Bool = { condition.holds($0, []) }
            switch (stage.link, stage.isNegative) {
            case (.start, _): return pattern.begin(stage.name, where: simple)
            case (.strict, false): return pattern.next(stage.name, where: simple)
            case (.strict, true): return pattern.notNext(stage.name, where: simple)
            case (.relaxed, false): return pattern.followedBy(stage.name, where: simple)
            case (.relaxed, true): return pattern.notFollowedBy(stage.name, where: simple)
            case (.any, _): return pattern.followedByAny(stage.name, where: simple)
            }
        }
        let iterative: @Sendable (Event, PatternMatch<Event>) -> Bool = {
            condition.holds($0, $1.records)
        }
        switch (stage.link, stage.isNegative) {
        case (.start, _): return pattern.begin(stage.name, where: iterative)
        case (.strict, false): return pattern.next(stage.name, where: iterative)
        case (.strict, true): return pattern.notNext(stage.name, where: iterative)
        case (.relaxed, false): return pattern.followedBy(stage.name, where: iterative)
        case (.relaxed, true): return pattern.notFollowedBy(stage.name, where: iterative)
        case (.any, _): return pattern.followedByAny(stage.name, where: iterative)
        }
    }
}

/// Finds a pattern in the records of one key by trying all ways to give them to stages, and keeping
/// those that obey each of the documented rules; it has no automaton and no state.
struct NaivePatternMatcher {
    /// A record, by its place among those of the key, and the stage that took it.
    struct Take: Hashable {
        var event: Int
        var stage: Int
    }

    /// A way to give records to stages, and when it is complete: a place among the records, and ahead of
    /// one, that of a deadline.
    struct Found {
        var takes: [Take]
        var moment: Int
        var time: Timestamp
    }

    private struct Stage {
        var recipe: StageRecipe
        var notNext: [ConditionRecipe] = []
        var notFollowedBy: [ConditionRecipe] = []
    }

    private let recipe: PatternRecipe
    private let stages: [Stage]
    private let events: [Event]

    /// - Parameter events: All records of a key, in their order.
    init(_ recipe: PatternRecipe, _ events: [Event]) {
        self.recipe = recipe
        self.events = events
        stages = recipe.stages.reduce(into: []) { stages, stage in
            if !stage.isNegative {
                stages.append(Stage(recipe: stage))
            } else if stage.link == .strict {
                stages[stages.count - 1].notNext.append(stage.condition)
            } else {
                stages[stages.count - 1].notFollowedBy.append(stage.condition)
            }
        }
    }

    /// The matches, in the order in which they come, and the partial matches that run out of time.
    func results() -> (matches: [Found], timedOut: [Found]) {
        var matches: [Found] = []
        var timedOut: [Found] = []
        for takes in assignments() {
            if let match = completion(of: takes) {
                matches.append(match)
            } else if let late = timeout(of: takes) {
                timedOut.append(late)
            }
        }
        return (selected(matches), timedOut.sorted(by: isEarlier))
    }

    // MARK: - All ways to give records to stages

    private func assignments() -> [[Take]] {
        var all: [[Take]] = []
        func extend(_ takes: [Take]) {
            for event in ((takes.last?.event ?? -1) + 1)..<max(events.count, 0) {
                for stage in (takes.last?.stage ?? 0)..<stages.count {
                    let longer = takes + [Take(event: event, stage: stage)]
                    guard mayTake(longer) else { continue }
                    all.append(longer)
                    extend(longer)
                }
                if takes.isEmpty { continue }
            }
        }
        extend([])
        return all
    }

    /// Whether the last of the takes obeys all rules, given that those before do.
    private func mayTake(_ takes: [Take]) -> Bool {
        let before = Array(takes.dropLast())
        let take = takes[takes.count - 1]
        guard let first = before.first else { return mayStart(take) && !isStartHeldUp(take) }
        if let deadline = deadline(first), events[take.event].at >= deadline { return false }
        return mayFollow(before, take) && !isForbidden(before, through: take.event)
            && !isHeldUp(before, take)
    }

    // MARK: - The rules

    private func earlier(_ takes: [Take]) -> [Event] { takes.map { events[$0.event] } }

    private func satisfies(_ event: Int, _ condition: ConditionRecipe?, after takes: [Take]) -> Bool
    {
        condition?.holds(events[event], earlier(takes)) ?? false
    }

    private func count(_ takes: [Take]) -> Int { takes.count { $0.stage == takes.last?.stage } }

    private func mayBeLeftOut(_ stages: Range<Int>) -> Bool {
        stages.allSatisfy { self.stages[$0].recipe.isOptional }
    }

    private func deadline(_ first: Take) -> Timestamp? {
        recipe.span.map { events[first.event].at.advanced(byMicroseconds: $0) }
    }

    private func mayStart(_ take: Take) -> Bool {
        let stage = stages[take.stage].recipe
        return mayBeLeftOut(0..<take.stage) && satisfies(take.event, stage.condition, after: [])
            && !satisfies(take.event, stage.until, after: [])
    }

    /// A greedy stage at the beginning may not be left out where it could have taken the first record.
    private func isStartHeldUp(_ take: Take) -> Bool {
        (0..<take.stage).contains {
            stages[$0].recipe.isGreedy && mayStart(Take(event: take.event, stage: $0))
        }
    }

    /// Whether the number of records, the contiguity and the conditions allow a take.
    private func mayFollow(_ takes: [Take], _ take: Take) -> Bool {
        guard let last = takes.last else { return false }
        let stage = stages[take.stage].recipe
        let isInner = take.stage == last.stage
        if isInner {
            guard count(takes) < stage.most else { return false }
        } else {
            guard count(takes) >= stages[last.stage].recipe.least,
                mayBeLeftOut((last.stage + 1)..<take.stage)
            else { return false }
        }
        return satisfies(take.event, stage.condition, after: takes)
            && !satisfies(take.event, stage.until, after: takes)
            && mayWait(takes, for: take.stage, over: (last.event + 1)..<take.event)
    }

    /// Whether contiguity lets a stage take its next record behind a gap of such records.
    private func mayWait(_ takes: [Take], for target: Int, over gap: Range<Int>) -> Bool {
        let stage = stages[target].recipe
        let isInner = target == takes.last?.stage
        if isInner, gap.contains(where: { satisfies($0, stage.until, after: takes) }) {
            return false
        }
        switch isInner ? stage.inner : stage.link {
        case .strict, .start: return gap.isEmpty
        case .relaxed: return !gap.contains { satisfies($0, stage.condition, after: takes) }
        case .any: return true
        }
    }

    /// Whether a negative stage forbids to go on behind records up to `end`.
    private func isForbidden(_ takes: [Take], through end: Int) -> Bool {
        guard let last = takes.last, end > last.event else { return false }
        let stage = stages[last.stage]
        let next = last.event + 1
        if count(takes) >= stage.recipe.least,
            stage.notNext.contains(where: { satisfies(next, $0, after: takes) })
        {
            return true
        }
        return (next...end).contains { event in
            stage.notFollowedBy.contains { satisfies(event, $0, after: takes) }
        }
    }

    /// Whether a greedy stage that would be left, or left out, could have taken a record up to the one
    /// that the next stage takes.
    private func isHeldUp(_ takes: [Take], _ take: Take) -> Bool {
        guard let last = takes.last, take.stage > last.stage else { return false }
        return (last.stage..<take.stage).contains { stage in
            stages[stage].recipe.isGreedy
                && ((last.event + 1)...max(take.event, last.event + 1)).contains {
                    $0 <= take.event && mayFollow(takes, Take(event: $0, stage: stage))
                }
        }
    }

    // MARK: - Completion

    private func completion(of takes: [Take]) -> Found? {
        guard let last = takes.last, count(takes) >= stages[last.stage].recipe.least,
            mayBeLeftOut((last.stage + 1)..<stages.count)
        else { return nil }
        let stage = stages[last.stage]
        let isLast = last.stage == stages.count - 1
        if isLast, !stage.notFollowedBy.isEmpty { return completionByDeadline(takes) }
        if isLast, !stage.notNext.isEmpty { return completionByNext(takes) }
        return Found(takes: takes, moment: 2 * last.event, time: events[last.event].at)
    }

    private func completionByDeadline(_ takes: [Take]) -> Found? {
        guard let deadline = deadline(takes[0]) else { return nil }
        let end = events.firstIndex { $0.at >= deadline } ?? events.count
        guard !isForbidden(takes, through: end - 1) else { return nil }
        return Found(
            takes: takes, moment: 2 * end - 1, time: deadline.advanced(byMicroseconds: -1))
    }

    private func completionByNext(_ takes: [Take]) -> Found? {
        let next = takes[takes.count - 1].event + 1
        guard next < events.count, !isForbidden(takes, through: next) else { return nil }
        if let deadline = deadline(takes[0]), events[next].at >= deadline { return nil }
        return Found(takes: takes, moment: 2 * next, time: events[next].at)
    }

    /// The partial match, where it could still go on when its span is over.
    private func timeout(of takes: [Take]) -> Found? {
        guard let last = takes.last, let deadline = deadline(takes[0]) else { return nil }
        let end = events.firstIndex { $0.at >= deadline } ?? events.count
        guard !isForbidden(takes, through: end - 1) else { return nil }
        let gap = (last.event + 1)..<end
        let isOpen = (last.stage..<stages.count).contains { target in
            let isInner = target == last.stage
            let mayLead =
                isInner
                ? count(takes) < stages[target].recipe.most
                : count(takes) >= stages[last.stage].recipe.least
                    && mayBeLeftOut((last.stage + 1)..<target)
            guard mayLead, mayWait(takes, for: target, over: gap) else { return false }
            return gap.isEmpty || !isHeldUp(takes, Take(event: end - 1, stage: target))
        }
        let isWaiting =
            gap.isEmpty && last.stage == stages.count - 1 && !stages[last.stage].notNext.isEmpty
            && stages[last.stage].notFollowedBy.isEmpty
            && count(takes) >= stages[last.stage].recipe.least
        guard isOpen || isWaiting else { return nil }
        return Found(
            takes: takes, moment: 2 * end - 1, time: deadline.advanced(byMicroseconds: -1))
    }

    // MARK: - Order and skipping

    private func isEarlier(_ left: Found, _ right: Found) -> Bool {
        if left.moment != right.moment { return left.moment < right.moment }
        return isEarlierByPath(left, right)
    }

    private func isEarlierByPath(_ left: Found, _ right: Found) -> Bool {
        left.takes.lexicographicallyPrecedes(right.takes) {
            ($0.event, $0.stage) < ($1.event, $1.stage)
        }
    }

    /// With skipping, matches come in the order of their beginnings, and those that began before the
    /// place skipped to are left out.
    private func selected(_ matches: [Found]) -> [Found] {
        guard recipe.skip != .noSkip else { return matches.sorted(by: isEarlier) }
        let ordered = matches.sorted { left, right in
            let (one, other) = (left.takes[0].event, right.takes[0].event)
            return one != other ? one < other : isEarlier(left, right)
        }
        var threshold = 0
        return ordered.filter { match in
            guard match.takes[0].event >= threshold else { return false }
            threshold = max(threshold, place(after: match))
            return true
        }
    }

    private func place(after match: Found) -> Int {
        let named = { (name: String) in
            match.takes.filter { stages[$0.stage].recipe.name == name }.map(\.event)
        }
        return switch recipe.skip {
        case .noSkip: 0
        case .skipToNext: match.takes[0].event + 1
        case .skipPastLastEvent: match.takes[match.takes.count - 1].event + 1
        case .skipToFirst(let name): named(name).first ?? 0
        case .skipToLast(let name): named(name).last ?? 0
        }
    }
}
