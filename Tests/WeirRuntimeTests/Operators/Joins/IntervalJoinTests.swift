import Testing
import WeirCore
import WeirGraph
import WeirState
import WeirTesting

@testable import WeirRuntime

private func rows(
    _ kind: IntervalJoinKind, _ interval: JoinInterval, _ inputs: [JoinScenario.Input]
) throws -> [String] {
    try JoinRun(inputs.toTheEnd) { context, next, late in
        let steps = joiningByInterval(kind, interval, context, next, late: late)
        return (steps.left, steps.right)
    }.rows.map(\.description)
}

@Suite struct `An interval join` {
    @Test func `includes both bounds`() throws {
        let found = try rows(
            .inner, micros(-5, 3),
            [left(1, 0, at: 10)] + [4, 5, 6, 12, 13, 14].map { right(1, Int($0), at: $0) })
        #expect(
            found == [
                "1:0@10 1:5@5 at 10", "1:0@10 1:6@6 at 10", "1:0@10 1:12@12 at 12",
                "1:0@10 1:13@13 at 13",
            ])
    }

    @Test func `leaves out the bounds that the job excludes`() throws {
        let rights = [4, 5, 6, 12, 13, 14].map { right(1, Int($0), at: $0) }
        let input = rights + [left(1, 0, at: 10)]
        let both = micros(-5, 3).excludingLowerBound.excludingUpperBound
        #expect(
            try rows(.inner, both, input) == ["1:0@10 1:6@6 at 10", "1:0@10 1:12@12 at 12"])
        let halfOpen: JoinInterval = .microseconds(-5) ..< .microseconds(3)
        #expect(
            try rows(.inner, halfOpen, input) == [
                "1:0@10 1:5@5 at 10", "1:0@10 1:6@6 at 10", "1:0@10 1:12@12 at 12",
            ])
        #expect(halfOpen == micros(-5, 3).excludingUpperBound)
        #expect((.microseconds(-5) ... .microseconds(3) as JoinInterval) == micros(-5, 3))
    }

    @Test func `joins what has one time where the interval is a point`() throws {
        let input = [left(1, 0, at: 7), right(1, 1, at: 6), right(1, 2, at: 7), right(1, 3, at: 8)]
        #expect(try rows(.inner, micros(0, 0), input) == ["1:0@7 1:2@7 at 7"])
    }

    @Test func `joins records before 1970 like all others`() throws {
        let input = [left(1, 0, at: -10), right(1, 1, at: -16), right(1, 2, at: -15)]
        #expect(try rows(.inner, micros(-5, 0), input) == ["1:0@-10 1:2@-15 at -10"])
    }

    @Test func `joins times at the ends of the range without overflow`() throws {
        let all = JoinInterval.between(.seconds(Int64.min), .seconds(Int64.max))
        // No interval is long enough for times from one end of the range to the other.
        let input = [
            left(1, 0, at: .min + 1), right(1, 1, at: -2), right(1, 2, at: .max - 1),
        ]
        #expect(try rows(.inner, all, input).count == 1)
        #expect(try rows(.full, micros(.min, .max), input).count == 2)
    }

    @Test func `puts out a lonely record when its last possible partner is due, with that time`()
        throws
    {
        let harness = try TwoPortHarness<Event, Event, JoinedPair>(.forTesting()) {
            let steps = joiningByInterval(.left, micros(-5, 3), $0, $1)
            return (steps.left, steps.right)
        }
        try harness.send(left(1, 0, at: 10))
        for input in watermark(12) { try harness.send(input) }
        #expect(harness.records == [])
        for input in watermark(13) { try harness.send(input) }
        #expect(
            harness.emissions.suffix(2) == [
                .record(JoinedPair(Event(1, 0, at: 10), nil), at: Timestamp(microseconds: 13)),
                .watermark(Timestamp(microseconds: 13)),
            ])
    }

    @Test func `gives a lonely record its own time where its partners would all be earlier`() throws
    {
        let input = watermark(8) + [left(1, 0, at: 10), left(1, 1, at: 20)]
        #expect(try rows(.left, micros(-5, -2), input) == ["1:0@10 - at 10", "1:1@20 - at 20"])
    }

    @Test func `waits for partners that are all later`() throws {
        let input =
            [left(1, 0, at: 10)] + watermark(11) + [right(1, 1, at: 12), right(1, 2, at: 15)]
            + watermark(14) + [right(1, 3, at: 16)]
        #expect(
            try rows(.full, micros(2, 5), input) == [
                "1:0@10 1:1@12 at 12", "1:0@10 1:2@15 at 15", "- 1:3@16 at 16",
            ])
    }

    @Test func `shows lonely records as its kind says`() throws {
        let input = [
            left(1, 0, at: 10), left(2, 1, at: 11), right(1, 2, at: 12), right(3, 3, at: 13),
        ]
        let found = try IntervalJoinKind.allCases.map { try rows($0, micros(-5, 5), input) }
        let (pair, left, right) = (
            "1:0@10 1:2@12 at 12", "2:1@11 - at 16", "- 3:3@13 at 18"
        )
        #expect(
            found == [
                [pair], [pair, left], [pair, right], [pair, left, right], ["1:0@10 - at 15"],
                [left],
            ])
    }

    @Test func `puts out a record of a semi join once, however many partners it has`() throws {
        let input = [left(1, 0, at: 10)] + (8...12).map { right(1, Int($0), at: $0) }
        #expect(try rows(.semi, micros(-5, 5), input) == ["1:0@10 - at 15"])
        #expect(try rows(.semi, micros(-5, 5), Array(input.reversed())) == ["1:0@10 - at 15"])
    }

    @Test func `puts out nothing where one side is empty, but for the lonely`() throws {
        let input = [left(1, 0, at: 10), left(1, 1, at: 10)]
        let lonely = ["1:0@10 - at 12", "1:1@10 - at 12"]
        let found = try IntervalJoinKind.allCases.map { try rows($0, micros(-2, 2), input) }
        #expect(found == [[], lonely, [], lonely, [], lonely])
    }

    @Test func `judges a record at the watermark late, and one after it not`() throws {
        let input =
            [right(1, 0, at: 19)] + watermark(20) + [
                left(1, 1, at: 20), left(1, 2, at: 21), right(1, 3, at: 20),
            ]
        let run = try JoinRun(input.toTheEnd) { context, next, late in
            let steps = joiningByInterval(.inner, micros(-5, 5), context, next, late: late)
            return (steps.left, steps.right)
        }
        #expect(run.rows.map(\.description) == ["1:2@21 1:0@19 at 21"])
        #expect(run.late.map(\.description) == ["1:1@20 -", "- 1:3@20"])
    }

    @Test func `takes the old data of a side that was idle for late`() throws {
        let input: [JoinScenario.Input] = [
            .right(.signal(.idle)), left(1, 0, at: 10),
            .left(.watermark(Timestamp(microseconds: 30))), right(1, 1, at: 9),
            right(1, 2, at: 31), left(1, 3, at: 31),
        ]
        let run = try JoinRun(input.toTheEnd) { context, next, late in
            let steps = joiningByInterval(.full, micros(-5, 5), context, next, late: late)
            return (steps.left, steps.right)
        }
        #expect(run.rows.map(\.description) == ["1:0@10 - at 15", "1:3@31 1:2@31 at 31"])
        #expect(run.late.map(\.description) == ["- 1:1@9"])
    }

    @Test func `puts out the pairs alone that fulfil a condition`() throws {
        var total = 0
        for seed in 0..<joinCaseCount {
            let scenario = JoinScenario(seed: seed)
            let run = try JoinRun(
                scenario, batchSize: 1 + Int(seed % 7), refusing: Refusal.allCases[Int(seed % 3)]
            ) { context, next, late in
                let steps = joiningByInterval(.inner, micros(-9, 6), context, next, late: late) {
                    ($0.value + $1.value) % 3 == 0
                }
                return (steps.left, steps.right)
            }
            let records = scenario.judged()
            let expected = Self.expected(.inner, lower: -9, upper: 6, records).filter {
                (($0.row.left?.value ?? 0) + ($0.row.right?.value ?? 0)) % 3 == 0
            }
            #expect(counted(run.rows) == counted(expected), "seed \(seed)")
            #expect(run.late == records.late)
            total += expected.count
        }
        #expect(total > joinCaseCount / 8)
    }

    @Test func `hands on what its condition throws, with the records`() throws {
        struct Odd: Error {}
        let harness = try TwoPortHarness<Event, Event, JoinedPair>(.forTesting()) {
            let steps = joiningByInterval(.inner, micros(-9, 6), $0, $1) { _, right in
                if right.value == 2 { throw Odd() }
                return true
            }
            return (steps.left, steps.right)
        }
        try harness.send(left(1, 0, at: 10))
        try harness.send(right(1, 1, at: 10))
        let error = #expect(throws: OperatorFailure.self) { try harness.send(right(1, 2, at: 10)) }
        #expect(error?.cause is Odd)
        #expect(error?.record == "(1:2@10, 1:0@10)")
    }

    @Test func `reports an interval that nothing lies in`() throws {
        let job = JobBuilder(name: "test")
        let input = JoinJobInput(seed: 1)
        let (lefts, rights) = input.streams(of: job)
        lefts.joined(
            with: rights, within: .minutes(5) ... .minutes(-5), late: .drop, as: "pairs"
        ) { JoinedPair($0, $1) }
        .sink(to: TestSink<JoinedPair>(), as: "sink")
        let error = #expect(throws: ValidationError.self) {
            try Planner(parallelism: 1).plan(job.graph)
        }
        #expect(
            "\(try #require(error))".contains(
                "nothing lies in the interval of the join (from 5 min to -5 min)"),
            "\(error.map { "\($0)" } ?? "")")
    }

    // MARK: - Against a model that stores everything

    private static func expected(
        _ kind: IntervalJoinKind, lower: Int64, upper: Int64, _ records: JoinScenario.Judged
    ) -> [TimedRow<JoinedPair>] {
        var rows: [TimedRow<JoinedPair>] = []
        func isPair(_ left: Event, _ right: Event) -> Bool {
            let apart = right.at.microseconds - left.at.microseconds
            return left.key == right.key && apart >= lower && apart <= upper
        }
        func alone(_ row: JoinedPair, _ time: Timestamp, _ bound: Int64) {
            rows.append(TimedRow(row: row, at: time.advanced(byMicroseconds: max(0, bound))))
        }
        for left in records.lefts {
            let partners = records.rights.filter { isPair(left, $0) }
            if kind.hasPairs {
                rows += partners.map {
                    TimedRow(row: JoinedPair(left, $0), at: max(left.at, $0.at))
                }
            }
            let isShown = partners.isEmpty ? kind.hasLeftAlone : kind == .semi
            if isShown { alone(JoinedPair(left, nil), left.at, upper) }
        }
        for right in records.rights
        where kind.hasRightAlone && !records.lefts.contains(where: { isPair($0, right) }) {
            alone(JoinedPair(nil, right), right.at, -lower)
        }
        return rows
    }

    @Test(arguments: IntervalJoinKind.allCases)
    private func `puts out what a naive model does, and nothing late`(kind: IntervalJoinKind) throws
    {
        var (total, late) = (0, 0)
        for seed in 0..<joinCaseCount {
            let scenario = JoinScenario(seed: seed)
            var random = SeededGenerator(seed: seed &+ 1_000_000)
            let lower = Int64.random(in: -12...8, using: &random)
            let upper = Int64.random(in: lower...(lower + 15), using: &random)
            var seen: IntervalJoinState<Event, Event, Int, JoinedPair>?
            let run = try JoinRun(
                scenario, batchSize: 1 + Int(seed % 7), refusing: Refusal.allCases[Int(seed % 3)]
            ) { context, next, late in
                let steps = joiningByInterval(kind, micros(lower, upper), context, next, late: late)
                seen = steps.state
                return (steps.left, steps.right)
            }
            let records = scenario.judged()
            let expected = Self.expected(kind, lower: lower, upper: upper, records)
            #expect(
                counted(run.rows) == counted(expected), "seed \(seed), from \(lower) to \(upper)")
            #expect(run.late == records.late)
            #expect(seen?.table.isEmpty == true && seen?.timers.isEmpty == true)
            total += expected.count
            late += records.late.count
            guard seed % 60 == 0 else { continue }
            try verify(scenario.inputs) { context, next -> (Step<Event>, Step<Event>) in
                let steps = joiningByInterval(kind, micros(lower, upper), context, next)
                return (steps.left, steps.right)
            }
        }
        // Of a few cases, at least, something must come of.
        #expect(total > joinCaseCount / 4 && late > joinCaseCount / 4)
    }

    @Test(arguments: [1, 2, 7])
    func `joins in a job as a naive model does, whatever the kind`(parallelism: Int) throws {
        let input = JoinJobInput(seed: 5)
        let sinks = IntervalJoinKind.allCases.map { _ in TestSink<JoinedPair>() }
        let plan = try plan(parallelism: parallelism) { job in
            let (lefts, rights) = input.streams(of: job)
            let interval: JoinInterval = .microseconds(-8) ... .microseconds(4)
            let made = [
                lefts.joined(with: rights, within: interval, late: .drop, as: "inner") {
                    JoinedPair($0, $1)
                },
                lefts.leftJoined(with: rights, within: interval, late: .drop, as: "left") {
                    JoinedPair($0, $1)
                },
                lefts.rightJoined(with: rights, within: interval, late: .drop, as: "right") {
                    JoinedPair($0, $1)
                },
                lefts.fullJoined(with: rights, within: interval, late: .drop, as: "full") {
                    JoinedPair($0, $1)
                },
                lefts.semiJoined(with: rights, within: interval, late: .drop, as: "semi")
                    .map { JoinedPair($0, nil) },
                lefts.antiJoined(with: rights, within: interval, late: .drop, as: "anti")
                    .map { JoinedPair($0, nil) },
            ]
            for (index, stream) in made.enumerated() {
                stream.sink(to: sinks[index], as: "sink-\(index)")
            }
        }
        let summary = try run(plan, seed: 9)
        #expect(summary.ledger.imbalances == [])
        #expect(summary.ledger.operators.allSatisfy { $0.counts.held == 0 && $0.counts.late == 0 })
        var records = JoinScenario.Judged()
        records.lefts = input.lefts.flatMap(\.self)
        records.rights = input.rights.flatMap(\.self)
        for (kind, sink) in zip(IntervalJoinKind.allCases, sinks) {
            let expected = Self.expected(kind, lower: -8, upper: 4, records)
            let found = sink.timed.map { TimedRow(row: $0.0, at: $0.1) }
            #expect(expected.count > 5, "\(kind)")
            #expect(sorted(found) == sorted(expected), "\(kind)")
        }
    }

    /// Were a row of the first join behind its watermark, the second would judge it late.
    @Test(arguments: [1, 2, 7])
    func `chains with another, so that three streams are joined and nothing is late`(
        parallelism: Int
    ) throws {
        for seed in 0..<5 as Range<UInt64> {
            let input = JoinJobInput(seed: seed)
            let third = JoinJobInput(seed: seed + 100).lefts
            let sink = TestSink<[Event?]>()
            let plan = try plan(parallelism: parallelism) { job in
                let (lefts, rights) = input.streams(of: job)
                lefts.leftJoined(
                    with: rights, within: .microseconds(-8) ... .microseconds(4), late: .drop,
                    as: "two"
                ) { JoinedPair($0, $1) }
                .keyed { ($0.left?.value ?? 0) % 5 }
                .leftJoined(
                    with: JoinJobInput.stream(third, of: job, as: "thirds").keyed { $0.value % 5 },
                    within: .microseconds(-3) ... .microseconds(6), late: .drop, as: "three"
                ) { [$0.left, $0.right, $1] }
                .sink(to: sink, as: "sink")
            }
            let summary = try run(plan, seed: seed)
            #expect(summary.ledger.imbalances == [])
            #expect(summary.ledger.operators.allSatisfy { $0.counts.late == 0 })
            let expected = Self.threeWay(
                input.lefts.flatMap(\.self), input.rights.flatMap(\.self), third.flatMap(\.self))
            #expect(expected.count > 60)
            #expect(sorted(sink.timed.map { TimedRow(row: $0.0, at: $0.1) }) == sorted(expected))
        }
    }

    private static func threeWay(
        _ lefts: [Event], _ rights: [Event], _ thirds: [Event]
    ) -> [TimedRow<[Event?]>] {
        var records = JoinScenario.Judged()
        records.lefts = lefts
        records.rights = rights
        return expected(.left, lower: -8, upper: 4, records).flatMap { pair in
            let partners = thirds.filter {
                let apart = $0.at.microseconds - pair.at.microseconds
                return $0.value % 5 == (pair.row.left?.value ?? 0) % 5 && apart >= -3 && apart <= 6
            }
            if partners.isEmpty {
                return [
                    TimedRow(
                        row: [pair.row.left, pair.row.right, nil],
                        at: pair.at.advanced(byMicroseconds: 6))
                ]
            }
            return partners.map {
                TimedRow(row: [pair.row.left, pair.row.right, $0], at: max(pair.at, $0.at))
            }
        }
    }
}
