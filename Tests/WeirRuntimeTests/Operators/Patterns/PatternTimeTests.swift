import Testing
import WeirCore
import WeirRuntime
import WeirTesting

private func time(_ microseconds: Int64) -> Timestamp { Timestamp(microseconds: microseconds) }

private func input(_ text: String) -> [Emission<Letter>] {
    Letter.all(text).map { .record($0, at: $0.at) }
}

@Suite struct `Patterns and time` {
    private let pair = pattern.begin("a").followedBy("b")

    @Test
    func `a match is complete when the watermark has passed its last record, before the mark`()
        throws
    {
        let found = try verify(
            input("a@1 b@4") + [.watermark(time(3)), .watermark(time(4)), .end], matching(pair))
        #expect(
            found == [.watermark(time(3)), .record("a b", at: time(4)), .watermark(time(4)), .end])
    }

    @Test func `records count in the order of their times, and equal times in that of arrival`()
        throws
    {
        #expect(try found(pair, in: "b@4 a@1") == ["a b"])
        #expect(try found(pair, in: "b1@4 a@4 b2@4") == ["a b2"])
    }

    @Test func `records with equal times are put in order by the pattern where it says how`() throws
    {
        let ordered = pair.orderingTies { $0.name < $1.name }
        #expect(try found(ordered, in: "b1@4 a@4 b2@4") == ["a b1"])
    }

    @Test func `a record at the first one's time plus the span is outside`() throws {
        let within = pair.within(.microseconds(10))
        #expect(try found(within, in: "a@5 b@14") == ["a b"])
        #expect(try found(within, in: "a@5 b@15") == [])
        #expect(try found(within, in: "a@-5 b@4") == ["a b"])
        #expect(
            try found(pair.within(.microseconds(20)).within(.microseconds(10)), in: "a@5 b@15")
                == [])
    }

    @Test func `notFollowedBy at the end is complete when the span is over`() throws {
        let alone = pattern.begin("a").notFollowedBy("b").within(.microseconds(10))
        let output = try verify(
            input("a1@0 x@9 a2@10 b@19 a3@30") + [
                .watermark(time(8)), .watermark(time(9)), .watermark(time(38)), .end,
            ], matching(alone))
        #expect(
            output == [
                .watermark(time(8)), .record("a1", at: time(9)), .watermark(time(9)),
                .watermark(time(38)), .record("a3", at: time(39)), .end,
            ])
        #expect(try found(alone, in: "a@0 b@10") == ["a"])
    }

    @Test func `notFollowedBy at the end completes each length of a stage that repeats`() throws {
        let alone = pattern.begin("a").next("b").oneOrMore().notFollowedBy("c")
            .within(.microseconds(10))
        #expect(try found(alone, in: "a b1 b2 x@20") == ["a b1", "a b1 b2"])
        #expect(try found(alone, in: "a b1 b2 c") == [])
    }

    @Test func `a partial match that runs out of time goes to its side output`() throws {
        for refusal in Refusal.allCases {
            let late = OutputProbe<TimedOutMatch<Int, Letter>>(refusing: refusal)
            let three = pair.followedBy("c").within(.microseconds(10))
            let harness = try StepHarness(
                .forTesting(batchSize: 1), refusing: refusal, matching(three, timedOut: late.step))
            for letter in Letter.all("a1@0 b1@2 a2@4 x@9") {
                try harness.send(letter, at: letter.at)
            }
            try harness.advanceWatermark(to: time(8))
            #expect(late.records.isEmpty)
            try harness.advanceWatermark(to: time(9))
            #expect(late.records.map { names($0.match) } == ["a1 b1"])
            try harness.send(.end)
            #expect(late.records.map { names($0.match) } == ["a1 b1", "a2"])
            #expect(
                late.emissions.compactMap { emission -> Timestamp? in
                    guard case .record(_, let time) = emission else { return nil }
                    return time
                } == [time(9), time(13)])
            let counters = harness.context.counters
            #expect(counters.passed.current == 3 && counters.filtered.current == 1)
            #expect(counters.held.current == 0 && harness.context.state.entries.isEmpty)
        }
    }

    @Test func `a match that could have gone on does not run out of time`() throws {
        let late = OutputProbe<TimedOutMatch<Int, Letter>>()
        let open = pattern.begin("a").oneOrMore().within(.microseconds(10))
        let harness = try StepHarness(.forTesting(), matching(open, timedOut: late.step))
        for letter in Letter.all("a1 a2") { try harness.send(letter, at: letter.at) }
        try harness.send(.end)
        #expect(harness.records == ["a1", "a1 a2", "a2"] && late.records.isEmpty)
    }

    @Test(arguments: Refusal.allCases)
    func `records behind the watermark go to the late output, and are counted`(refusal: Refusal)
        throws
    {
        let late = OutputProbe<Letter>(refusing: refusal)
        let harness = try StepHarness(
            .forTesting(), refusing: refusal, matching(pair, late: late.step))
        try harness.advanceWatermark(to: time(10))
        let letters = Letter.all("a1@10 a2@11 b1@9 b2@12")
        try harness.send(letters.map { ($0, at: $0.at) })
        try harness.send(.end)
        #expect(late.records == [letters[0], letters[2]])
        #expect(harness.records == ["a2 b2"])
        let counters = harness.context.counters
        #expect(counters.late.current == 2 && counters.received.current == 4)
        #expect(counters.passed.current == 2 && counters.held.current == 0)
    }

    @Test func `a result held back is no older than the watermark that went before it`() throws {
        let skipping = pattern.begin("first") { $0.is("a") || $0.is("b") }
            .followedBy("c") { record, match in
                record.is("c") && match.first("first")?.is("b") == true
            }
            .afterMatch(.skipPastLastEvent)
        let output = try verify(
            input("a b c") + [.watermark(time(20)), .end], matching(skipping))
        #expect(output == [.watermark(time(20)), .record("b c", at: time(21)), .end])
    }

    @Test func `times at the ends of the calendar do not overflow`() throws {
        let within = pair.within(.hours(1))
        let latest = Timestamp.latest.advanced(byMicroseconds: -1)
        let output = try verify(
            [
                .record(Letter("a", at: .min + 1), at: .earliest.advanced(byMicroseconds: 1)),
                .record(Letter("b", at: .min + 2), at: .earliest.advanced(byMicroseconds: 2)),
                .record(Letter("a2", at: .max - 2), at: latest.advanced(byMicroseconds: -1)),
                .record(Letter("b2", at: .max - 1), at: latest), .end,
            ], matching(within))
        #expect(output.compactMap(\.record) == ["a b", "a2 b2"])
    }
}

@Suite struct `The state of a pattern` {
    @Test func `is gone when matches are complete, broken or out of time`() throws {
        let pair = pattern.begin("a").followedBy("b").within(.microseconds(10))
        for text in ["a b", "a x", "x y", "a a b"] {
            let harness = try StepHarness(.forTesting(), matching(pair))
            for letter in Letter.all(text) { try harness.send(letter, at: letter.at) }
            #expect(harness.context.counters.held.current > 0)
            #expect(harness.context.state.entries.count == 1)
            try harness.advanceWatermark(to: time(30))
            #expect(harness.context.state.entries.isEmpty, "\(text)")
            #expect(harness.context.counters.held.current == 0, "\(text)")
        }
        let strict = try StepHarness(.forTesting(), matching(pattern.begin("a").next("b")))
        for letter in Letter.all("a x") { try strict.send(letter, at: letter.at) }
        try strict.advanceWatermark(to: time(1))
        #expect(strict.context.state.entries.isEmpty)
    }

    @Test func `stays while a partial match has no limit of time, and goes at the end`() throws {
        let harness = try StepHarness(.forTesting(), matching(pattern.begin("a").followedBy("b")))
        for letter in Letter.all("a x y z") { try harness.send(letter, at: letter.at) }
        try harness.advanceWatermark(to: time(1_000_000))
        #expect(harness.context.state.entries.map(\.value) == ["1 records, 1 partial matches"])
        #expect(harness.context.counters.held.current == 1)
        #expect(harness.context.counters.filtered.current == 3)
        try harness.send(.end)
        #expect(harness.context.state.entries.isEmpty && harness.context.counters.held.current == 0)
        #expect(harness.context.counters.filtered.current == 4)
    }

    @Test func `does not grow with keys that come and go`() throws {
        let pair = pattern.begin("a").followedBy("b").within(.microseconds(10))
        let harness = try StepHarness(.forTesting(), matching(pair))
        var keysMax = 0
        for round in 0..<400 as Range<Int64> {
            let records = (0..<20).map { number in
                let letter = Letter(
                    "a", key: Int(round) * 20 + number, at: round * 5 + Int64(number % 5))
                return (letter, at: letter.at)
            }
            try harness.send(records)
            try harness.advanceWatermark(to: time(round * 5 + 4))
            keysMax = max(keysMax, harness.context.state.entries.count)
        }
        #expect(keysMax <= 60)
        #expect(harness.context.counters.held.current <= 60)
    }

    @Test func `keeps to a limit of partial matches, and says whose and how to mend it`() throws {
        let any = pattern.begin("a").oneOrMore().allowingCombinations().followedBy("b")
        let harness = try StepHarness(.forTesting(), matching(any, partialMatchesMax: 100))
        for letter in Letter.all("a1 a2 a3 a4 a5 a6 a7", key: 42) {
            try harness.send(letter, at: letter.at)
        }
        let error = #expect(throws: OperatorFailure.self) { try harness.send(.end) }
        #expect(
            error?.description == """
                job 'test', operator 'step', subtask 0: the key '42' has more than 100 partial matches, \
                most of them waiting behind stage 'a'. Bound the pattern with `within` or `until`, use \
                `followedBy` instead of `followedByAny` and no `allowingCombinations`, skip with \
                `afterMatch`, or raise `partialMatchesMax`.
                """)
    }
}
