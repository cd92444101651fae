import Testing
import WeirCore
import WeirTesting

@testable import WeirRuntime
@testable import WeirState

@Suite struct `Windows of each key` {
    private static let windowings: [EventWindowing] = [
        EventWindowing(.session(gap: .microseconds(7))).with(lateness: 20),
        EventWindowing(.sliding(.microseconds(9), every: .microseconds(4)))
            .with(lateness: 10, PaneTrigger(early: .everyRecords(3)), .discarding),
        EventWindowing(.cumulative(.microseconds(12), every: .microseconds(4))).with(lateness: 5),
        EventWindowing(.cumulative(.microseconds(12), every: .microseconds(4))),
        EventWindowing(.tumbling(.microseconds(10)))
            .with(lateness: 8, PaneTrigger(early: .every(.microseconds(3), in: .eventTime))),
        EventWindowing(.counted(size: 6, slide: 4)),
        EventWindowing(.global).with(PaneTrigger(early: .everyRecords(5))),
    ]

    private static func input(seed: UInt64) -> [Emission<Event>] {
        var random = SeededGenerator(seed: seed)
        var time: Int64 = 0
        return (0..<120).map { number in
            if Int.random(in: 0..<8, using: &random) == 0 {
                time += .random(in: 0...15, using: &random)
                return .watermark(Timestamp(microseconds: time))
            }
            let event = Event(
                .random(in: 0..<4, using: &random), number,
                at: time + .random(in: -15...15, using: &random))
            return .record(event, at: event.at)
        } + [.end]
    }

    @Test(arguments: windowings, [1, 2, 3] as [UInt64])
    func `put out the same whatever is refused and however records are batched`(
        windowing: EventWindowing, seed: UInt64
    ) throws {
        // Where windows overlap, keys come in the order in which their slices were merged last.
        let isSliding = windowing.sliced.map { !$0.isTumbling } ?? false
        let found = try verify(
            Self.input(seed: seed), restoring: isSliding ? .anyBetweenMarks : .same,
            collectingStep(windowing))
        #expect(found.compactMap(\.record).count > 20)
    }

    @Test func `yield and go on when a mark fires more than a turn may put out`() throws {
        let windowing = EventWindowing(.session(gap: .microseconds(10)))
        let harness = try StepHarness(.forTesting(batchSize: 4), collectingStep(windowing))
        try harness.send((0..<1_000).map { (Event($0, $0, at: 0), at: .epoch) })
        try harness.advanceWatermark(to: Timestamp(microseconds: 9))
        #expect(harness.records.count == 1_000 && harness.input.suspensions >= 7)
        #expect(harness.output.batchSizes.allSatisfy { $0 <= 4 })
        #expect(harness.output.signals == [.watermark(Timestamp(microseconds: 9))])
    }

    /// Every third record or so is too old; the others put out a pane each, which is refused.
    @Test(arguments: [
        EventWindowing(.session(gap: .microseconds(7)))
            .with(lateness: 5, PaneTrigger(early: .eachRecord)),
        EventWindowing(.counted(size: 1, slide: 1)), EventWindowing(.counted(size: 1, slide: 2)),
    ])
    func `keep the ledger balanced while records wait for the output`(
        windowing: EventWindowing
    ) throws {
        let context = SubtaskContext.forTesting(batchSize: 1)
        let output = OutputProbe<PaneRow>(refusing: .always)
        let step = collectingStep(windowing)(context, output.step)
        func isBalanced() -> Bool {
            let counters = context.counters
            return counters.received.current
                == counters.passed.current + counters.filtered.current + counters.late.current
                + counters.held.current
        }
        var progress = try step.signal(.watermark(Timestamp(microseconds: 50)))
        while progress != .done { progress = try step.resume() }
        var batch = Batch<Event>()
        for number in 0..<9 {
            let time = Int64(number % 3 == 0 ? 10 : 60)
            batch.append(Event(1, number, at: time), at: Timestamp(microseconds: time))
        }
        progress = try step.process(&batch)
        #expect(isBalanced() && progress == .suspended)
        while progress != .done {
            progress = try step.resume()
            #expect(isBalanced())
        }
        progress = try step.signal(.end)
        while progress != .done { progress = try step.resume() }
        #expect(isBalanced() && context.counters.held.current == 0)
    }

    private typealias Operator = WindowOperator<Event, Int, Collect<Event, Int>, PaneRow>

    private func make(
        _ windowing: EventWindowing, _ context: SubtaskContext = .forTesting()
    ) throws -> (Operator, StepHarness<Event, PaneRow>) {
        let late: Step<Event>? = nil
        var made: Operator?
        let harness = try StepHarness<Event, PaneRow>(context) { context, next in
            let outputs = MainAndLateOutput(main: next, late: late, counters: context.counters)
            let panes = PaneOutput<Int, [Int], PaneRow, Event>(outputs, batchSize: 64) {
                key, window, pane, values, _, output, _ in
                output.append(PaneRow(key, window, pane, values), at: window.lastTimestamp)
                return true
            }
            let state = Operator(
                windowing, Collect(\.value), context: context, keyOf: \.key,
                usual: usualRowLoop(by: { $0.key }, Collect<Event, Int>.self, PaneRow.self),
                panes: panes)
            made = state
            return Step(
                process: { try state.process(&$0) }, signal: { try state.signal($0) },
                resume: { .done })
        }
        return (try #require(made), harness)
    }

    @Test(arguments: windowings)
    func `leave no state and no timer behind once they have closed`(windowing: EventWindowing)
        throws
    {
        if case .counted = windowing.windows { return }
        let (state, harness) = try make(windowing)
        for key in 0..<600 {
            try harness.send(Event(key, key, at: Int64(key % 30)))
            try harness.send(Event(key, key + 1, at: Int64(key % 30) + 3))
        }
        #expect(state.keyCount == 600 && state.timerCount >= 600)
        // The global window goes with the input; all others when their lateness is over.
        if state.windowing.needsWatermarks {
            try harness.advanceWatermark(to: Timestamp(microseconds: 100))
        } else {
            try harness.send(.end)
        }
        #expect(state.keyCount == 0 && state.timerCount == 0)
    }

    @Test func `keep memory flat over keys that never come again`() throws {
        let (state, harness) = try make(
            EventWindowing(.session(gap: .microseconds(10))).with(lateness: 10))
        var most = 0
        for round in 0..<200 as Range<Int64> {
            let keys = Int(round) * 100..<Int(round + 1) * 100
            let events = keys.map { Event($0, 1, at: round * 10) }
            try harness.send(events.map { ($0, at: $0.at) })
            try harness.advanceWatermark(to: Timestamp(microseconds: round * 10))
            most = max(most, state.keyCount, state.timerCount)
            harness.output.removeAll()
        }
        // A window lives for twenty microseconds, in which two rounds more come.
        #expect(most <= 400)
        #expect(state.table.pageCount <= 4)
    }

    @Test func `keep one timer for a session, however many records it has`() throws {
        let (state, harness) = try make(EventWindowing(.session(gap: .microseconds(10))))
        for time in 0..<500 as Range<Int64> {
            let event = Event(1, 1, at: time)
            try harness.send(event, at: event.at)
            if time % 50 == 0 {
                try harness.advanceWatermark(to: Timestamp(microseconds: time - 5))
            }
            #expect(state.timerCount == 1)
        }
    }
}
