import Testing
import WeirCore
import WeirGraph
import WeirTesting

@testable import WeirRuntime
@testable import WeirState

/// Answers, with each record and at the end of each ten microseconds, what it knows of the key.
private struct Sums: KeyedProcessFunction {
    struct State: Codable, Equatable {
        var sum = 0
        var seen = ReducingState<Int>()
    }
    let initialState = State()

    func process(_ record: Event, state: inout State, context: KeyedContext<Int, String>) {
        state.sum += record.value
        state.seen.add(record.value, by: max)
        let end = Timestamp(microseconds: (context.time.microseconds / 10 + 1) * 10)
        context.registerEventTimeTimer(at: end)
        context.registerProcessingTimeTimer(at: end)
    }
    func onTimer(_ timer: FiredTimer, state: inout State, context: KeyedContext<Int, String>) {
        let clock = timer.domain == .eventTime ? "event" : "clock"
        context.emit(
            "\(context.key) \(clock) \(timer.time.microseconds): \(state.sum) \(state.seen.value ?? -1)"
        )
    }
}

@Suite struct `Keyed state at another parallelism` {
    private typealias Make<Output> = (SubtaskContext, Step<Output>) throws -> Step<Event>

    private func input(seed: UInt64) -> [Emission<Event>] {
        var random = SeededGenerator(seed: seed)
        var time: Int64 = 0
        return (0..<300).map { number in
            if number % 11 == 10 {
                time += .random(in: 0...9, using: &random)
                return .watermark(Timestamp(microseconds: time))
            }
            let event = Event(
                .random(in: 0..<25, using: &random), number,
                at: time + .random(in: -8...25, using: &random))
            return .record(event, at: event.at)
        } + [.end]
    }

    /// Runs the input over so many subtasks, each of which gets its keys and every mark; where the
    /// number changes, all are saved and others take their place.
    private func run<Output: Comparable>(
        _ input: [Emission<Event>], parallelisms: [Int], _ make: Make<Output>
    ) throws -> (records: [Output], counts: [Int]) {
        var records: [Output] = []
        var harnesses: [StepHarness<Event, Output>] = []
        var time = Timestamp.epoch
        let share = (input.count + parallelisms.count - 1) / parallelisms.count
        for (index, parallelism) in parallelisms.enumerated() {
            let saved = try harnesses.map { try $0.snapshot() }
            records += harnesses.flatMap(\.records)
            harnesses = try (0..<parallelism).map { subtask in
                let harness = try StepHarness<Event, Output>(
                    .forTesting(
                        batchSize: 4, subtask: subtask, parallelism: parallelism, now: time),
                    make)
                try harness.restore(from: saved)
                return harness
            }
            for item in input.dropFirst(index * share).prefix(share) {
                time = time.advanced(byMicroseconds: 1)
                for (subtask, harness) in harnesses.enumerated() {
                    try harness.advanceProcessingTime(to: time)
                    switch item {
                    case .signal(let signal): try harness.send(signal)
                    case .record(let event, let at):
                        let owner = KeyOwnership(subtask: subtask, parallelism: parallelism)
                        if owner.owns(hash: event.key.stableHash) {
                            try harness.send(event, at: at)
                        }
                    }
                }
            }
        }
        records += harnesses.flatMap(\.records)
        let counts = harnesses.reduce(into: [0, 0, 0]) { sums, harness in
            let counters = harness.context.counters
            sums[0] += counters.received.current
            sums[1] += counters.accountedFor
            sums[2] += counters.held.current
        }
        return (records.sorted(), counts)
    }

    private func check<Output: Comparable>(seed: UInt64, _ make: Make<Output>) throws {
        let input = input(seed: seed)
        let received = input.compactMap(\.record).count
        let straight = try run(input, parallelisms: [1], make)
        #expect(straight.records.count > 20)
        for parallelisms in [[1, 3, 2], [2, 1, 5, 3]] {
            let found = try run(input, parallelisms: parallelisms, make)
            #expect(found.records == straight.records, "\(parallelisms)")
            #expect(found.counts == [received, received, 0])
        }
    }

    @Test(
        arguments: [
            EventWindowing(.tumbling(.microseconds(10))),
            EventWindowing(.sliding(.microseconds(20), every: .microseconds(10))),
            EventWindowing(.session(gap: .microseconds(4))).with(lateness: 10),
            EventWindowing(.tumbling(.microseconds(10)))
                .with(lateness: 8, PaneTrigger(early: .every(.microseconds(3), in: .eventTime))),
            EventWindowing(.tumbling(.microseconds(10)))
                .with(PaneTrigger(early: .every(.microseconds(30), in: .processingTime))),
        ], [1, 2] as [UInt64])
    func `gives the same windows`(windowing: EventWindowing, seed: UInt64) throws {
        try check(seed: seed, collectingStep(windowing))
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func `gives the same sums and timers of a process function`(seed: UInt64) throws {
        let make: Make<String> = { context, next in
            try keyedProcessStep(context, into: [AnyStep(next)], Sums(), keyOf: { $0.key })
        }
        try check(seed: seed, make)
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func `gives the same first records`(seed: UInt64) throws {
        let make: Make<Event> = { context, next in
            firstRecordStep(
                context, into: next, .first, keeping: .for(.microseconds(12)), keyOf: { $0.key })
        }
        try check(seed: seed, make)
    }

    /// Changes are held back across the checkpoints, so that rows and what was put out of them differ.
    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func `leaves the same table, whose changes fit one another`(seed: UInt64) throws {
        let input = input(seed: seed)
        var views: [TableView<Int, Total>] = []
        for parallelisms in [[1], [1, 3, 2], [2, 1, 5, 3]] {
            var view = TableView<Int, Total>()
            var changes: [KeyedChange<Int, Total>] = []
            let make: Make<Int> = { context, next in
                let probe = OutputProbe<KeyedChange<Int, Total>>()
                let step: Step<Event> = try testedStep(context, probe.step) {
                    _ = $0.keyed(by: \.key).aggregate(
                        Count(), Sum(\.value), keeping: .forever,
                        emitting: .atMost(records: 7, within: .microseconds(1_000)), as: "tested"
                    ) { Total(key: $0, count: $1, sum: $2) }
                }
                func take() {
                    changes += probe.records
                    probe.removeAll()
                }
                return Step<Event>(
                    process: {
                        defer { take() }
                        return try step.process(&$0)
                    },
                    signal: {
                        defer { take() }
                        _ = try step.signal($0)
                        return try next.signal($0)
                    },
                    resume: {
                        defer { take() }
                        return try step.resume()
                    })
            }
            _ = try run(input, parallelisms: parallelisms, make)
            for change in changes { try view.applyChecked(change) }
            views.append(view)
        }
        #expect(views[0].rows.count > 20)
        #expect(views[1].rows == views[0].rows && views[2].rows == views[0].rows)
    }
}
