import Testing
import WeirCore
import WeirGraph
import WeirTesting

@testable import WeirRuntime

@Suite struct `An unbounded join` {
    private func joining(
        _ context: SubtaskContext, _ next: Step<JoinedPair>
    ) -> (left: Step<Event>, right: Step<Event>) {
        unboundedJoinSteps(
            context, into: next, leftKey: { (event: Event) in event.key },
            rightKey: { (event: Event) in event.key }
        ) { (left: Event, right: Event) in JoinedPair(left, right) }
    }

    @Test func `puts a pair out when its second record comes, at the later of the two times`()
        throws
    {
        let input = [
            left(1, 1, at: 5), right(1, 2, at: 3), right(2, 3, at: 4), left(1, 4, at: 1),
            left(2, 5, at: 9),
        ]
        let run = try JoinRun(input.toTheEnd) { context, next, _ in joining(context, next) }
        #expect(
            run.rows.map(\.description) == [
                "1:1@5 1:2@3 at 5", "1:4@1 1:2@3 at 3", "2:5@9 2:3@4 at 9",
            ])
    }

    @Test func `joins records behind the watermark like all others`() throws {
        let input = [left(1, 1, at: 5)] + watermark(50) + [right(1, 2, at: 3)] + bothEnds
        let harness = try TwoPortHarness<Event, Event, JoinedPair>(.forTesting(), joining)
        for item in input { try harness.send(item) }
        #expect(
            harness.emissions == [
                .watermark(Timestamp(microseconds: 50)),
                .record(
                    JoinedPair(Event(1, 1, at: 5), Event(1, 2, at: 3)),
                    at: Timestamp(microseconds: 5)),
                .end,
            ])
        #expect(harness.context.counters.late.current == 0)
    }

    @Test func `puts out nothing where one side is empty`() throws {
        let run = try JoinRun((0..<9).map { left(1, $0) }.toTheEnd) { context, next, _ in
            joining(context, next)
        }
        #expect(run.rows == [])
    }

    @Test func `holds all records until the end, and none after it`() throws {
        let harness = try TwoPortHarness<Event, Event, JoinedPair>(.forTesting(), joining)
        for item in [left(1, 1), left(2, 2), right(3, 3), right(1, 4)] + watermark(99) {
            try harness.send(item)
        }
        #expect(harness.context.counters.held.current == 4)
        try harness.left.send(.end)
        #expect(harness.context.counters.held.current == 4)
        try harness.right.send(.end)
        #expect(harness.context.counters.held.current == 0)
        #expect(harness.context.counters.passed.current == 4)
    }

    @Test func `puts out many pairs of one record in batches, in order, against a slow output`()
        throws
    {
        let harness = try TwoPortHarness<Event, Event, JoinedPair>(
            .forTesting(batchSize: 16), refusing: .everySecondCall, joining)
        try harness.left.send((0..<90).map { (Event(1, $0, at: 0), at: .epoch) })
        try harness.right.send((0..<70).map { (Event(1, $0, at: 0), at: .epoch) })
        let expected = (0..<70).flatMap { right in (0..<90).map { "\($0) \(right)" } }
        #expect(
            harness.records.map { "\($0.left?.value ?? -1) \($0.right?.value ?? -1)" } == expected)
        #expect(harness.output.batchSizes.allSatisfy { $0 <= 16 })
    }

    @Test func `lets others have a turn within a long output`() throws {
        let harness = try TwoPortHarness<Event, Event, JoinedPair>(
            .forTesting(batchSize: 2), joining)
        try harness.left.send((0..<200).map { (Event(1, $0, at: 0), at: .epoch) })
        try harness.right.send(Event(1, 0, at: 0))
        #expect(harness.records.count == 200)
        #expect(harness.right.suspensions >= 3)
    }

    @Test func `names both records when the job's function throws`() throws {
        let harness = try TwoPortHarness<Event, Event, JoinedPair>(.forTesting()) {
            unboundedJoinSteps(
                $0, into: $1, leftKey: { (event: Event) in event.key },
                rightKey: { (event: Event) in event.key }
            ) { _, _ in throw TestError("no") }
        }
        try harness.left.send(Event(1, 1, at: 0))
        let failure = #expect(throws: OperatorFailure.self) {
            try harness.right.send(Event(1, 2, at: 0))
        }
        #expect(failure?.record == "(1:1@0, 1:2@0)")
    }

    @Test(arguments: 0..<16 as Range<UInt64>)
    func `puts out what a naive model does`(part: UInt64) throws {
        var total = 0
        for seed in stride(from: part, to: joinCaseCount, by: 16) {
            let scenario = JoinScenario(seed: seed)
            // All records count, late or not, so those that are late may come out late.
            var inputs = scenario.inputs
            inputs.removeAll {
                switch $0 {
                case .left(.signal(.watermark)), .right(.signal(.watermark)): true
                default: false
                }
            }
            let refusal = Refusal.allCases[Int(seed % 3)]
            let run = try JoinRun(
                JoinScenario(inputs), batchSize: 1 + Int(seed % 7), refusing: refusal
            ) { context, next, _ in joining(context, next) }
            let (lefts, rights) = records(of: scenario)
            let expected = lefts.flatMap { left in
                rights.filter { $0.key == left.key }.map {
                    TimedRow(row: JoinedPair(left, $0), at: max(left.at, $0.at))
                }
            }
            #expect(counted(run.rows) == counted(expected), "seed \(seed)")
            total += expected.count
            if seed % 20 == 0 { try verify(scenario.inputs, joining) }
        }
        #expect(total > 50)
    }

    private func records(of scenario: JoinScenario) -> (lefts: [Event], rights: [Event]) {
        var (lefts, rights) = ([Event](), [Event]())
        for input in scenario.inputs {
            switch input {
            case .left(let emission): lefts += [emission.record].compactMap(\.self)
            case .right(let emission): rights += [emission.record].compactMap(\.self)
            }
        }
        return (lefts, rights)
    }

    @Test(arguments: [1, 2, 7])
    func `joins in a job as a naive model does`(parallelism: Int) throws {
        for seed in 0..<4 as Range<UInt64> {
            let input = JoinJobInput(seed: seed)
            let sink = TestSink<JoinedPair>()
            let plan = try plan(parallelism: parallelism) { job in
                // No watermarks: a join that keeps everything needs none.
                job.source(TestSource(splits: input.lefts), as: "lefts").keyed(by: \.key)
                    .joined(
                        with: job.source(TestSource(splits: input.rights), as: "rights")
                            .keyed(by: \.key), keeping: .forever, as: "pairs"
                    ) { JoinedPair($0, $1) }
                    .sink(to: sink, as: "sink")
            }
            let summary = try run(plan, seed: seed)
            #expect(summary.ledger.imbalances == [])
            let lefts = input.lefts.flatMap(\.self)
            let expected = lefts.flatMap { left in
                input.rights.flatMap(\.self).filter { $0.key == left.key }
                    .map { JoinedPair(left, $0) }
            }
            #expect(expected.count > 100)
            #expect(sorted(sink.records) == sorted(expected))
        }
    }

    @Test func `chains with another, so that three streams are joined`() throws {
        for parallelism in [1, 2, 7] {
            let input = JoinJobInput(seed: 7)
            let third = JoinJobInput(seed: 8).lefts
            let sink = TestSink<[Event]>()
            let plan = try plan(parallelism: parallelism) { job in
                let (lefts, rights) = input.streams(of: job)
                lefts.joined(with: rights, keeping: .forever, as: "two") { [$0, $1] }
                    .keyed { abs($0[0].value) % 5 }
                    .joined(
                        with: JoinJobInput.stream(third, of: job, as: "thirds")
                            .keyed { abs($0.value) % 5 }, keeping: .forever, as: "three"
                    ) { $0 + [$1] }
                    .sink(to: sink, as: "sink")
            }
            let summary = try run(plan, seed: 3)
            #expect(summary.ledger.imbalances == [])
            var expected: [[Event]] = []
            for left in input.lefts.flatMap(\.self) {
                for right in input.rights.flatMap(\.self) where right.key == left.key {
                    for other in third.flatMap(\.self)
                    where abs(other.value) % 5 == abs(left.value) % 5 {
                        expected.append([left, right, other])
                    }
                }
            }
            #expect(expected.count > 1_000)
            #expect(sorted(sink.records) == sorted(expected))
        }
    }

    @Test func `kept for a span, joins what is at most that far apart`() throws {
        for parallelism in [1, 2, 7] {
            let input = JoinJobInput(seed: 11)
            let sink = TestSink<JoinedPair>()
            let plan = try plan(parallelism: parallelism) { job in
                let (lefts, rights) = input.streams(of: job)
                lefts.joined(
                    with: rights, keeping: .for(.microseconds(20), late: .drop), as: "pairs"
                ) { JoinedPair($0, $1) }
                .sink(to: sink, as: "sink")
            }
            let summary = try run(plan, seed: 3)
            #expect(summary.ledger.imbalances == [])
            let expected = input.lefts.flatMap(\.self).flatMap { left in
                input.rights.flatMap(\.self).filter {
                    $0.key == left.key && abs($0.at.microseconds - left.at.microseconds) <= 20
                }.map { JoinedPair(left, $0) }
            }
            #expect(expected.count > 20)
            #expect(sorted(sink.records) == sorted(expected))
        }
    }
}

/// Random records of two sources, out of order by less than their watermarks' bound.
struct JoinJobInput {
    let lefts: [[Event]]
    let rights: [[Event]]
    static let disorder: Int64 = 10

    init(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        func splits() -> [[Event]] {
            (0..<2).map { _ in
                var now: Int64 = .random(in: -30...0, using: &random)
                return (0..<30).map { _ in
                    now += Int64.random(in: 0...8, using: &random)
                    return Event(
                        .random(in: 0...6, using: &random), .random(in: 0...999, using: &random),
                        at: now - Int64.random(in: 0..<Self.disorder, using: &random))
                }
            }
        }
        lefts = splits()
        rights = splits()
    }

    static func stream(
        _ splits: [[Event]], of job: JobBuilder, as name: String
    ) -> DataStream<Event> {
        job.source(TestSource(splits: splits), as: name)
            .watermarked(.boundedOutOfOrderness(.microseconds(disorder)), as: "\(name)-marks") {
                $0.at
            }
    }

    /// The two sources in a job, with watermarks, by key.
    func streams(
        of job: JobBuilder
    ) -> (lefts: KeyedStream<Event, Int>, rights: KeyedStream<Event, Int>) {
        (
            Self.stream(lefts, of: job, as: "lefts").keyed(by: \.key),
            Self.stream(rights, of: job, as: "rights").keyed(by: \.key)
        )
    }
}

/// Values in the order of their text, to compare them whatever the order they came in.
func sorted<Value>(_ values: [Value]) -> [String] { values.map { "\($0)" }.sorted() }

extension TwoPortHarness where Left == Event, Right == Event {
    /// Sends an input of a scenario to its port.
    func send(_ input: JoinScenario.Input) throws {
        switch input {
        case .left(.record(let event, let time)): try left.send(event, at: time)
        case .left(.signal(let signal)): try left.send(signal)
        case .right(.record(let event, let time)): try right.send(event, at: time)
        case .right(.signal(let signal)): try right.send(signal)
        }
    }
}
