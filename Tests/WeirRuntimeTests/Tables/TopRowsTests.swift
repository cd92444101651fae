import Testing
import WeirCore
import WeirGraph
import WeirState
import WeirTesting

@testable import WeirRuntime

@Suite struct `A ranking whose changes are held back` {
    private typealias Ranked = KeyedChange<RankedKey<Int>, Event>
    private typealias Table = TopTable<Int, Event>

    /// A ranking that is sorted anew for each record, beside the one that was put out.
    private struct Naive {
        var rows: [Event] = []
        var before: [Event] = []

        mutating func insert(_ event: Event, _ limit: Int) {
            let place = rows.firstIndex { $0.value < event.value } ?? rows.count
            rows.insert(event, at: place)
            rows = Array(rows.prefix(limit))
        }

        mutating func putOut() -> [Ranked] {
            defer { before = rows }
            return (0..<max(rows.count, before.count)).compactMap { place in
                let old = place < before.count ? before[place] : nil
                let new = place < rows.count ? rows[place] : nil
                if old == new { return nil }
                return Change(from: old, to: new).map {
                    KeyedChange(key: RankedKey(7, rank: place + 1), $0)
                }
            }
        }
    }

    private func putOut(_ table: Table, _ state: inout TopRows<Event>, isExpired: Bool) throws
        -> (changes: [Ranked], isEmpty: Bool)
    {
        var output = Batch<Ranked>()
        let isEmpty = try table.emit(
            7, &state, before: nil, at: .epoch, isExpired: isExpired, into: &output)
        return (output.indices.map { output[$0] }, isEmpty)
    }

    /// The state as it comes back from a checkpoint, or from where pages go when memory is short.
    private func saved(
        _ state: TopRows<Event>, _ codec: StateCodec<TopRows<Event>>
    ) throws -> TopRows<Event> {
        var output = StateWriter()
        try codec.write(state, &output)
        return try StateReader.reading(output.bytes) { try codec.read(&$0) }
    }

    @Test(arguments: seeds(60))
    func `puts out what differs at each rank, whatever became of the rows meanwhile`(
        seed: UInt64
    ) throws {
        var random = SeededGenerator(seed: seed)
        let limit = [1, 2, 3, 10][Int(seed % 4)]
        let table = Table(limit: limit)
        let codec = try StateCodec<TopRows<Event>>.find()
        var state = TopRows<Event>()
        var naive = Naive()
        var changes = 0
        for _ in 0..<200 {
            switch Int.random(in: 0..<20, using: &random) {
            case 0, 1:
                let isExpired = Int.random(in: 0..<8, using: &random) == 0
                if isExpired { naive.rows = [] }
                let found = try putOut(table, &state, isExpired: isExpired)
                #expect(found.changes == naive.putOut())
                #expect(found.isEmpty == naive.rows.isEmpty)
                changes += found.changes.count
            case 2:
                table.forget(&state)
                naive.rows = []
            case 3, 4: state = try saved(state, codec)
            case 5:
                // As while a snapshot is written: another holds what the state is now.
                let copy = state
                let rows = naive.rows
                let event = Event(7, Int.random(in: 0..<8, using: &random), at: 0)
                _ = state.insert(event, limit: limit) { $0.value > $1.value }
                naive.insert(event, limit)
                #expect(Array(copy.saved) == rows)
            default:
                // Few values and times, so that there are equal rows.
                let event = Event(
                    7, Int.random(in: 0..<8, using: &random),
                    at: Int64.random(in: 0..<2, using: &random))
                let had = naive.rows
                naive.insert(event, limit)
                let isBest = state.insert(event, limit: limit) { $0.value > $1.value }
                #expect(isBest || had == naive.rows)
            }
            #expect(Array(state.saved) == naive.rows)
        }
        #expect(changes > 0)
    }

    private func harness(
        _ limit: Int, keeping retention: StateRetention = .forever,
        emitting: UpdateCoalescing = .automatic
    ) throws -> StepHarness<Event, Ranked> {
        try StepHarness { context, next in
            try testedStep(context, next) {
                _ = $0.keyed(by: \.key).topN(
                    limit, by: \.value, keeping: retention, emitting: emitting, as: "tested")
            }
        }
    }

    private func change(_ rank: Int, _ change: Change<Event>) -> Ranked {
        Ranked(key: RankedKey(1, rank: rank), change)
    }

    @Test func `puts out one winner for all that have won since`() throws {
        let harness = try harness(1)
        for values in [[3], [2, 5, 4, 9, 9], [1]] {
            try harness.send(values.map { (Event(1, $0, at: 0), at: .epoch) })
            try harness.send(.flush)
        }
        #expect(
            harness.records == [
                change(1, .insert(Event(1, 3, at: 0))),
                change(1, .update(old: Event(1, 3, at: 0), new: Event(1, 9, at: 0))),
            ])
    }

    @Test func `puts out nothing of a row that has left and come again`() throws {
        let harness = try harness(2, keeping: .for(.microseconds(10)))
        let rows = [Event(1, 9, at: 0), Event(1, 7, at: 0)]
        try harness.send(rows.map { ($0, at: .epoch) })
        try harness.send(.flush)
        let first = harness.records.count
        // Late enough for the others to be forgotten.
        try harness.send([(rows[0], at: Timestamp(microseconds: 10))])
        try harness.send(.flush)
        #expect(first == 2)
        #expect(harness.records[first...] == [change(2, .delete(rows[1]))])
    }

    @Test func `is deleted as it was put out when its time is over meanwhile`() throws {
        let retention = StateRetention.for(.microseconds(10))
        let harness = try harness(2, keeping: retention, emitting: .atMost(within: .seconds(1)))
        let (old, new) = (Event(1, 4, at: 0), Event(1, 6, at: 1))
        try harness.send(old, at: .epoch)
        try harness.advanceProcessingTime(to: Timestamp(microseconds: 1_000_000))
        #expect(harness.records == [change(1, .insert(old))])
        try harness.send(new, at: Timestamp(microseconds: 1))
        try harness.advanceWatermark(to: Timestamp(microseconds: 11))
        #expect(harness.records.count == 1)
        try harness.send(.end)
        var view = TableView<RankedKey<Int>, Event>()
        for change in harness.records { try view.applyChecked(change) }
        #expect(harness.records.count > 2 && view.rows.isEmpty)
        try harness.context.counters.requireBalance()
    }

    @Test(arguments: seeds(40))
    func `has the best of those that have not been forgotten`(seed: UInt64) throws {
        let span: Int64 = 7
        for (limit, emitting) in zip([1, 2, 4], coalescings) {
            try checkTable(
                randomEvents(60, keys: 3, seed: seed),
                isVisible: { $0 == .end || ($0 == .flush && emitting.endsWithInput) },
                {
                    $0.keyed(by: \.key).topN(
                        limit, by: \.value, keeping: .for(.microseconds(span)),
                        emitting: emitting, as: "tested")
                }
            ) { rankings($0, limit, span) }
        }
    }

    private func rankings(
        _ emissions: [Emission<Event>], _ limit: Int, _ span: Int64
    ) -> [RankedKey<Int>: Event] {
        var rankings: [Int: (rows: Naive, updated: Int64)] = [:]
        var mark = Int64.min / 2
        for emission in emissions {
            if case .signal(.watermark(let time)) = emission {
                mark = max(mark, time.microseconds)
                rankings = rankings.filter { $0.value.updated + span > mark }
            }
            guard let event = emission.record, event.at.microseconds + span > mark else { continue }
            var ranking = rankings[event.key] ?? (Naive(), .min / 2)
            if ranking.updated + span <= max(mark, event.at.microseconds) {
                ranking.rows.rows = []
            }
            let isBest =
                ranking.rows.rows.count < limit
                || ranking.rows.rows.contains { $0.value < event.value }
            guard isBest else { continue }
            ranking.rows.insert(event, limit)
            ranking.updated = max(ranking.updated, event.at.microseconds)
            rankings[event.key] = ranking
        }
        var rows: [RankedKey<Int>: Event] = [:]
        for (key, ranking) in rankings {
            for (place, row) in ranking.rows.rows.enumerated() {
                rows[RankedKey(key, rank: place + 1)] = row
            }
        }
        return rows
    }
}

@Suite struct `A ranking of a checkpoint that keeps what was put out apart` {
    /// A ranking as such checkpoints have it.
    private struct Rows: StateComposite {
        var rows: [Event]
        var firstChanged: Int

        static func stateCodec() throws -> StateCodec<Rows> {
            try .record(
                "TopRows", StateField("rows") { $0.rows },
                StateField("firstChanged") { $0.firstChanged }
            ) { Rows(rows: $0, firstChanged: $1) }
        }
    }

    private func snapshot(
        rows: [Event], firstChanged: Int, before: [Event]
    ) throws -> StepSnapshot {
        let harness = try StepHarness<Event, Event> { context, next in
            let table = StateTable<Int, TableEntry<Rows>>()
            context.keep("rows", table)
            let entry = TableEntry(
                Rows(rows: rows, firstChanged: firstChanged), time: .epoch, updated: .epoch,
                isTouched: true, isNew: false)
            _ = try table.entryNumber(of: 1, hash: 1.stableHash) { entry }
            let changes = KeptList<HeldChange<Int, [Event]>>(
                get: { [HeldChange(key: 1, before: before)] }, hash: { $0.key.stableHash },
                set: { _ in })
            context.kept.keep("changes", changes)
            return mapStep(.forTesting(), into: next) { $0 }
        }
        return try harness.snapshot()
    }

    @Test(arguments: [false, true])
    func `goes on from there`(isSavedAgain: Bool) throws {
        let events = [9, 8, 7, 6, 5, 4].map { Event(1, $0, at: 0) }
        // Of 9, 7, 5 and 4, the last has left since for 6.
        let saved = try snapshot(
            rows: [events[0], events[2], events[3], events[4]], firstChanged: 2,
            before: [events[0], events[2], events[4], events[5]])
        func make() throws -> StepHarness<Event, KeyedChange<RankedKey<Int>, Event>> {
            try StepHarness { context, next in
                try testedStep(context, next) {
                    _ = $0.keyed(by: \.key).topN(
                        4, by: \.value, keeping: .forever,
                        emitting: .atMost(records: 9, within: .seconds(1)), as: "tested")
                }
            }
        }
        var harness = try make()
        try harness.restore(from: saved)
        try harness.send(events[1], at: .epoch)
        if isSavedAgain {
            let again = try harness.snapshot()
            harness = try make()
            try harness.restore(from: again)
        }
        try harness.send(.end)
        func change(_ rank: Int, _ old: Event, _ new: Event) -> KeyedChange<RankedKey<Int>, Event> {
            KeyedChange(key: RankedKey(1, rank: rank), .update(old: old, new: new))
        }
        #expect(
            harness.records == [
                change(2, events[2], events[1]), change(3, events[4], events[2]),
                change(4, events[5], events[3]),
            ])
    }
}
