import Testing
import WeirCore
import WeirTesting

@testable import WeirRuntime

@Suite struct `Records of their key's latest window` {
    private func tumbling(_ size: Int64, lateness: Int64) -> EventWindowing {
        EventWindowing(.tumbling(.microseconds(size))).with(lateness: lateness)
    }

    @Test func `are told for sessions and tumbling windows without a trigger`() {
        #expect(EventWindowing(.session(gap: .seconds(1))).usual != nil)
        #expect(tumbling(10, lateness: 5).usual != nil)
        let slide = Duration.microseconds(5)
        #expect(EventWindowing(.sliding(.microseconds(10), every: slide)).usual == nil)
        let rule = PaneTrigger<Event>(early: .everyRecords(3))
        #expect(EventWindowing(.session(gap: .seconds(1))).with(rule).usual == nil)
    }

    @Test func `fall into windows of today's length where one of another was restored`() throws {
        let old = try WindowScenario(tumbling(1_000, lateness: 10))
        try old.send((100, 1))
        let new = try WindowScenario(tumbling(10, lateness: 10))
        try new.harness.restore(from: old.harness.snapshot())
        try new.send((503, 2), (504, 3), (512, 4), (505, 5))
        #expect(
            try new.watermark(2_000).sorted() == [
                PaneRow(1, 500, 510, [2, 3, 5]), PaneRow(1, 510, 520, [4]),
                PaneRow(1, 0, 1_000, [1]),
            ])
    }

    @Test func `fall into the same windows in any order, at the end of time too`() throws {
        let latest = Timestamp.latest.microseconds
        for records in [
            [(latest - 1, 1), (latest - 9_000_000, 2)],
            [(latest - 14_000_000, 1), (latest - 2, 2)],
        ] {
            let results = try [records, records.reversed()].map { records in
                let scenario = try WindowScenario(tumbling(10_000_000, lateness: 20))
                try scenario.send(records.map { Event(1, $0.1, at: $0.0) })
                return try scenario.end().sorted()
            }
            #expect(results[0] == results[1] && results[0].flatMap(\.values).sorted() == [1, 2])
        }
    }

    /// Each key against a model of its own.
    @Test(arguments: [EventWindowing(.session(gap: .microseconds(40))), nil])
    func `fall into the windows of their keys, of which there are many`(
        windowing: EventWindowing?
    ) throws {
        var random = SeededGenerator(seed: 11)
        let scenario = try WindowScenario(windowing ?? tumbling(60, lateness: 10))
        let keyCount = 300
        var models = (0..<keyCount).map { _ in
            windowing == nil
                ? WindowModel(
                    .sliding(size: 60, slide: 60, offset: 0), domain: .eventTime, lateness: 10,
                    early: nil, late: .eachRecord, panes: .accumulating)
                : WindowModel(
                    .sessions(gap: 40), domain: .eventTime, lateness: 0, early: nil,
                    late: .eachRecord, panes: .accumulating)
        }
        var rowCount = 0
        var key = 0
        for turn in 0..<12 as Range<Int64> {
            let events = (0..<keyCount).map { number in
                // Some follow another of their key, others do not.
                if Bool.random(using: &random) { key = .random(in: 0..<keyCount, using: &random) }
                return Event(
                    key, number,
                    at: turn * 20 + .random(in: -15...20, using: &random))
            }
            for event in events { models[event.key].add(event) }
            var rows = try scenario.send(events)
            for key in models.indices { models[key].advance(.eventTime, to: turn * 20) }
            rows += try scenario.watermark(turn * 20)
            let expected = models.flatMap(\.rows)
            for key in models.indices { models[key].rows = [] }
            try #require(rows.sorted() == expected.sorted(), "turn \(turn)")
            rowCount += rows.count
        }
        for key in models.indices { models[key].advance(.eventTime, to: .max, isEnd: true) }
        #expect(try scenario.end().sorted() == models.flatMap(\.rows).sorted())
        #expect(rowCount > 100 && scenario.counters.held.current == 0)
        #expect(scenario.late.records.count == models.reduce(0) { $0 + $1.late.count })
    }

    /// Against the number of records that are collected.
    @Test(arguments: [
        EventWindowing(.session(gap: .microseconds(40))),
        EventWindowing(.tumbling(.microseconds(60))),
        EventWindowing(.tumbling(.microseconds(60))).with(lateness: 30),
        EventWindowing(.sliding(.microseconds(60), every: .microseconds(20))),
        EventWindowing(.sliding(.microseconds(60), every: .microseconds(20))).with(lateness: 30),
    ])
    func `are counted unseen as they are when they are looked at`(
        windowing: EventWindowing
    ) throws {
        let collecting = try WindowScenario(windowing)
        let counts = [Count<Event>(), Count { _ in true }]
        #expect(counts.map(\.takesUnseen) == [true, false])
        let counting = try counts.map { count in
            try StepHarness<Event, PaneRow> { context, next in
                if let assigner = windowing.sliced {
                    return windowAggregateStep(
                        context, into: next, late: nil, assigner, count, keyOf: { $0.key }
                    ) { PaneRow($0, $1, .single, [$2]) }
                }
                return windowOperatorStep(
                    context, into: next, late: nil, windowing, count, keyOf: { $0.key }
                ) { PaneRow($0, $1, $2, [$3]) }
            }
        }
        var random = SeededGenerator(seed: 5)
        var rowCount = 0
        for turn in 0..<20 as Range<Int64> {
            let events = (0..<100).map { number in
                Event(
                    number / 3 % 7 + Int(turn / 4) * 7, number,
                    at: turn * 20 + .random(in: -15...20, using: &random))
            }
            var expected = try collecting.send(events) + collecting.watermark(turn * 20)
            for row in expected.indices { expected[row].values = [expected[row].values.count] }
            for harness in counting {
                try harness.send(events.map { ($0, at: $0.at) })
                try harness.advanceWatermark(to: Timestamp(microseconds: turn * 20))
                #expect(harness.records.sorted() == expected.sorted())
                harness.output.removeAll()
            }
            rowCount += expected.count
        }
        #expect(rowCount > 20)
    }

    struct Limit: Error, Equatable {}

    @Test(arguments: [1, 2_000])
    func `name the record whose aggregate throws`(keyCount: Int) throws {
        let windowing = EventWindowing(.session(gap: .seconds(1)))
        let harness = try StepHarness<Event, Int> { context, next in
            windowOperatorStep(
                context, into: next, late: nil, windowing,
                Fold<Event, Int, Int>(0) { sum, event in
                    if event.value < 0 { throw Limit() }
                    sum += event.value
                } merge: {
                    $0 += $1
                }, keyOf: { $0.key }
            ) { $3 }
        }
        let first = (0..<keyCount).map { Event($0, 1, at: 5) }
        try harness.send(first.map { ($0, at: $0.at) })
        let failing = [Event(0, 2, at: 6), Event(0, -1, at: 7), Event(0, 4, at: 8)]
        let error = #expect(throws: OperatorFailure.self) {
            try harness.send(failing.map { ($0, at: $0.at) })
        }
        #expect(error?.record == "0:-1@7")
        #expect(error?.cause as? Limit == Limit())
    }
}
