import Testing
import WeirCore
import WeirGraph
import WeirState
import WeirTesting

@testable import WeirRuntime

/// The kinds of interval join, as tests run them.
private enum Kind: CaseIterable {
    case inner, left, right, full, semi, anti

    var outputs: JoinOutputs<Event, Event, JoinedPair> {
        let pair: @Sendable (Event, Event) -> JoinedPair = { JoinedPair($0, $1) }
        let left: @Sendable (Event) -> JoinedPair = { JoinedPair($0, nil) }
        let right: @Sendable (Event) -> JoinedPair = { JoinedPair(nil, $0) }
        return switch self {
        case .inner: JoinOutputs(pair: pair)
        case .left: JoinOutputs(pair: pair, leftAlone: left)
        case .right: JoinOutputs(pair: pair, rightAlone: right)
        case .full: JoinOutputs(pair: pair, leftAlone: left, rightAlone: right)
        case .semi: JoinOutputs(leftMatched: left)
        case .anti: JoinOutputs(leftAlone: left)
        }
    }

    var hasPairs: Bool { self != .semi && self != .anti }
    var hasLeftAlone: Bool { self == .left || self == .full || self == .anti }
    var hasRightAlone: Bool { self == .right || self == .full }
}

/// A join with its state in view.
private func joining(
    _ kind: Kind, _ interval: JoinInterval, _ context: SubtaskContext, _ next: Step<JoinedPair>,
    late: Step<JoinSide<Event, Event>>? = nil,
    where isPair: @escaping @Sendable (Event, Event) throws -> Bool = { _, _ in true }
) -> (
    left: Step<Event>, right: Step<Event>,
    state: IntervalJoinState<Event, Event, Int, JoinedPair>
) {
    let core = JoinCore<Event, Event, JoinedPair>(context, into: next, late: late)
    let state = IntervalJoinState<Event, Event, Int, JoinedPair>(
        core: core, interval: interval, outputs: kind.outputs)
    let pair = kind.outputs.pair ?? { _, _ in throw JoinSideMissing() }
    let left = intervalLeftLoop(
        by: { (event: Event) in event.key }, where: isPair, pair: pair)
    let right = intervalRightLoop(
        by: { (event: Event) in event.key }, where: isPair, pair: pair)
    let advance: (Signal) throws -> Bool = { _ in try state.advance() }
    return (
        core.step(0, join: { try left(&$0, state) }, advance: advance),
        core.step(1, join: { try right(&$0, state) }, advance: advance), state
    )
}

private func rows(
    _ kind: Kind, _ interval: JoinInterval, _ inputs: [JoinScenario.Input]
) throws -> [String] {
    try JoinRun(inputs.toTheEnd) { context, next, late in
        let steps = joining(kind, interval, context, next, late: late)
        return (steps.left, steps.right)
    }.rows.map(\.description)
}

private func micros(_ lower: Int64, _ upper: Int64) -> JoinInterval {
    .between(.microseconds(lower), .microseconds(upper))
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
            let steps = joining(.left, micros(-5, 3), $0, $1)
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
        let found = try Kind.allCases.map { try rows($0, micros(-5, 5), input) }
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
        let found = try Kind.allCases.map { try rows($0, micros(-2, 2), input) }
        #expect(found == [[], lonely, [], lonely, [], lonely])
    }

    @Test func `judges a record at the watermark late, and one after it not`() throws {
        let input =
            [right(1, 0, at: 19)] + watermark(20) + [
                left(1, 1, at: 20), left(1, 2, at: 21), right(1, 3, at: 20),
            ]
        let run = try JoinRun(input.toTheEnd) { context, next, late in
            let steps = joining(.inner, micros(-5, 5), context, next, late: late)
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
            let steps = joining(.full, micros(-5, 5), context, next, late: late)
            return (steps.left, steps.right)
        }
        #expect(run.rows.map(\.description) == ["1:0@10 - at 15", "1:3@31 1:2@31 at 31"])
        #expect(run.late.map(\.description) == ["- 1:1@9"])
    }

    @Test func `forgets records exactly when the watermark reaches their bound`() throws {
        var seen: IntervalJoinState<Event, Event, Int, JoinedPair>?
        let harness = try TwoPortHarness<Event, Event, JoinedPair>(.forTesting()) {
            let steps = joining(.inner, micros(-5, 3), $0, $1)
            seen = steps.state
            return (steps.left, steps.right)
        }
        let state = try #require(seen)
        let held = { harness.context.counters.held.current }
        // A left record waits for rights up to 3 later, a right one for lefts up to 5 later.
        try harness.send(left(1, 0, at: 10))
        try harness.send(right(2, 1, at: 10))
        for input in watermark(12) { try harness.send(input) }
        #expect(held() == 2 && state.table.count == 2)
        for input in watermark(13) { try harness.send(input) }
        #expect(held() == 1 && state.table.count == 1)
        for input in watermark(14) { try harness.send(input) }
        #expect(held() == 1 && state.table.count == 1)
        for input in watermark(15) { try harness.send(input) }
        #expect(held() == 0 && state.table.isEmpty && state.timers.isEmpty)
        #expect(harness.records == [])
    }

    @Test func `leaks no key that appears on one side only`() throws {
        for kind in Kind.allCases {
            var seen: IntervalJoinState<Event, Event, Int, JoinedPair>?
            let harness = try TwoPortHarness<Event, Event, JoinedPair>(.forTesting()) {
                let steps = joining(kind, micros(-5, -2), $0, $1)
                seen = steps.state
                return (steps.left, steps.right)
            }
            let state = try #require(seen)
            for time in 0..<2_000 as Range<Int64> {
                try harness.send(
                    time.isMultiple(of: 2)
                        ? left(Int(time), 0, at: time) : right(Int(time), 0, at: time))
                if time % 7 == 0 { for input in watermark(time - 3) { try harness.send(input) } }
                #expect(state.table.count <= 30 && state.timers.count <= 30)
            }
        }
    }

    @Test func `has but few timers where a key has many records`() throws {
        var seen: IntervalJoinState<Event, Event, Int, JoinedPair>?
        let harness = try TwoPortHarness<Event, Event, JoinedPair>(.forTesting()) {
            let steps = joining(.inner, micros(-50, 50), $0, $1)
            seen = steps.state
            return (steps.left, steps.right)
        }
        let state = try #require(seen)
        for time in 0..<1_000 as Range<Int64> {
            try harness.send(left(1, 0, at: time))
            if time % 3 == 0 { for input in watermark(time) { try harness.send(input) } }
            #expect(state.timers.count <= 1)
            #expect(harness.context.counters.held.current <= 110)
        }
    }

    @Test(arguments: [Kind.inner, .semi])
    private func `has one timer for both sides of a key, and more only where there are many`(
        kind: Kind
    ) throws {
        var seen: IntervalJoinState<Event, Event, Int, JoinedPair>?
        let harness = try TwoPortHarness<Event, Event, JoinedPair>(.forTesting()) {
            let steps = joining(kind, micros(0, 1_000), $0, $1)
            seen = steps.state
            return (steps.left, steps.right)
        }
        let state = try #require(seen)
        let held = { harness.context.counters.held.current }
        for time in 0..<5 as Range<Int64> { try harness.send(left(1, Int(time), at: time)) }
        for time in 5..<15 as Range<Int64> { try harness.send(right(1, Int(time), at: time)) }
        #expect(state.timers.count == 1 && held() > 0)
        // The left ones wait for rights for long, the few right ones with them.
        for input in watermark(20) { try harness.send(input) }
        #expect(state.timers.count == 1 && state.table.count == 1)
        for time in 21..<600 as Range<Int64> {
            try harness.send(left(2, 0, at: time))
            try harness.send(right(2, Int(time), at: time))
            if time % 5 == 0 { for input in watermark(time) { try harness.send(input) } }
            #expect(state.timers.count <= 3)
        }
        // Of the second key's many right ones, which wait for nothing, few are left.
        var rights = 0
        try state.table.updateIfPresent(2, hash: 2.stableHash) { rights = $0.rights.count }
        #expect(rights < 50)
        for input in watermark(1_004) { try harness.send(input) }
        #expect(state.table.count == 1)
        for input in watermark(2_000) { try harness.send(input) }
        #expect(state.table.isEmpty && state.timers.isEmpty && held() == 0)
    }

    @Test func `cleans up what older checkpoints have, with a timer for each side`() throws {
        var seen: IntervalJoinState<Event, Event, Int, JoinedPair>?
        let harness = try TwoPortHarness<Event, Event, JoinedPair>(.forTesting()) {
            let steps = joining(.inner, micros(-5, 30), $0, $1)
            seen = steps.state
            return (steps.left, steps.right)
        }
        let state = try #require(seen)
        for key in 0..<50 {
            let time = Timestamp(microseconds: Int64(key) + 10)
            try state.table.update(
                key, hash: key.stableHash, initial: { IntervalRows() },
                {
                    $0.lefts.insert(Event(key, 0, at: 10), at: time, isMatched: false)
                    $0.rights.insert(Event(key, 1, at: 10), at: time, isMatched: false)
                    $0.lefts.visit = time.advanced(byMicroseconds: 30)
                    $0.rights.visit = time.advanced(byMicroseconds: 5)
                })
            for (isLeft, span) in [(true, 30), (false, 5)] as [(Bool, Int64)] {
                state.timers.insert(
                    KeySide(key: key, hash: key.stableHash, isLeft: isLeft),
                    at: time.advanced(byMicroseconds: span))
            }
        }
        for now in stride(from: 12, to: 95, by: 3) as StrideTo<Int64> {
            for input in watermark(now) { try harness.send(input) }
            // A left record is gone when 30 have passed, and its key with it.
            #expect(state.table.count == min(50, max(0, 50 - Int(now) + 39)))
        }
        #expect(state.timers.isEmpty && harness.records == [])
    }

    @Test(arguments: [Kind.left, .right, .full, .anti], Refusal.allCases)
    private func `takes over what a join has kept that put out no records alone`(
        kind: Kind, refusal: Refusal
    ) throws {
        var seen: IntervalJoinState<Event, Event, Int, JoinedPair>?
        let harness = try TwoPortHarness<Event, Event, JoinedPair>(
            .forTesting(batchSize: 3), refusing: refusal
        ) {
            let steps = joining(kind, micros(0, 1_000), $0, $1)
            seen = steps.state
            return (steps.left, steps.right)
        }
        let state = try #require(seen)
        let keys = 0..<40
        for key in keys {
            let (early, late) = (Timestamp(microseconds: 5), Timestamp(microseconds: 6))
            // Its right records' timer was to clean up its left ones as well.
            try state.table.update(
                key, hash: key.stableHash, initial: { IntervalRows() },
                {
                    $0.rights.insert(Event(key, 1, at: 5), at: early, isMatched: false)
                    $0.lefts.insert(Event(key, 0, at: 6), at: late, isMatched: false)
                    $0.rights.visit = early
                })
            state.timers.insert(
                KeySide(key: key, hash: key.stableHash, isLeft: false), at: early)
        }
        for now in [3, 5, 500, 1_006] as [Int64] {
            for input in watermark(now) { try harness.send(input) }
        }
        #expect(state.table.isEmpty && state.timers.isEmpty)
        #expect(harness.records.count == (kind == .full ? 2 : 1) * keys.count)
    }

    @Test func `puts out the pairs alone that fulfil a condition`() throws {
        var total = 0
        for seed in 0..<joinCaseCount {
            let scenario = JoinScenario(seed: seed)
            let run = try JoinRun(
                scenario, batchSize: 1 + Int(seed % 7), refusing: Refusal.allCases[Int(seed % 3)]
            ) { context, next, late in
                let steps = joining(.inner, micros(-9, 6), context, next, late: late) {
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
            let steps = joining(.inner, micros(-9, 6), $0, $1) { _, right in
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
        _ kind: Kind, lower: Int64, upper: Int64, _ records: JoinScenario.Judged
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

    @Test(arguments: Kind.allCases)
    private func `puts out what a naive model does, and nothing late`(kind: Kind) throws {
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
                let steps = joining(kind, micros(lower, upper), context, next, late: late)
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
                let steps = joining(kind, micros(lower, upper), context, next)
                return (steps.left, steps.right)
            }
        }
        // Of a few cases, at least, something must come of.
        #expect(total > joinCaseCount / 4 && late > joinCaseCount / 4)
    }

    @Test(arguments: [1, 2, 7])
    func `joins in a job as a naive model does, whatever the kind`(parallelism: Int) throws {
        let input = JoinJobInput(seed: 5)
        let sinks = Kind.allCases.map { _ in TestSink<JoinedPair>() }
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
        for (kind, sink) in zip(Kind.allCases, sinks) {
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
