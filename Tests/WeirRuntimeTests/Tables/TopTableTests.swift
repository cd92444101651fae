import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirTesting

@Suite struct `The best few records of each key` {
    private func ranking(_ events: [Event], _ limit: Int) -> [RankedKey<Int>: Event] {
        var rows: [RankedKey<Int>: Event] = [:]
        for (key, ofKey) in Dictionary(grouping: events.enumerated(), by: \.element.key) {
            let sorted = ofKey.sorted {
                ($1.element.value, $0.offset) < ($0.element.value, $1.offset)
            }
            for (place, event) in sorted.prefix(limit).enumerated() {
                rows[RankedKey(key, rank: place + 1)] = event.element
            }
        }
        return rows
    }

    @Test(arguments: seeds(60))
    func `have a row for each place, the earlier first where values are equal`(
        seed: UInt64
    ) throws {
        for (limit, emitting) in zip([1, 2, 5], coalescings) {
            try checkTable(
                randomEvents(50, keys: 3, seed: seed),
                isVisible: { $0 == .end || ($0 == .flush && emitting.endsWithInput) },
                {
                    $0.keyed(by: \.key).topN(
                        limit, by: \.value, keeping: .forever, emitting: emitting, as: "tested")
                }
            ) { ranking($0.compactMap(\.record), limit) }
        }
    }

    @Test(arguments: [0, -3]) func `are at least one`(limit: Int) throws {
        let job = JobBuilder(name: "test")
        let events = job.source(TestSource<Event>([]), as: "events").keyed(by: \.key)
        let best = events.topN(limit, by: \.value, keeping: .forever, as: "best")
        best.sink(to: TestSink<KeyedChange<RankedKey<Int>, Event>>(), as: "sink")
        KeyedTable(
            trusting: job.source(TestSource<KeyedChange<Int, Event>>([]), as: "changes")
        )
        .topN(limit, by: { $0.value }, in: { $0.key % 2 }, as: "best of these")
        .sink(to: TestSink<KeyedChange<RankedKey<Int>, Event>>(), as: "other")
        let error = #expect(throws: ValidationError.self) {
            try Planner(parallelism: 1).plan(job.graph)
        }
        for name in ["best", "best of these"] {
            #expect(
                "\(try #require(error))".contains(
                    "operator '\(name)': it ranks the best \(limit). Rank at least one."))
        }
    }

    @Test func `move down for a better one, and the last of them leaves`() throws {
        let harness = try StepHarness<Event, KeyedChange<RankedKey<Int>, Int>> { context, next in
            let probe = context
            return try testedStep(probe, changed(into: next)) {
                _ = $0.keyed(by: \.key).topN(2, by: \.value, keeping: .forever, as: "tested")
            }
        }
        try harness.send([5, 3].map { (Event(1, $0, at: 0), at: .epoch) })
        try harness.send(.flush)
        try harness.send([2, 4].map { (Event(1, $0, at: 0), at: .epoch) })
        try harness.send(.flush)
        #expect(
            harness.records == [
                .init(key: RankedKey(1, rank: 1), .insert(5)),
                .init(key: RankedKey(1, rank: 2), .insert(3)),
                .init(key: RankedKey(1, rank: 2), .update(old: 3, new: 4)),
            ])
    }

    /// Shows of each row its value alone.
    private func changed(
        into next: Step<KeyedChange<RankedKey<Int>, Int>>
    ) -> Step<KeyedChange<RankedKey<Int>, Event>> {
        mapStep(.forTesting(), into: next) {
            KeyedChange(key: $0.key, $0.change.map(\.value))
        }
    }

    @Test func `leave out records without a value, which count as filtered`() throws {
        let harness = try StepHarness<Event, KeyedChange<RankedKey<Int>, Event>> { context, next in
            try testedStep(context, next) {
                _ = $0.keyed(by: \.key).topN(
                    2, by: { $0.value == 0 ? Double.nan : Double($0.value) }, ties: \.at,
                    keeping: .forever, as: "tested")
            }
        }
        try harness.send(Event(1, 0, at: 0))
        try harness.send(Event(1, 2, at: 7))
        try harness.send(Event(1, 2, at: 5))
        try harness.send(.end)
        #expect(harness.records.compactMap(\.new) == [Event(1, 2, at: 5), Event(1, 2, at: 7)])
        #expect(harness.context.counters.filtered.current == 1)
    }

    @Test func `are forgotten when no record has entered for their time`() throws {
        let harness = try StepHarness<Event, KeyedChange<RankedKey<Int>, Event>> { context, next in
            try testedStep(context, next) {
                _ = $0.keyed(by: \.key).topN(
                    1, by: \.value, keeping: .for(.microseconds(10)), as: "tested")
            }
        }
        try harness.send(Event(1, 9, at: 0), at: .epoch)
        try harness.send(.flush)
        // Does not enter, so it renews nothing.
        try harness.send(Event(1, 1, at: 5), at: Timestamp(microseconds: 5))
        try harness.advanceWatermark(to: Timestamp(microseconds: 10))
        #expect(
            harness.records == [
                .init(key: RankedKey(1, rank: 1), .insert(Event(1, 9, at: 0))),
                .init(key: RankedKey(1, rank: 1), .delete(Event(1, 9, at: 0))),
            ])
    }
}
