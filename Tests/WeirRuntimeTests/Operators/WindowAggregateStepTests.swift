import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirTesting

private typealias Result = WindowResult<Int, [Int]>

private func event(_ key: Int, _ value: Int, at time: Int64) -> Emission<Event> {
    let event = Event(key, value, at: time)
    return .record(event, at: event.at)
}

private func mark(_ time: Int64) -> Emission<Event> { .watermark(Timestamp(microseconds: time)) }

private func window(_ start: Int64, _ end: Int64) -> Window {
    Window(start: Timestamp(microseconds: start), end: Timestamp(microseconds: end))
}

private func result(_ key: Int, _ start: Int64, _ end: Int64, _ values: [Int]) -> Emission<Result> {
    let window = window(start, end)
    return .record(WindowResult(key: key, window: window, value: values), at: window.lastTimestamp)
}

@Suite struct `A window aggregate` {
    private func collecting(
        _ assigner: WindowAssigner, late: Step<Event>? = nil
    ) -> (SubtaskContext, Step<Result>) -> Step<Event> {
        { context, next in
            windowAggregateStep(
                context, into: next, late: late, assigner, Collect(\Event.value), keyOf: { $0.key }
            ) { WindowResult(key: $0, window: $1, value: $2) }
        }
    }

    private func passed(_ emissions: [Emission<Result>]) -> [Emission<Result>] {
        emissions.filter { if case .signal(.watermark) = $0 { false } else { true } }
    }

    /// Tables of so many keys have them looked up ahead.
    @Test func `counts more keys than the caches hold, in two windows at once and after a restore`()
        throws
    {
        struct Pair: Hashable {
            var key: Int
            var start: Timestamp
        }
        let keys = 110_000
        var random = SeededGenerator(seed: 5)
        func describe() -> (
            harness: PipelineHarness, input: HarnessInput<Int>, output: OutputProbe<[Int]>
        ) {
            let harness = PipelineHarness()
            let input = harness.input(of: Int.self, as: "keys")
            let output = harness.output(
                of: input.stream.keyed(by: \.self)
                    .windowed(.tumbling(.seconds(1)), late: .drop)
                    .aggregate(Count(), as: "count") { [$0, Int($1.start.microseconds), $2] },
                refusing: .everySecondCall)
            return (harness, input, output)
        }
        var expected: [Pair: Int] = [:]
        func send(_ drawn: [Int], to input: HarnessInput<Int>) throws {
            try input.send(
                drawn.map { key in
                    let isNext = Int.random(in: 0..<100, using: &random) == 0
                    let start = Timestamp.epoch + (isNext ? .seconds(1) : .zero)
                    expected[Pair(key: key, start: start), default: 0] += 1
                    return (key, at: start + .milliseconds(key % 1_000))
                })
        }
        let first = describe()
        for start in stride(from: 0, to: keys, by: 1_000) {
            try send(Array(start..<start + 1_000), to: first.input)
        }
        let saved = try first.harness.snapshot()
        // After the snapshot pages are copied before they are changed.
        let before = expected
        try send((0..<1_000).map { _ in .random(in: 0..<keys, using: &random) }, to: first.input)
        expected = before
        let second = describe()
        try second.harness.restore(from: saved)
        for _ in 0..<20 {
            // Among them some that come first here, and some that come twice in a batch.
            try send(
                (0..<1_000).map { _ in .random(in: 0..<keys + 5_000, using: &random) },
                to: second.input)
        }
        try second.input.end()
        var found: [Pair: Int] = [:]
        for row in second.output.records {
            found[Pair(key: row[0], start: Timestamp(microseconds: Int64(row[1])))] = row[2]
        }
        #expect(found == expected)
        #expect(found.count > keys && second.output.records.count == found.count)
    }

    @Test func `emits a tumbling window once the watermark passes its end, and before the mark`()
        throws
    {
        let found = try verify(
            [
                event(1, 10, at: 0), event(2, 20, at: 9), event(1, 11, at: 9), event(1, 12, at: 10),
                mark(8), event(2, 21, at: 3), mark(9), mark(20), .end,
            ], collecting(.tumbling(.microseconds(10))))
        #expect(
            found == [
                .watermark(Timestamp(microseconds: 8)), result(1, 0, 10, [10, 11]),
                result(2, 0, 10, [20, 21]), .watermark(Timestamp(microseconds: 9)),
                result(1, 10, 20, [12]), .watermark(Timestamp(microseconds: 20)), .end,
            ])
    }

    @Test func `gives each sliding window all its records, the older first`() throws {
        let found = try verify(
            [
                event(1, 10, at: 5), event(1, 11, at: 12), mark(14), event(1, 12, at: 16),
                event(2, 20, at: 23), .end,
            ], restoring: .anyBetweenMarks,
            collecting(.sliding(.microseconds(10), every: .microseconds(5))))
        #expect(
            passed(found) == [
                result(1, 0, 10, [10]), result(1, 5, 15, [10, 11]), result(1, 10, 20, [11, 12]),
                result(1, 15, 25, [12]), result(2, 15, 25, [20]), result(2, 20, 30, [20]), .end,
            ])
    }

    @Test func `filters records between windows that have gaps`() throws {
        let input = [
            event(1, 1, at: 2), event(1, 2, at: 3), event(1, 3, at: 9), event(1, 4, at: 11),
        ]
        let assigner = WindowAssigner.sliding(.microseconds(3), every: .microseconds(10))
        let found = try verify(input + [.end], collecting(assigner))
        #expect(found == [result(1, 0, 3, [1]), result(1, 10, 13, [4]), .end])
        let harness = try StepHarness(.forTesting(), collecting(assigner))
        try harness.send(input.compactMap(\.record).map { ($0, at: $0.at) })
        #expect(harness.context.counters.filtered.current == 2)
    }

    @Test func `shifts windows by the offset, before 1970 too`() throws {
        let found = try verify(
            [
                event(1, 1, at: -8), event(1, 2, at: -7), event(1, 3, at: 2), event(1, 4, at: 3),
                .end,
            ],
            collecting(.tumbling(.microseconds(10), offset: .microseconds(3))))
        #expect(
            found == [
                result(1, -17, -7, [1]), result(1, -7, 3, [2, 3]), result(1, 3, 13, [4]), .end,
            ])
    }

    @Test(arguments: Refusal.allCases)
    func `sends late records to their side output, with their times, and counts them`(
        refusal: Refusal
    ) throws {
        let late = OutputProbe<Event>(refusing: refusal)
        let harness = try StepHarness(
            .forTesting(), refusing: refusal,
            collecting(.sliding(.microseconds(10), every: .microseconds(5)), late: late.step))
        let events = [
            Event(1, 1, at: 20), Event(1, 2, at: 9), Event(1, 3, at: 10), Event(1, 4, at: 4),
        ]
        try harness.advanceWatermark(to: Timestamp(microseconds: 14))
        // Through 14, the windows that end at 10 and 15 are closed: 9 was in both, 10 is in one more.
        try harness.send(events.map { ($0, at: $0.at) })
        try harness.send(.end)
        #expect(
            late.emissions == [
                .watermark(Timestamp(microseconds: 14)),
                .record(events[1], at: events[1].at), .record(events[3], at: events[3].at), .end,
            ])
        #expect(
            passed(harness.emissions) == [
                result(1, 10, 20, [3]), result(1, 15, 25, [1]), result(1, 20, 30, [1]), .end,
            ])
        let counters = harness.context.counters
        #expect(counters.late.current == 2 && counters.received.current == 4)
        #expect(counters.held.current == 0 && counters.passed.current == 2)
    }

    @Test func `holds what is in open windows, and nothing when they have closed`() throws {
        let harness = try StepHarness(.forTesting(), collecting(.tumbling(.microseconds(10))))
        for time in 0..<25 as Range<Int64> {
            let event = Event(Int(time % 4), 1, at: time)
            try harness.send(event, at: event.at)
        }
        let counters = harness.context.counters
        #expect(counters.held.current == 25 && counters.passed.current == 0)
        try harness.advanceWatermark(to: Timestamp(microseconds: 19))
        #expect(counters.held.current == 5 && counters.passed.current == 20)
        try harness.send(.end)
        #expect(counters.held.current == 0 && counters.passed.current == 25)
    }

    @Test func `never puts out more rows in a batch than it should`() throws {
        for keys in [1, 7] {
            let harness = try StepHarness(
                .forTesting(batchSize: 4), collecting(.tumbling(.microseconds(1))))
            for time in 0..<200 as Range<Int64> {
                for key in 0..<keys {
                    let event = Event(key, 1, at: time)
                    try harness.send(event, at: event.at)
                }
            }
            try harness.send(.end)
            #expect(harness.records.count == 200 * keys)
            #expect(harness.output.batchSizes.allSatisfy { $0 <= 4 })
        }
    }

    @Test func `frees a window's state after its results and the mark have gone on`() throws {
        let log = Locked<[String]>([])
        final class Kept: Sendable {
            let log: Locked<[String]>
            init(_ log: Locked<[String]>) { self.log = log }
            deinit { log.withLock { $0.append("freed") } }
        }
        func note(_ line: String) -> Progress {
            log.withLock { $0.append(line) }
            return .done
        }
        let next = Step<Int>(
            process: { batch in
                defer { batch.removeAll() }
                return note("\(batch.count) rows")
            },
            signal: { _ in note("mark") }, resume: { .done })
        let step = windowAggregateStep(
            .forTesting(), into: next, late: nil, .tumbling(.microseconds(10)),
            Fold(
                [Kept](), add: { kept, _ in kept.append(Kept(log)) }, merge: { $0 += $1 }),
            keyOf: { (event: Event) in event.key }
        ) { _, _, kept in kept.count }
        let harness = InputDriver(step, in: .forTesting())
        for time in [0, 10, 20] as [Int64] {
            let event = Event(1, 1, at: time)
            try harness.send(event, at: event.at)
        }
        try harness.send(.watermark(Timestamp(microseconds: 9)))
        #expect(log.withLock { $0 } == ["1 rows", "mark", "freed"])
        // Of windows that are due together, one is freed before the next is looked at.
        try harness.send(.watermark(Timestamp(microseconds: 29)))
        #expect(log.withLock { $0 }[3...] == ["freed", "2 rows", "mark", "freed"])
    }

    @Test func `says on what record and in what operator its function failed`() throws {
        let harness = try StepHarness<Event, Int> { context, next in
            windowAggregateStep(
                context, into: next, late: nil, .tumbling(.microseconds(10)),
                Fold(
                    0,
                    add: { (sum: inout Int, event: Event) throws in
                        if event.value == 3 { throw TestError("unlucky") }
                        sum += event.value
                    }, merge: { $0 += $1 }), keyOf: { $0.key }
            ) { _, _, sum in sum }
        }
        let error = #expect(throws: OperatorFailure.self) {
            try harness.send((0..<5).map { (Event(1, $0, at: 0), at: .epoch) })
        }
        #expect(
            error.map { "\($0)" }
                == "job 'test', operator 'step', subtask 0, on the record 1:3@0: unlucky")
    }

    @Test(arguments: [0, 3, 5] as [Int64], [Int64.min, .min + 7, .max - 7, .max])
    func `ends, whatever the time of a record`(offset: Int64, time: Int64) throws {
        for assigner in [
            WindowAssigner.tumbling(.microseconds(10), offset: .microseconds(offset)),
            .sliding(.microseconds(15), every: .microseconds(10), offset: .microseconds(offset)),
            .sliding(.microseconds(10), every: .microseconds(15), offset: .microseconds(offset)),
        ] {
            let harness = try StepHarness(.forTesting(), collecting(assigner))
            for _ in 0..<3 {
                let event = Event(1, 1, at: time)
                try harness.send(event, at: event.at)
            }
            for mark in [Int64.min, 0, .max] {
                try harness.advanceWatermark(to: Timestamp(microseconds: mark))
            }
            try harness.send(.end)
            let counters = harness.context.counters
            let accounted =
                counters.passed.current + counters.late.current + counters.filtered.current
            #expect(accounted == 3 && counters.held.current == 0)
        }
    }
}
