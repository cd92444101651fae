import Testing
import WeirCore
import WeirGraph
import WeirTesting

@testable import WeirRuntime

@Suite struct `An unbounded semi join` {
    private func joining(
        _ context: SubtaskContext, _ next: Step<Event>
    ) -> (left: Step<Event>, right: Step<Event>) {
        unboundedSemiJoinSteps(
            context, into: next, leftKey: { (event: Event) in event.key },
            rightKey: { (event: Event) in event.key })
    }

    @Test func `puts a record out once, as soon as it and a partner have come`() throws {
        let input = [
            left(1, 1, at: 5), left(1, 2, at: 9), right(1, 3, at: 7), right(1, 4, at: 8),
            left(1, 5, at: 2), left(2, 6, at: 1),
        ]
        let run = try JoinRun(input.toTheEnd) { context, next, _ in joining(context, next) }
        #expect(run.rows.map(\.description) == ["1:1@5 at 7", "1:2@9 at 9", "1:5@2 at 7"])
    }

    @Test func `puts out what waited in batches, in order, against a slow output`() throws {
        let harness = try TwoPortHarness<Event, Event, Event>(
            .forTesting(batchSize: 16), refusing: .everySecondCall, joining)
        for number in 0..<100 { try harness.send(left(number % 2, number)) }
        try harness.right.send([
            (Event(1, 0, at: 0), at: .epoch), (Event(0, 0, at: 0), at: .epoch),
        ])
        #expect(
            harness.records.map(\.value)
                == Array(stride(from: 1, to: 100, by: 2)) + Array(stride(from: 0, to: 100, by: 2)))
        #expect(harness.output.batchSizes.allSatisfy { $0 <= 16 })
        #expect(harness.context.counters.held.current == 0)
    }

    @Test func `puts out what a naive model does`() throws {
        var total = 0
        for seed in 0..<joinCaseCount {
            var scenario = JoinScenario(seed: seed)
            // Records behind the watermark count too, and come out behind it.
            scenario.inputs.removeAll {
                switch $0 {
                case .left(.signal(.watermark)), .right(.signal(.watermark)): true
                default: false
                }
            }
            let run = try JoinRun(
                scenario, batchSize: 1 + Int(seed % 7), refusing: Refusal.allCases[Int(seed % 3)]
            ) { context, next, _ in joining(context, next) }
            var (lefts, keys) = ([Event](), Set<Int>())
            for input in scenario.inputs {
                switch input {
                case .left(.record(let event, _)): lefts.append(event)
                case .right(.record(let event, _)): keys.insert(event.key)
                default: break
                }
            }
            let expected = lefts.filter { keys.contains($0.key) }
            #expect(sorted(run.rows.map(\.row)) == sorted(expected), "seed \(seed)")
            total += expected.count
            if seed % 60 == 0 { try verify(scenario.inputs, joining) }
        }
        #expect(total > joinCaseCount)
    }

    @Test(arguments: [1, 2, 7])
    func `joins in a job as a naive model does`(parallelism: Int) throws {
        let input = JoinJobInput(seed: 4)
        let rights = input.rights.map { $0.filter { $0.key < 3 } }
        let (forever, hours) = (TestSink<Event>(), TestSink<Event>())
        let plan = try plan(parallelism: parallelism) { job in
            let lefts = JoinJobInput.stream(input.lefts, of: job, as: "lefts").keyed(by: \.key)
            let others = JoinJobInput.stream(rights, of: job, as: "rights").keyed(by: \.key)
            lefts.semiJoined(with: others, keeping: .forever, as: "forever")
                .sink(to: forever, as: "forever-sink")
            lefts.semiJoined(
                with: others, keeping: .for(.microseconds(9), late: .drop), as: "hours"
            )
            .sink(to: hours, as: "hours-sink")
        }
        let summary = try run(plan, seed: 9)
        #expect(summary.ledger.imbalances == [])
        let lefts = input.lefts.flatMap(\.self)
        func expected(_ span: Int64) -> [Event] {
            lefts.filter { left in
                rights.flatMap(\.self).contains {
                    $0.key == left.key && abs($0.at.microseconds - left.at.microseconds) <= span
                }
            }
        }
        #expect(expected(9).count > 5 && expected(9).count < expected(.max).count)
        #expect(sorted(forever.records) == sorted(expected(.max)))
        #expect(sorted(hours.records) == sorted(expected(9)))
    }
}
