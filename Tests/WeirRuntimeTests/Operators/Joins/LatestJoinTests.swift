import Testing
import WeirCore
import WeirGraph
import WeirTesting

@testable import WeirRuntime

private func joining(
    isLeft: Bool = true, _ context: SubtaskContext, _ next: Step<JoinedPair>
) -> (left: Step<Event>, right: Step<Event>) {
    let alone: @Sendable (Event) -> JoinedPair = { JoinedPair($0, nil) }
    return latestJoinSteps(
        context, into: next, leftKey: { (event: Event) in event.key },
        rightKey: { (event: Event) in event.key },
        outputs: JoinOutputs(
            pair: { JoinedPair($0, $1) }, leftAlone: isLeft ? alone : nil),
        isDeletion: { $0.value < 0 })
}

private func rows(isLeft: Bool = true, _ inputs: [JoinScenario.Input]) throws -> [String] {
    try JoinRun(inputs.toTheEnd) { context, next, _ in
        joining(isLeft: isLeft, context, next)
    }.rows.map(\.description)
}

@Suite struct `A stream–table join` {
    @Test func `joins a record with the last row of its key that came before it`() throws {
        let input = [
            left(1, 0, at: 5), right(1, 1, at: 9), left(1, 2, at: 6), right(1, 3, at: 2),
            left(1, 4, at: 7), left(2, 5, at: 8),
        ]
        #expect(
            try rows(input) == [
                "1:0@5 - at 5", "1:2@6 1:1@9 at 6", "1:4@7 1:3@2 at 7", "2:5@8 - at 8",
            ])
        #expect(
            try rows(isLeft: false, input) == ["1:2@6 1:1@9 at 6", "1:4@7 1:3@2 at 7"])
    }

    @Test func `takes a key out of the table with a row that deletes it`() throws {
        let input = [
            right(1, 1), left(1, 2), right(1, -1), left(1, 3), right(1, -1), right(1, 4),
            left(1, 5),
        ]
        #expect(
            try rows(input) == ["1:2@0 1:1@0 at 0", "1:3@0 - at 0", "1:5@0 1:4@0 at 0"])
    }

    @Test func `holds one row for each key`() throws {
        let harness = try TwoPortHarness<Event, Event, JoinedPair>(.forTesting()) {
            joining($0, $1)
        }
        for number in 0..<100 { try harness.send(right(number % 7, number)) }
        for number in 0..<100 { try harness.send(left(number, number)) }
        let counters = harness.context.counters
        #expect(counters.held.current == 7 && counters.passed.current == 193)
        try harness.send(right(3, -1))
        #expect(counters.held.current == 6 && counters.passed.current == 195)
        try harness.left.send(.end)
        #expect(counters.held.current == 0 && counters.passed.current == 201)
    }

    @Test func `hands on the marks of the left side alone, and ends with it`() throws {
        let harness = try TwoPortHarness<Event, Event, JoinedPair>(.forTesting()) {
            joining($0, $1)
        }
        let mark = Timestamp(microseconds: 7)
        try harness.right.send(.watermark(Timestamp(microseconds: 90)))
        try harness.left.send(.watermark(mark))
        try harness.right.send(.idle)
        try harness.left.send(.idle)
        try harness.left.send(.flush)
        try harness.right.send(.flush)
        #expect(harness.output.flushes == 1)
        try harness.left.send(.end)
        #expect(harness.emissions == [.watermark(mark), .signal(.idle), .end])
        try harness.send(right(1, 1))
        try harness.right.send(.flush)
        try harness.right.send(.end)
        #expect(harness.emissions.count == 3)
        #expect(harness.context.counters.passed.current == 1)
        #expect(harness.context.counters.held.current == 0)
    }

    @Test func `names the record when the job's function throws`() throws {
        let harness = try TwoPortHarness<Event, Event, JoinedPair>(.forTesting()) {
            latestJoinSteps(
                $0, into: $1, leftKey: { (event: Event) in event.key },
                rightKey: { (event: Event) in event.key },
                outputs: JoinOutputs(leftAlone: { _ in throw TestError("no") }))
        }
        let failure = #expect(throws: OperatorFailure.self) {
            try harness.left.send(Event(1, 1, at: 0))
        }
        #expect(failure?.record == "1:1@0")
    }

    @Test(arguments: [true, false])
    func `puts out what a naive model does`(isLeft: Bool) throws {
        var total = 0
        for seed in 0..<joinCaseCount {
            var scenario = JoinScenario(seed: seed)
            // Marks of the left side that do not hold would make rows late, as they were before.
            scenario.inputs.removeAll {
                switch $0 {
                case .left(.signal(.watermark)): true
                default: false
                }
            }
            let run = try JoinRun(
                scenario, batchSize: 1 + Int(seed % 7), refusing: Refusal.allCases[Int(seed % 3)]
            ) { context, next, _ in joining(isLeft: isLeft, context, next) }
            var (table, expected) = ([Int: Event](), [TimedRow<JoinedPair>]())
            for input in scenario.inputs {
                switch input {
                case .left(.record(let event, let time)):
                    guard isLeft || table[event.key] != nil else { continue }
                    expected.append(TimedRow(row: JoinedPair(event, table[event.key]), at: time))
                case .right(.record(let event, _)): table[event.key] = event
                default: break
                }
            }
            #expect(run.rows == expected, "seed \(seed)")
            total += expected.count
            guard seed % 60 == 0 else { continue }
            try verify(scenario.inputs) { joining(isLeft: isLeft, $0, $1) }
        }
        #expect(total > joinCaseCount)
    }

    @Test(arguments: [1, 2, 7])
    func `shows in a job each record once, with a row of its key or none`(parallelism: Int) throws {
        let input = JoinJobInput(seed: 6)
        let (inner, left) = (TestSink<JoinedPair>(), TestSink<JoinedPair>())
        let plan = try plan(parallelism: parallelism) { job in
            let (lefts, rights) = input.streams(of: job)
            lefts.joined(withLatestOf: rights, as: "inner") { JoinedPair($0, $1) }
                .sink(to: inner, as: "inner-sink")
            lefts.leftJoined(withLatestOf: rights, deleting: { $0.value % 9 == 0 }, as: "left") {
                JoinedPair($0, $1)
            }
            .sink(to: left, as: "left-sink")
        }
        let summary = try run(plan, seed: 9)
        #expect(summary.ledger.imbalances == [])
        #expect(summary.ledger.operators.allSatisfy { $0.counts.held == 0 })
        #expect(
            sorted(left.records.compactMap(\.left)) == sorted(input.lefts.flatMap(\.self)))
        let rights = Set(input.rights.flatMap(\.self))
        for pair in inner.records + left.records {
            guard let right = pair.right else { continue }
            #expect(right.key == pair.left?.key && rights.contains(right))
        }
        #expect(inner.records.allSatisfy { $0.right != nil } && inner.records.count > 20)
        #expect(left.records.allSatisfy { ($0.right?.value ?? 1) % 9 != 0 })
    }
}
