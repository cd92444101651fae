import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirTesting

@Suite struct `A table of upserts` {
    @Test(arguments: seeds(40))
    func `has the record that arrived last, unless that deletes it`(seed: UInt64) throws {
        for emitting in coalescings {
            try checkTable(
                randomEvents(40, seed: seed),
                isVisible: { $0 == .end || ($0 == .flush && emitting.endsWithInput) },
                {
                    $0.keyed(by: \.key).table(
                        deletedWhere: { $0.value < 2 }, keeping: .forever, emitting: emitting,
                        as: "tested")
                }
            ) { emissions in
                var rows: [Int: Event] = [:]
                for event in emissions.compactMap(\.record) {
                    rows[event.key] = event.value < 2 ? nil : event
                }
                return rows
            }
        }
    }

    @Test func `forgets a key with its row`() throws {
        let harness = try StepHarness<Event, KeyedChange<Int, Event>> { context, next in
            try testedStep(context, next) {
                _ = $0.keyed(by: \.key).table(
                    deletedWhere: { $0.value == 0 }, keeping: .forever, as: "tested")
            }
        }
        try harness.send(Event(1, 0, at: 0))
        try harness.send(.flush)
        #expect(harness.records == [])
        try harness.send(Event(1, 4, at: 0))
        try harness.send(.flush)
        try harness.send(Event(1, 0, at: 0))
        try harness.send(.flush)
        #expect(
            harness.records == [
                .init(key: 1, .insert(Event(1, 4, at: 0))),
                .init(key: 1, .delete(Event(1, 4, at: 0))),
            ])
    }

    @Test(arguments: seeds(40))
    func `has the record with the highest event time, of equal ones the last to arrive`(
        seed: UInt64
    ) throws {
        for emitting in coalescings {
            try checkTable(
                randomEvents(40, seed: seed),
                isVisible: { $0 == .end || ($0 == .flush && emitting.endsWithInput) },
                {
                    $0.keyed(by: \.key).deduplicated(
                        .last, keeping: .forever, emitting: emitting, as: "tested")
                }
            ) { emissions in
                var rows: [Int: Event] = [:]
                for event in emissions.compactMap(\.record) {
                    if let row = rows[event.key], row.at > event.at { continue }
                    rows[event.key] = event
                }
                return rows
            }
        }
    }

    @Test(arguments: seeds(20))
    func `has the record that is last in an order of the job's`(seed: UInt64) throws {
        try checkTable(
            randomEvents(40, seed: seed),
            {
                $0.keyed(by: \.key).deduplicated(
                    lastBy: \.value, ties: \.at, keeping: .forever, as: "tested")
            }
        ) { emissions in
            Dictionary(grouping: emissions.compactMap(\.record), by: \.key).mapValues { events in
                var best = events[0]
                for event in events where (event.value, event.at) >= (best.value, best.at) {
                    best = event
                }
                return best
            }
        }
    }

    @Test(arguments: seeds(30))
    func `shows no record beyond its time`(seed: UInt64) throws {
        let span: Int64 = 7
        try checkTable(
            randomEvents(50, seed: seed),
            {
                $0.keyed(by: \.key).deduplicated(
                    .last, keeping: .for(.microseconds(span)), as: "tested")
            }
        ) { emissions in
            var rows: [Int: Event] = [:]
            var mark = Int64.min / 2
            for emission in emissions {
                if case .signal(.watermark(let time)) = emission {
                    mark = max(mark, time.microseconds)
                    rows = rows.filter { $0.value.at.microseconds + span > mark }
                }
                guard let event = emission.record, event.at.microseconds + span > mark else {
                    continue
                }
                if let row = rows[event.key], row.at > event.at { continue }
                rows[event.key] = event
            }
            return rows
        }
    }

    @Test func `is made of a log of changes, whatever that says was there before`() throws {
        let log: [Change<Event>] = [
            .update(old: Event(1, 0, at: 0), new: Event(1, 1, at: 0)),
            .insert(Event(1, 2, at: 0)), .delete(Event(2, 9, at: 0)),
            // Moves to another key.
            .update(old: Event(1, 2, at: 0), new: Event(3, 2, at: 0)),
        ]
        let sink = TestSink<KeyedChange<Int, Event>>()
        let plan = try plan(parallelism: 2) { job in
            job.source(TestSource(splits: [log]), as: "log")
                .table(by: \.key, keeping: .forever, emitting: .eachRecord, as: "table")
                .changes().sink(to: sink, as: "sink")
        }
        let summary = try run(plan, seed: 1)
        var view = TableView<Int, Event>()
        for change in sink.records { try view.applyChecked(change) }
        #expect(view.rows == [3: Event(3, 2, at: 0)])
        #expect(sink.records.count == 4 && summary.ledger.isBalanced)
    }
}

@Suite struct `The first record of each key` {
    private func firsts(
        _ kept: FirstRecord, _ retention: StateRetention = .forever
    ) -> (SubtaskContext, Step<Event>) throws -> Step<Event> {
        { context, next in
            try testedStep(context, next) {
                _ = $0.keyed(by: \.key).deduplicated(kept, keeping: retention, as: "tested")
            }
        }
    }

    @Test(arguments: seeds(30))
    func `to arrive passes at once, and no other`(seed: UInt64) throws {
        let input = randomEvents(40, seed: seed)
        let found = try verify(input, firsts(.firstToArrive))
        var seen: Set<Int> = []
        let expected = input.filter { item in
            guard let event = item.record else { return item != .signal(.flush) }
            return seen.insert(event.key).inserted
        }
        #expect(found == expected)
    }

    @Test(arguments: seeds(30))
    func `in event time passes in the order of time when nothing earlier can come`(
        seed: UInt64
    ) throws {
        // Without late records, all that counts is time, and arrival where times are equal.
        let events = randomEvents(40, seed: seed).compactMap(\.record)
        let marks = stride(from: Int64(-10), to: 60, by: 7).map { Int64($0) }
        let input: [Emission<Event>] =
            marks.flatMap { mark -> [Emission<Event>] in
                events.filter { $0.at.microseconds > mark && $0.at.microseconds <= mark + 7 }
                    .map { .record($0, at: $0.at) }
                    + [.watermark(Timestamp(microseconds: mark + 7))]
            } + [.end]
        let found = try verify(input, firsts(.first)).compactMap(\.record)
        var seen: Set<Int> = []
        let sent = input.compactMap(\.record)
        let inTime = sent.enumerated().sorted {
            ($0.element.at, $0.offset) < ($1.element.at, $1.offset)
        }
        #expect(found == inTime.map(\.element).filter { seen.insert($0.key).inserted })
        #expect(found.count > 2)
    }

    @Test(arguments: [FirstRecord.first, .firstToArrive])
    func `is one again when the key has been forgotten`(kept: FirstRecord) throws {
        let times: [Int64] = [0, 9, 10, 19, 20, 25]
        let input: [Emission<Event>] = times.flatMap { time -> [Emission<Event>] in
            [
                .record(Event(1, 0, at: time), at: Timestamp(microseconds: time)),
                .watermark(Timestamp(microseconds: time)),
            ]
        }
        let found = try verify(input + [.end], firsts(kept, .for(.microseconds(10))))
        #expect(found.compactMap { $0.record?.at.microseconds } == [0, 10, 20])
    }

    @Test func `is forgotten by processing time`() throws {
        let harness = try StepHarness(
            .forTesting(), firsts(.firstToArrive, .forProcessingTime(.seconds(1))))
        try harness.send([(Event(1, 1, at: 0), at: .epoch), (Event(1, 2, at: 0), at: .epoch)])
        try harness.advanceProcessingTime(to: Timestamp(microseconds: 999_999))
        try harness.send(Event(1, 3, at: 0))
        try harness.advanceProcessingTime(to: Timestamp(seconds: 1))
        try harness.send(Event(1, 4, at: 0))
        #expect(harness.records.map(\.value) == [1, 4])
        #expect(harness.context.counters.filtered.current == 2)
    }

    @Test func `is held until it is judged`() throws {
        let harness = try StepHarness(.forTesting(), firsts(.first))
        for time in [5, 3, 7] as [Int64] {
            try harness.send(Event(1, 0, at: time), at: Timestamp(microseconds: time))
            try harness.context.counters.requireBalance()
        }
        #expect(harness.context.counters.held.current == 1)
        try harness.advanceWatermark(to: Timestamp(microseconds: 2))
        #expect(harness.records == [])
        try harness.advanceWatermark(to: Timestamp(microseconds: 3))
        #expect(harness.records == [Event(1, 0, at: 3)])
        #expect(harness.context.counters.filtered.current == 2)
    }
}
