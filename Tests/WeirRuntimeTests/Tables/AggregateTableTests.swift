import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirTesting

/// A row of most tests of tables.
struct Total: Hashable, Sendable, Codable {
    var key: Int
    var count: Int
    var sum: Int
}

private typealias TotalChange = KeyedChange<Int, Total>

@Suite struct `An aggregate over a keyed stream` {
    private static func totals(
        _ stream: DataStream<Event>, keeping: StateRetention = .forever,
        emitting: UpdateCoalescing = .automatic
    ) -> KeyedTable<Int, Total> {
        stream.keyed(by: \.key).aggregate(
            Count(), Sum(\.value), keeping: keeping, emitting: emitting, as: "tested"
        ) { Total(key: $0, count: $1, sum: $2) }
    }

    private func harness(
        keeping: StateRetention = .forever, emitting: UpdateCoalescing = .automatic
    ) throws -> StepHarness<Event, TotalChange> {
        try StepHarness { context, next in
            try testedStep(context, next) {
                _ = Self.totals($0, keeping: keeping, emitting: emitting)
            }
        }
    }

    private func total(_ key: Int, _ count: Int, _ sum: Int) -> Total {
        Total(key: key, count: count, sum: sum)
    }

    @Test func `puts out one change a key for what has come together when the input pauses`()
        throws
    {
        let harness = try harness()
        try harness.send(Event(1, 5, at: 3), at: Timestamp(microseconds: 3))
        try harness.send(Event(2, 1, at: 1), at: Timestamp(microseconds: 1))
        try harness.send(Event(1, 6, at: 2), at: Timestamp(microseconds: 2))
        #expect(harness.emissions == [] && harness.context.counters.held.current == 3)
        try harness.send(.flush)
        #expect(
            harness.emissions == [
                .record(.init(key: 1, .insert(total(1, 2, 11))), at: Timestamp(microseconds: 3)),
                .record(.init(key: 2, .insert(total(2, 1, 1))), at: Timestamp(microseconds: 1)),
            ])
        #expect(harness.context.counters.passed.current == 3)
        try harness.send(Event(1, 1, at: 9), at: Timestamp(microseconds: 9))
        try harness.send(.end)
        #expect(
            harness.records.last
                == .init(key: 1, .update(old: total(1, 2, 11), new: total(1, 3, 12))))
    }

    @Test func `puts out a change for each record when told to`() throws {
        let harness = try harness(emitting: .eachRecord)
        try harness.send([1, 2, 3].map { (Event(7, $0, at: 0), at: .epoch) })
        #expect(
            harness.records == [
                .init(key: 7, .insert(total(7, 1, 1))),
                .init(key: 7, .update(old: total(7, 1, 1), new: total(7, 2, 3))),
                .init(key: 7, .update(old: total(7, 2, 3), new: total(7, 3, 6))),
            ])
    }

    @Test func `keeps a watermark back until the changes before it are out`() throws {
        let harness = try harness()
        try harness.send(Event(1, 5, at: 3), at: Timestamp(microseconds: 3))
        try harness.advanceWatermark(to: Timestamp(microseconds: 3))
        #expect(harness.emissions == [])
        try harness.send(.flush)
        #expect(harness.emissions.count == 2)
        #expect(harness.emissions.last == .watermark(Timestamp(microseconds: 3)))
        try harness.advanceWatermark(to: Timestamp(microseconds: 4))
        #expect(harness.emissions.last == .watermark(Timestamp(microseconds: 4)))
    }

    @Test func `puts changes out after the records or the delay that it was given`() throws {
        let harness = try harness(emitting: .atMost(records: 3, within: .seconds(1)))
        try harness.send(Event(1, 1, at: 0))
        try harness.send(.flush)
        try harness.advanceProcessingTime(to: Timestamp(microseconds: 999_999))
        #expect(harness.records == [])
        try harness.advanceProcessingTime(to: Timestamp(microseconds: 1_000_000))
        #expect(harness.records == [.init(key: 1, .insert(total(1, 1, 1)))])
        try harness.send([2, 3, 4, 5].map { (Event(1, $0, at: 0), at: .epoch) })
        #expect(harness.records.count == 2 && harness.records.last?.new == total(1, 4, 10))
        #expect(harness.context.counters.held.current == 1)
        try harness.send(.idle)
        #expect(harness.records.last?.new == total(1, 5, 15))
    }

    @Test func `bounds the delay while input does not pause`() throws {
        let harness = try harness()
        try harness.send(Event(1, 1, at: 0))
        try harness.advanceProcessingTime(to: Timestamp(microseconds: 19_999))
        try harness.send(Event(1, 1, at: 0))
        #expect(harness.records == [])
        try harness.advanceProcessingTime(to: Timestamp(microseconds: 20_000))
        try harness.send(Event(1, 1, at: 0))
        #expect(harness.records == [.init(key: 1, .insert(total(1, 3, 3)))])
    }

    @Test func `puts out nothing for an update that changes nothing`() throws {
        let harness = try StepHarness<Event, KeyedChange<Int, Int?>> { context, next in
            try testedStep(context, next) {
                _ = $0.keyed(by: \.key).aggregate(
                    Max(\.value), keeping: .forever, emitting: .eachRecord, as: "tested")
            }
        }
        for value in [3, 2, 3, 4] { try harness.send(Event(1, value, at: 0)) }
        #expect(
            harness.records == [
                .init(key: 1, .insert(3)), .init(key: 1, .update(old: 3, new: 4)),
            ])
        #expect(harness.context.counters.passed.current == 4)
    }

    @Test func `counts what a predicate limits an aggregate to`() throws {
        let harness = try StepHarness<Event, KeyedChange<Int, [Int]>> { context, next in
            try testedStep(context, next) {
                _ = $0.keyed(by: \.key).aggregate(
                    Count { $0.value > 1 }, ExactDistinctCount(\.value).where { $0.value > 1 },
                    Sum(\.value).where { $0.value > 1 }, keeping: .forever, as: "tested"
                ) { [$1, $2, $3] }
            }
        }
        try harness.send([1, 2, 2, 3].map { (Event(1, $0, at: 0), at: .epoch) })
        try harness.send(.end)
        #expect(harness.records.map(\.new) == [[3, 2, 7]])
    }

    @Test(arguments: seeds(60))
    func `equals the sums over all input at every pause and at the end`(seed: UInt64) throws {
        for emitting in coalescings {
            try checkTable(
                randomEvents(40, seed: seed),
                isVisible: { $0 == .end || ($0 == .flush && emitting.endsWithInput) },
                { Self.totals($0, emitting: emitting) }
            ) { emissions in
                Dictionary(grouping: emissions.compactMap(\.record), by: \.key).mapValues {
                    Total(
                        key: $0[0].key, count: $0.count, sum: $0.reduce(0) { $0 + $1.value })
                }
            }
        }
    }

    // MARK: - Retention

    @Test func `deletes a row that nothing has renewed once the watermark reaches its end`() throws
    {
        let harness = try harness(keeping: .for(.microseconds(10)))
        try harness.send(Event(1, 5, at: 3), at: Timestamp(microseconds: 3))
        try harness.send(Event(1, 6, at: 8), at: Timestamp(microseconds: 8))
        try harness.send(.flush)
        try harness.advanceWatermark(to: Timestamp(microseconds: 17))
        #expect(harness.records == [.init(key: 1, .insert(total(1, 2, 11)))])
        try harness.advanceWatermark(to: Timestamp(microseconds: 18))
        #expect(
            harness.emissions.suffix(2) == [
                .record(.init(key: 1, .delete(total(1, 2, 11))), at: Timestamp(microseconds: 18)),
                .watermark(Timestamp(microseconds: 18)),
            ])
    }

    @Test func `starts anew for a record whose own time lies beyond the row's`() throws {
        let harness = try harness(keeping: .for(.microseconds(10)))
        try harness.send(Event(1, 5, at: 3), at: Timestamp(microseconds: 3))
        try harness.send(.flush)
        // The watermark has not come, and still the row of time 3 is over at 13.
        try harness.send(Event(1, 6, at: 13), at: Timestamp(microseconds: 13))
        try harness.send(.end)
        #expect(
            harness.records.last
                == .init(key: 1, .update(old: total(1, 1, 5), new: total(1, 1, 6))))
    }

    @Test func `counts a record as late that would be too old to be seen`() throws {
        let harness = try harness(keeping: .for(.microseconds(10)))
        try harness.advanceWatermark(to: Timestamp(microseconds: 20))
        try harness.send(Event(1, 5, at: 10), at: Timestamp(microseconds: 10))
        try harness.send(Event(1, 6, at: 11), at: Timestamp(microseconds: 11))
        try harness.send(.end)
        #expect(harness.records == [.init(key: 1, .insert(total(1, 1, 6)))])
        #expect(harness.context.counters.late.current == 1)
    }

    @Test func `deletes rows by processing time`() throws {
        let harness = try harness(keeping: .forProcessingTime(.seconds(10)))
        try harness.send(Event(1, 5, at: 3))
        try harness.send(.flush)
        try harness.advanceProcessingTime(to: Timestamp(seconds: 9))
        try harness.send(Event(1, 1, at: 3))
        try harness.send(Event(2, 1, at: 3))
        try harness.send(.flush)
        try harness.advanceProcessingTime(to: Timestamp(microseconds: 18_999_999))
        #expect(harness.records.count == 3)
        try harness.advanceProcessingTime(to: Timestamp(seconds: 19))
        #expect(
            harness.records.suffix(2) == [
                .init(key: 2, .delete(total(2, 1, 1))), .init(key: 1, .delete(total(1, 2, 6))),
            ])
    }

    @Test(arguments: seeds(60))
    func `shows no row beyond its time, whatever comes when`(seed: UInt64) throws {
        let span: Int64 = 9
        for emitting in coalescings {
            try checkTable(
                randomEvents(60, seed: seed),
                isVisible: { $0 == .end || ($0 == .flush && emitting.endsWithInput) },
                { Self.totals($0, keeping: .for(.microseconds(span)), emitting: emitting) }
            ) { emissions in
                var rows: [Int: (total: Total, updated: Int64)] = [:]
                var mark = Int64.min / 2
                for emission in emissions {
                    switch emission {
                    case .signal(.watermark(let time)):
                        mark = max(mark, time.microseconds)
                        rows = rows.filter { $0.value.updated + span > mark }
                    case .record(let event, let time):
                        let time = time.microseconds
                        guard time + span > mark else { continue }
                        var row = rows[event.key] ?? (Total(key: event.key, count: 0, sum: 0), time)
                        if row.updated + span <= time {
                            row.total = Total(key: event.key, count: 0, sum: 0)
                        }
                        row.total.count += 1
                        row.total.sum += event.value
                        row.updated = max(row.updated, time)
                        rows[event.key] = row
                    case .signal: break
                    }
                }
                return rows.mapValues(\.total)
            }
        }
    }
}
