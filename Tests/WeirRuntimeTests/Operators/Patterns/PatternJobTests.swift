import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirTesting

@Suite struct `A job with a pattern` {
    private static func records(seed: UInt64) -> [[Event]] {
        var random = SeededGenerator(seed: seed)
        return (0..<3).map { split in
            (0..<120).map { number in
                // No two records of a key at one time, so that their order is that of time.
                Event(
                    .random(in: 0...11, using: &random), .random(in: 0...3, using: &random),
                    at: Int64(number * 3 + split))
            }
        }
    }

    private func runJob(parallelism: Int, seed: UInt64) throws -> ([String], [String], JobSummary) {
        let rising = Pattern<Event>()
            .begin("low") { $0.value == 0 }.times(1...2)
            .followedBy("high") { $0.value == 3 }
            .notFollowedBy("again") { $0.value == 0 }
            .followedBy("middle") { $0.value == 1 }
            .within(.microseconds(150))
        let matches = TestSink<String>()
        let timeouts = TestSink<String>()
        let plan = try plan(parallelism: parallelism) { job in
            job.source(TestSource(splits: Self.records(seed: 1)), as: "events")
                .watermarked(.boundedOutOfOrderness(.microseconds(10))) { $0.at }
                .keyed(by: \.key)
                .matched(
                    rising, late: .drop,
                    timedOut: .sideOutput {
                        $0.map { "\($0.key) \($0.match)" }.sink(to: timeouts, as: "timeouts")
                    }, as: "rising"
                ) { key, match in "\(key) \(match)" }
                .sink(to: matches, as: "matches")
        }
        let summary = try run(plan, seed: seed)
        return (matches.records.sorted(), timeouts.records.sorted(), summary)
    }

    @Test func `finds the same at any parallelism, and its ledger balances`() throws {
        let (matches, timeouts, _) = try runJob(parallelism: 1, seed: 0)
        #expect(matches.count > 10 && timeouts.count > 10)
        for parallelism in [1, 2, 7] {
            for seed in 1...3 as ClosedRange<UInt64> {
                let found = try runJob(parallelism: parallelism, seed: seed)
                #expect(found.0 == matches && found.1 == timeouts, "P \(parallelism)")
                let ledger = found.2.ledger
                #expect(ledger.imbalances == [])
                let counts = ledger.operators.first { $0.name == "rising" }?.counts
                #expect(counts?.received == 360 && counts?.held == 0 && counts?.late == 0)
                #expect(counts?.emitted == matches.count)
            }
        }
    }

    @Test func `shows its pattern in the plan`() throws {
        let text = Pattern<Event>()
            .begin("a") { $0.value == 1 }.times(3...)
            .next("b") { $0.value == 2 }.optional()
            .notFollowedBy("c") { $0.value == 3 }
            .followedByAny("d") { $0.value == 4 }.times(2...4)
            .within(.minutes(5)).description
        #expect(
            text
                == "a × 3 or more, next optional b, not followed by c, followed by any d × 2 to 4, "
                + "within 5 min")
    }
}

@Suite struct `Validation of a pattern` {
    private func problems(
        _ pattern: Pattern<Event>, timedOut: Bool = false, partialMatchesMax: Int = 10,
        isMarked: Bool = true
    ) throws -> [String] {
        let job = JobBuilder(name: "test")
        var stream = job.source(TestSource(splits: [[Event]()]), as: "events")
        if isMarked { stream = stream.watermarked(.monotonous) { $0.at } }
        stream.keyed(by: \.key)
            .matched(
                pattern, late: .drop,
                timedOut: timedOut
                    ? .sideOutput { $0.sink(to: TestSink(), as: "timeouts") } : .drop,
                partialMatchesMax: partialMatchesMax, as: "found"
            ) { $1.count }
            .sink(to: TestSink(), as: "sink")
        do {
            _ = try job.graph.validated()
            return []
        } catch { return error.problems.map { "\($0)" } }
    }

    private let start = Pattern<Event>().begin("a") { _ in true }

    @Test func `passes one that is sound`() throws {
        #expect(try problems(start.within(.seconds(1)), timedOut: true) == [])
    }

    @Test func `names what is wrong and the mend`() throws {
        #expect(
            try problems(Pattern()) == [
                "operator 'found': the pattern has no stages. Start it with `.begin(\"name\") { … }`."
            ])
        #expect(
            try problems(Pattern().optional().begin("a") { _ in true }) == [
                "operator 'found': `optional` comes before the pattern's first stage. Put it behind the "
                    + "stage that it is for, such as `.begin(…) { … }.optional(…)`."
            ])
        #expect(
            try problems(Pattern().next("a") { _ in true }) == [
                "operator 'found': the pattern's first stage, 'a', follows nothing. Start the pattern "
                    + "with `.begin(\"name\") { … }`."
            ])
        #expect(
            try problems(start.next("a") { _ in true }) == [
                "operator 'found': two stages are named 'a'. Give each stage a name of its own; a match "
                    + "is read by them."
            ])
        #expect(
            try problems(start.begin("b") { _ in true }) == [
                "operator 'found': `begin` of 'b' is not the pattern's first stage. Say how it follows "
                    + "the one before: `next`, `followedBy` or `followedByAny`."
            ])
    }

    @Test func `rejects impossible numbers of records`() throws {
        for (times, said) in [(start.times(0), "0"), (start.times(-1), "-1")] {
            #expect(
                try problems(times) == [
                    "operator 'found': stage 'a' is to take records \(said) times. Give a number of at "
                        + "least 1, or say `optional()` of the stage."
                ])
        }
        #expect(
            try problems(start.greedy()) == [
                "operator 'found': `greedy` is said of stage 'a', which does not repeat. Say "
                    + "`oneOrMore()` or `times(…)` of the stage, or remove it."
            ])
    }

    @Test func `rejects negative stages where they make no sense`() throws {
        let end = start.notFollowedBy("b") { _ in true }
        #expect(
            try problems(end) == [
                "operator 'found': the pattern ends with `notFollowedBy` ('b') and would never be "
                    + "complete. Limit it with `within`: the match is complete when the span is over."
            ])
        #expect(try problems(end.within(.seconds(1))) == [])
        #expect(
            try problems(start.optional().notNext("b") { _ in true }.next("c") { _ in true }) == [
                "operator 'found': the negative stage 'b' comes after 'a', which may be left out. Put a "
                    + "stage between them that takes records, or make 'a' not optional."
            ])
        #expect(
            try problems(end.times(2).within(.seconds(1))) == [
                "operator 'found': `times` is said of the negative stage 'b', which takes no records. "
                    + "Put it behind a stage that takes records, or remove it."
            ])
    }

    @Test func `rejects limits and skips that cannot be kept`() throws {
        #expect(
            try problems(start.within(.zero)) == [
                "operator 'found': `within` allows 0 s. Give a span of at least a microsecond, such as "
                    + "`.minutes(5)`."
            ])
        #expect(
            try problems(start.afterMatch(.skipToLast(of: "z"))) == [
                "operator 'found': `afterMatch` skips to 'z', which is no stage that takes records. "
                    + "Name one of 'a'."
            ])
        #expect(
            try problems(start, timedOut: true) == [
                "operator 'found': no partial match of its pattern can run out of time. Limit the "
                    + "pattern with `within`, or leave `timedOut` out."
            ])
        #expect(
            try problems(start, partialMatchesMax: 0) == [
                "operator 'found': a key may have 0 partial matches. Give `partialMatchesMax` room for "
                    + "at least one."
            ])
        let long = (1...64).reduce(start) { pattern, number in
            pattern.next("\(number)") { _ in true }
        }
        #expect(
            try problems(long) == [
                "operator 'found': the pattern has 65 stages, more than 64. Split it into two patterns, "
                    + "and match the second on the results of the first."
            ])
    }

    @Test func `asks for watermarks`() throws {
        #expect(
            try problems(start, isMarked: false) == [
                "operator 'found': it would never find a match: records from 'events' reach it without "
                    + "watermarks. Put `.watermarked(.boundedOutOfOrderness(…)) { $0.time }` between "
                    + "'events' and 'found'."
            ])
    }
}
