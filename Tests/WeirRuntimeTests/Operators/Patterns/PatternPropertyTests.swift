import Foundation
import Testing
import WeirCore
import WeirRuntime
import WeirState
import WeirTesting

/// A random pattern over random records of a few keys, which come out of order, some of them late.
private struct PatternCase {
    let recipe: PatternRecipe
    let input: [Emission<Event>]
    let batchSize: Int
    let refusal: Refusal

    init(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        recipe = .random(using: &random)
        batchSize = [1, 3, 1_024][Int.random(in: 0...2, using: &random)]
        refusal = Refusal.allCases[Int.random(in: 0..<3, using: &random)]
        var input: [Emission<Event>] = []
        var now: Int64 = 0
        var watermark: Int64 = -100
        let keys = Int.random(in: 1...3, using: &random)
        for number in 0..<Int.random(in: 1...(5 * keys), using: &random) {
            now += .random(in: 0...3, using: &random)
            let time = now - Int64.random(in: 0...2, using: &random)
            let event = Event(
                .random(in: 0..<keys, using: &random),
                number * 4 + .random(in: 0...3, using: &random), at: time)
            input.append(.record(event, at: event.at))
            if Int.random(in: 0..<4, using: &random) == 0 {
                watermark = max(watermark, now - .random(in: 0...4, using: &random))
                input.append(.watermark(Timestamp(microseconds: watermark)))
            }
        }
        self.input = input + [.end]
    }

    /// The records of each key that are not late, in the order of their times.
    var records: [Int: [Event]] {
        var watermark = Timestamp.earliest
        var kept: [Int: [Event]] = [:]
        for item in input {
            switch item {
            case .signal(.watermark(let time)): watermark = max(watermark, time)
            case .record(let event, let time) where time > watermark:
                kept[event.key, default: []].append(event)
            case .record, .signal: break
            }
        }
        return kept.mapValues { events in
            events.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
                .map(\.element)
        }
    }
}

/// A match as text, with the records' values, stages and the time of the result.
private func text(_ match: PatternMatch<Event>) -> String {
    match.stages.map { "\($0.name):\($0.records.map(\.value))" }.joined(separator: " ")
}

@Suite struct `Any pattern` {
    private static let count =
        UInt64(ProcessInfo.processInfo.environment["WEIR_PROPERTY_CASES"] ?? "") ?? 8_000

    @Test(arguments: 0..<16 as Range<UInt64>)
    func `finds what a naive matcher does, in the same order`(part: UInt64) throws {
        var total = (matches: 0, timeouts: 0, late: 0)
        for seed in stride(from: part, to: Self.count, by: 16) {
            let outcome = try check(seed)
            total = (
                total.matches + outcome.0, total.timeouts + outcome.1, total.late + outcome.2
            )
        }
        #expect(total.matches > 20 && total.timeouts > 5 && total.late > 5, "\(total)")
    }

    private func check(_ seed: UInt64) throws -> (Int, Int, Int) {
        let test = PatternCase(seed: seed)
        let pattern = test.recipe.pattern
        try #require(pattern.problems == [], "seed \(seed): \(test.recipe)")
        let timeouts = OutputProbe<TimedOutMatch<Int, Event>>(refusing: test.refusal)
        let automaton = PatternAutomaton(pattern, partialMatchesMax: 10_000)
        let harness = try StepHarness<Event, KeyedMatch>(
            .forTesting(batchSize: test.batchSize), refusing: test.refusal
        ) { context, next in
            patternStep(
                context, into: next, late: nil, timedOut: timeouts.step, automaton,
                keyOf: { $0.key }, result: { KeyedMatch(key: $0, match: $1) })
        }
        for item in test.input {
            switch item {
            case .record(let event, let time): try harness.send(event, at: time)
            case .signal(let signal): try harness.send(signal)
            }
            try checkBalance(harness.context.counters, seed)
        }
        #expect(harness.context.state.entries.isEmpty, "seed \(seed)")
        let counters = harness.context.counters
        #expect(counters.held.current == 0, "seed \(seed)")

        var expectedPassed = 0
        for (key, events) in test.records {
            let model = NaivePatternMatcher(test.recipe, events).results()
            let stages = test.recipe.stages.filter { !$0.isNegative }.map(\.name)
            let expected = model.matches.map { describe($0, events, stages) }
            let isSkipping = test.recipe.skip != .noSkip
            let found = harness.emissions.compactMap { emission -> String? in
                guard case .record(let output, let time) = emission, output.key == key else {
                    return nil
                }
                // With skipping, a match may have waited, and its result is later than it.
                if isSkipping, let end = output.match.end { #expect(time >= end) }
                return text(output.match) + (isSkipping ? "" : " @\(time.microseconds)")
            }
            #expect(
                found
                    == expected.map { isSkipping ? String($0.prefix { $0 != "@" }.dropLast()) : $0 },
                "seed \(seed), key \(key): \(test.recipe) in \(events)")
            var inResults = Set(model.matches.flatMap { $0.takes.map(\.event) })
            if isSkipping {
                expectedPassed = -1
            } else {
                let expectedTimeouts = model.timedOut.map { describe($0, events, stages) }
                let foundTimeouts = timeouts.emissions.compactMap { emission -> String? in
                    guard case .record(let output, let time) = emission, output.key == key else {
                        return nil
                    }
                    return text(output.match) + " @\(time.microseconds)"
                }
                #expect(
                    foundTimeouts == expectedTimeouts,
                    "timeouts, seed \(seed), key \(key): \(test.recipe) in \(events)")
                inResults.formUnion(model.timedOut.flatMap { $0.takes.map(\.event) })
                if expectedPassed >= 0 { expectedPassed += inResults.count }
            }
        }
        if expectedPassed >= 0 {
            #expect(counters.passed.current == expectedPassed, "seed \(seed)")
        }
        return (harness.records.count, timeouts.records.count, counters.late.current)
    }

    private func describe(
        _ found: NaivePatternMatcher.Found, _ events: [Event], _ stages: [String]
    ) -> String {
        let match = PatternMatch(
            stageNames: stages,
            found.takes.map { .init(events[$0.event], at: events[$0.event].at, stage: $0.stage) })
        return text(match) + " @\(found.time.microseconds)"
    }

    private func checkBalance(_ counters: OperatorCounters, _ seed: UInt64) throws {
        let accounted =
            counters.passed.current + counters.filtered.current + counters.late.current
            + counters.held.current
        #expect(counters.received.current == accounted, "seed \(seed)")
    }

    @Test(arguments: seeds(60))
    func `finds the same through the ordeal`(seed: UInt64) throws {
        let test = PatternCase(seed: seed)
        let automaton = PatternAutomaton(test.recipe.pattern, partialMatchesMax: 10_000)
        try verify(test.input) { (context, next: Step<String>) in
            patternStep(
                context, into: next, late: nil, timedOut: nil, automaton, keyOf: { $0.key },
                result: { "\($0) \($1)" })
        }
    }
}

private struct KeyedMatch: Equatable {
    var key: Int
    var match: PatternMatch<Event>
}
