import Testing
import WeirCore
import WeirGraph
import WeirState
import WeirTesting

@testable import WeirRuntime

private typealias State = AsOfJoinState<Event, Event, Int, JoinedPair>

/// An as-of join with its state in view.
private func joining(
    _ maximumAge: Int64?, isLeft: Bool = true, _ context: SubtaskContext, _ next: Step<JoinedPair>,
    late: Step<JoinSide<Event, Event>>? = nil
) -> (left: Step<Event>, right: Step<Event>, state: State) {
    let alone: @Sendable (Event) -> JoinedPair = { JoinedPair($0, nil) }
    let core = JoinCore<Event, Event, JoinedPair>(context, into: next, late: late)
    let state = State(
        core: core, maximumAge: maximumAge.map { .microseconds($0) },
        outputs: JoinOutputs(
            pair: { JoinedPair($0, $1) }, leftAlone: isLeft ? alone : nil))
    let left = asOfLeftLoop(by: { (event: Event) in event.key }, Event.self, JoinedPair.self)
    let right = asOfRightLoop(by: { (event: Event) in event.key }, Event.self, JoinedPair.self)
    return (
        core.step(0, join: { try left(&$0, state) }, advance: { try state.advance($0) }),
        core.step(1, join: { try right(&$0, state) }, advance: { try state.advance($0) }), state
    )
}

private func asOf(
    _ inputs: [JoinScenario.Input], maximumAge: Int64? = nil, isLeft: Bool = true
) throws -> JoinRun<JoinedPair> {
    try JoinRun(inputs.toTheEnd) { context, next, late in
        let steps = joining(maximumAge, isLeft: isLeft, context, next, late: late)
        return (steps.left, steps.right)
    }
}

@Suite struct `An as-of join` {
    @Test func `takes the latest right record that is not later`() throws {
        let input = [5, 10, 20].map { right(1, Int($0), at: $0) } + [left(1, 0, at: 19)]
        #expect(try asOf(input).rows.map(\.description) == ["1:0@19 1:10@10 at 19"])
    }

    @Test func `takes a right record of an equal time`() throws {
        let input = [left(1, 0, at: 10), right(1, 1, at: 9), right(1, 2, at: 10)]
        #expect(try asOf(input).rows.map(\.description) == ["1:0@10 1:2@10 at 10"])
    }

    @Test func `takes the last to come of right records of one key and time`() throws {
        let input = [right(1, 1, at: 9), right(1, 2, at: 9), right(2, 3, at: 9), left(1, 0, at: 9)]
        let found = try asOf(input)
        #expect(found.rows.map(\.description) == ["1:0@9 1:2@9 at 9"])
    }

    @Test func `does not depend on the order of arrival`() throws {
        let input = [
            right(1, 1, at: 3), right(1, 2, at: 8), left(1, 3, at: 2), left(1, 4, at: 7),
            left(1, 5, at: 12), right(2, 6, at: 1), left(2, 7, at: 5),
        ]
        let expected = [
            "1:3@2 - at 2", "2:7@5 2:6@1 at 5", "1:4@7 1:1@3 at 7", "1:5@12 1:2@8 at 12",
        ]
        var random = SeededGenerator(seed: 1)
        for _ in 0..<30 {
            #expect(
                try asOf(input.shuffled(using: &random)).rows.map(\.description) == expected)
        }
    }

    @Test func `waits until the watermark reaches the record, and no longer`() throws {
        let harness = try TwoPortHarness<Event, Event, JoinedPair>(.forTesting()) {
            let steps = joining(nil, $0, $1)
            return (steps.left, steps.right)
        }
        try harness.send(left(1, 0, at: 10))
        for input in watermark(9) { try harness.send(input) }
        #expect(harness.records == [])
        try harness.send(right(1, 1, at: 10))
        for input in watermark(10) { try harness.send(input) }
        #expect(
            harness.emissions.suffix(2) == [
                .record(
                    JoinedPair(Event(1, 0, at: 10), Event(1, 1, at: 10)),
                    at: Timestamp(microseconds: 10)),
                .watermark(Timestamp(microseconds: 10)),
            ])
    }

    @Test func `does not show records without a value where it is an inner join`() throws {
        let input = [left(1, 0, at: 10), right(1, 1, at: 11), left(1, 2, at: 12)]
        #expect(try asOf(input, isLeft: false).rows.map(\.description) == ["1:2@12 1:1@11 at 12"])
        #expect(
            try asOf(input).rows.map(\.description) == ["1:0@10 - at 10", "1:2@12 1:1@11 at 12"])
    }

    @Test func `takes a right record of the greatest age allowed, and none older`() throws {
        let input = [right(1, 1, at: 10), left(1, 2, at: 15), left(1, 3, at: 16)]
        #expect(
            try asOf(input, maximumAge: 5).rows.map(\.description) == [
                "1:2@15 1:1@10 at 15", "1:3@16 - at 16",
            ])
    }

    @Test func `joins records before 1970 like all others`() throws {
        let input = [left(1, 0, at: -10), right(1, 1, at: -16), right(1, 2, at: -9)]
        #expect(try asOf(input).rows.map(\.description) == ["1:0@-10 1:1@-16 at -10"])
    }

    @Test func `puts out nothing where the left side is empty, nil where the right one is`() throws
    {
        #expect(try asOf([right(1, 0, at: 3)]).rows == [])
        #expect(try asOf([left(1, 0, at: 3)]).rows.map(\.description) == ["1:0@3 - at 3"])
    }

    @Test func `judges records of either side at the watermark late`() throws {
        let input =
            [right(1, 0, at: 5)] + watermark(20) + [
                left(1, 1, at: 20), right(1, 2, at: 19), left(1, 3, at: 21),
            ]
        let found = try asOf(input)
        #expect(found.rows.map(\.description) == ["1:3@21 1:0@5 at 21"])
        #expect(found.late.map(\.description) == ["1:1@20 -", "- 1:2@19"])
    }

    @Test func `takes the old data of a side that was idle for late`() throws {
        let input: [JoinScenario.Input] = [
            right(1, 0, at: 1), .right(.signal(.idle)), left(1, 1, at: 10),
            .left(.watermark(Timestamp(microseconds: 30))), right(1, 2, at: 9),
            left(1, 3, at: 31),
        ]
        let found = try asOf(input)
        #expect(found.rows.map(\.description) == ["1:1@10 1:0@1 at 10", "1:3@31 1:0@1 at 31"])
        #expect(found.late.map(\.description) == ["- 1:2@9"])
    }

    @Test func `keeps of each key the newest value that the watermark has passed, and no more`()
        throws
    {
        var seen: State?
        let harness = try TwoPortHarness<Event, Event, JoinedPair>(.forTesting()) {
            let steps = joining(nil, $0, $1)
            seen = steps.state
            return (steps.left, steps.right)
        }
        let state = try #require(seen)
        for time in 0..<1_000 as Range<Int64> {
            try harness.send(right(Int(time % 3), Int(time), at: time))
            #expect(state.timers.count <= 3)
        }
        for input in watermark(999) { try harness.send(input) }
        #expect(harness.context.counters.held.current == 3 && state.table.count == 3)
        #expect(state.timers.isEmpty)
    }

    @Test func `forgets a value exactly when the watermark passes its greatest age`() throws {
        var seen: State?
        let harness = try TwoPortHarness<Event, Event, JoinedPair>(.forTesting()) {
            let steps = joining(5, $0, $1)
            seen = steps.state
            return (steps.left, steps.right)
        }
        let state = try #require(seen)
        try harness.send(right(1, 0, at: 10))
        for input in watermark(14) { try harness.send(input) }
        #expect(state.table.count == 1)
        for input in watermark(15) { try harness.send(input) }
        #expect(state.table.isEmpty && state.timers.isEmpty)
        #expect(harness.context.counters.held.current == 0)
    }

    @Test func `leaks no key that appears on the left side only`() throws {
        var seen: State?
        let harness = try TwoPortHarness<Event, Event, JoinedPair>(.forTesting()) {
            let steps = joining(nil, $0, $1)
            seen = steps.state
            return (steps.left, steps.right)
        }
        let state = try #require(seen)
        for time in 0..<500 as Range<Int64> {
            try harness.send(left(Int(time), 0, at: time))
            if time % 5 == 0 { for input in watermark(time) { try harness.send(input) } }
            #expect(state.table.isEmpty && state.waiting.count <= 5)
        }
    }

    @Test func `puts out many rows in batches, in order of time, against a slow output`() throws {
        let harness = try TwoPortHarness<Event, Event, JoinedPair>(
            .forTesting(batchSize: 16), refusing: .everySecondCall
        ) {
            let steps = joining(nil, $0, $1)
            return (steps.left, steps.right)
        }
        var random = SeededGenerator(seed: 2)
        for time in (0..<300 as Range<Int64>).shuffled(using: &random) {
            try harness.send(left(1, Int(time), at: time))
        }
        for input in watermark(400) { try harness.send(input) }
        #expect(harness.records.map { $0.left?.value ?? -1 } == Array(0..<300))
        #expect(harness.output.batchSizes.allSatisfy { $0 <= 16 })
    }

    @Test func `refuses to forget by processing time`() throws {
        let job = JobBuilder(name: "test")
        let (lefts, rights) = JoinJobInput(seed: 1).streams(of: job)
        lefts.joined(
            asOf: rights, keeping: .forProcessingTime(.minutes(1)), late: .drop, as: "as-of"
        ) { JoinedPair($0, $1) }
        .sink(to: TestSink<JoinedPair>(), as: "sink")
        let error = #expect(throws: ValidationError.self) {
            try Planner(parallelism: 1).plan(job.graph)
        }
        #expect("\(try #require(error))".contains("Give a span of event time"))
    }

    // MARK: - Against a model that stores everything

    private static func expected(
        _ maximumAge: Int64?, isLeft: Bool, _ records: JoinScenario.Judged
    ) -> [TimedRow<JoinedPair>] {
        records.lefts.compactMap { left in
            var latest: Event?
            for right in records.rights where right.key == left.key && right.at <= left.at {
                if latest.map({ $0.at <= right.at }) ?? true { latest = right }
            }
            if let found = latest, let maximumAge,
                left.at.microseconds - found.at.microseconds > maximumAge
            {
                latest = nil
            }
            guard latest != nil || isLeft else { return nil }
            return TimedRow(row: JoinedPair(left, latest), at: left.at)
        }
    }

    @Test(arguments: [true, false])
    func `puts out what a naive model does, and nothing late`(isLeft: Bool) throws {
        var (total, late) = (0, 0)
        for seed in 0..<joinCaseCount {
            let scenario = JoinScenario(seed: seed)
            let maximumAge = seed % 3 == 0 ? nil : Int64(seed % 20)
            var seen: State?
            let run = try JoinRun(
                scenario, batchSize: 1 + Int(seed % 7),
                refusing: Refusal.allCases[Int(seed / 2 % 3)]
            ) { context, next, late in
                let steps = joining(maximumAge, isLeft: isLeft, context, next, late: late)
                seen = steps.state
                return (steps.left, steps.right)
            }
            let records = scenario.judged()
            let expected = Self.expected(maximumAge, isLeft: isLeft, records)
            #expect(counted(run.rows) == counted(expected), "seed \(seed)")
            #expect(run.rows.map(\.at) == run.rows.map(\.at).sorted(), "seed \(seed)")
            #expect(run.late == records.late)
            #expect(seen?.table.isEmpty == true && seen?.timers.isEmpty == true)
            total += expected.count
            late += records.late.count
            guard seed % 60 == 0 else { continue }
            try verify(scenario.inputs) { context, next -> (Step<Event>, Step<Event>) in
                let steps = joining(maximumAge, isLeft: isLeft, context, next)
                return (steps.left, steps.right)
            }
        }
        #expect(total > joinCaseCount && late > joinCaseCount / 4)
    }

    @Test(arguments: [1, 2, 7])
    func `joins in a job as a naive model does`(parallelism: Int) throws {
        let input = JoinJobInput(seed: 6)
        var records = JoinScenario.Judged()
        records.lefts = input.lefts.flatMap(\.self)
        // Which of two values of one key and time comes last is not defined across splits.
        var times: Set<JoinedPair> = []
        let rights = input.rights.map {
            $0.filter {
                times.insert(JoinedPair(Event($0.key, 0, at: $0.at.microseconds), nil)).inserted
            }
        }
        records.rights = rights.flatMap(\.self)
        let (inner, left) = (TestSink<JoinedPair>(), TestSink<JoinedPair>())
        let plan = try plan(parallelism: parallelism) { job in
            let lefts = JoinJobInput.stream(input.lefts, of: job, as: "lefts").keyed(by: \.key)
            let versions = JoinJobInput.stream(rights, of: job, as: "rights").keyed(by: \.key)
            lefts.joined(asOf: versions, keeping: .forever, late: .drop, as: "inner") {
                JoinedPair($0, $1)
            }
            .sink(to: inner, as: "inner-sink")
            lefts.leftJoined(
                asOf: versions, keeping: .for(.microseconds(6)), late: .drop, as: "left"
            ) { JoinedPair($0, $1) }
            .sink(to: left, as: "left-sink")
        }
        let summary = try run(plan, seed: 9)
        #expect(summary.ledger.imbalances == [])
        #expect(summary.ledger.operators.allSatisfy { $0.counts.held == 0 && $0.counts.late == 0 })
        for (sink, age, isLeft) in [(inner, nil, false), (left, 6 as Int64?, true)] {
            let expected = Self.expected(age, isLeft: isLeft, records)
            #expect(expected.count > 20)
            #expect(
                sorted(sink.timed.map { TimedRow(row: $0.0, at: $0.1) }) == sorted(expected))
        }
    }
}
