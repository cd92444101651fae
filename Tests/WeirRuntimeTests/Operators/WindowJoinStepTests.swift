import Testing
import WeirCore
import WeirRuntime
import WeirTesting

@Suite struct `A window join` {
    private typealias Input = PortEmission<Event, Event>

    private func joining(
        _ kind: JoinKind, _ assigner: WindowAssigner = .tumbling(.microseconds(10)),
        late: Step<JoinSide<Event, Event>>? = nil
    ) -> (SubtaskContext, Step<String>) -> (Step<Event>, Step<Event>) {
        { context, next in
            let steps = windowJoinSteps(
                context, into: next, late: late, Windowing(assigner), kind,
                leftKey: { (event: Event) in event.key },
                rightKey: { (event: Event) in event.key }
            ) { (left: Event?, right: Event?) in
                let text = { (event: Event?) in event.map { "\($0.value)" } ?? "-" }
                return "\((left ?? right)?.key ?? -1):\(text(left))\(text(right))"
            }
            return (steps.left, steps.right)
        }
    }

    private func left(_ key: Int, _ value: Int, at time: Int64 = 0) -> Input {
        .left(.record(Event(key, value, at: time), at: Timestamp(microseconds: time)))
    }
    private func right(_ key: Int, _ value: Int, at time: Int64 = 0) -> Input {
        .right(.record(Event(key, value, at: time), at: Timestamp(microseconds: time)))
    }
    private let ends: [Input] = [.left(.end), .right(.end)]

    @Test(
        arguments: zip(
            [JoinKind.inner, .left, .right, .full],
            [[], ["2:3-"], ["3:-7"], ["2:3-", "3:-7"]]))
    func `pairs what has one key and window, and shows the lonely as its kind says`(
        kind: JoinKind, lonely: [String]
    ) throws {
        let input = [left(1, 1), left(1, 2), right(1, 5), left(2, 3), right(3, 7), right(1, 6)]
        let found = try verify(input + ends, joining(kind))
        let pairs = ["1:15", "1:16", "1:25", "1:26"]
        #expect(found.compactMap(\.record) == pairs + lonely)
        #expect(found.last == .end)
    }

    @Test func `waits for the lower watermark of its two sides`() throws {
        let harness = try TwoPortHarness(.forTesting(), joining(.inner))
        let early = Event(1, 1, at: 0)
        try harness.left.send(early, at: early.at)
        try harness.right.send(early, at: early.at)
        try harness.left.send(.watermark(Timestamp(microseconds: 50)))
        #expect(harness.output.emissions == [])
        try harness.right.send(.watermark(Timestamp(microseconds: 20)))
        #expect(
            harness.output.emissions == [
                .record("1:11", at: Timestamp(microseconds: 9)),
                .watermark(Timestamp(microseconds: 20)),
            ])
        try harness.right.send(.end)
        #expect(harness.output.signals.last == .watermark(Timestamp(microseconds: 50)))
        try harness.left.send(.end)
        #expect(harness.output.signals.last == .end)
    }

    @Test func `goes on without a side that is idle`() throws {
        let harness = try TwoPortHarness(.forTesting(), joining(.left))
        let event = Event(1, 1, at: 0)
        try harness.left.send(event, at: event.at)
        try harness.right.send(.idle)
        try harness.left.send(.watermark(Timestamp(microseconds: 9)))
        #expect(harness.output.records == ["1:1-"])
    }

    @Test func `puts out a large product in batches, in order, against a slow output`() throws {
        let input = (0..<70).map { left(1, $0) } + (0..<80).map { right(1, $0) }
        let harness = try TwoPortHarness(
            .forTesting(batchSize: 16), refusing: .everySecondCall, joining(.inner))
        for item in input {
            if case .left(.record(let event, let time)) = item {
                try harness.left.send(event, at: time)
            }
            if case .right(.record(let event, let time)) = item {
                try harness.right.send(event, at: time)
            }
        }
        try harness.left.send(.end)
        try harness.right.send(.end)
        #expect(
            harness.output.records
                == (0..<70).flatMap { left in (0..<80).map { "1:\(left)\($0)" } })
        #expect(harness.output.batchSizes.allSatisfy { $0 <= 16 })
        #expect(harness.context.counters.held.current == 0)
    }

    @Test func `joins each sliding window on its own`() throws {
        let input = [left(1, 1, at: 2), right(1, 5, at: 7), right(1, 6, at: 12)]
        let found = try verify(
            input + ends, joining(.full, .sliding(.microseconds(10), every: .microseconds(5))))
        #expect(
            found == [
                .record("1:1-", at: Timestamp(microseconds: 4)),
                .record("1:15", at: Timestamp(microseconds: 9)),
                .record("1:-5", at: Timestamp(microseconds: 14)),
                .record("1:-6", at: Timestamp(microseconds: 14)),
                .record("1:-6", at: Timestamp(microseconds: 19)), .end,
            ])
    }

    @Test func `tells the sides of late records apart`() throws {
        let late = OutputProbe<JoinSide<Event, Event>>(refusing: .everySecondCall)
        let harness = try TwoPortHarness(.forTesting(), joining(.inner, late: late.step))
        for port in [harness.left, harness.right] {
            try port.send(.watermark(Timestamp(microseconds: 30)))
        }
        try harness.left.send(Event(1, 1, at: 5), at: Timestamp(microseconds: 5))
        try harness.right.send(Event(1, 2, at: 6), at: Timestamp(microseconds: 6))
        let sides = late.records.map { side in
            switch side {
            case .left(let event): "left \(event)"
            case .right(let event): "right \(event)"
            }
        }
        #expect(sides == ["left 1:1@5", "right 1:2@6"])
        #expect(harness.context.counters.late.current == 2)
    }
}
