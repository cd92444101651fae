import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirTesting

/// Random consistent changes of a table of events by number, with marks between.
func randomChanges(
    _ count: Int, keys: Int = 6, seed: UInt64
) -> [Emission<KeyedChange<Int, Event>>] {
    var random = SeededGenerator(seed: seed)
    var rows: [Int: Event] = [:]
    var emissions: [Emission<KeyedChange<Int, Event>>] = []
    for number in 0..<count {
        if Int.random(in: 0..<8, using: &random) == 0 { emissions.append(.signal(.flush)) }
        let key = Int.random(in: 0..<keys, using: &random)
        let isThere = Int.random(in: 0..<4, using: &random) > 0
        let row = Event(
            Int.random(in: 0..<3, using: &random), Int.random(in: 0..<5, using: &random),
            at: Int64(number))
        guard let change = Change(from: rows[key], to: isThere ? row : nil) else { continue }
        rows[key] = change.new
        emissions.append(.record(KeyedChange(key: key, change), at: row.at))
    }
    return emissions + [.signal(.flush), .end]
}

/// The rows that changes lead to.
func rows<Key: Hashable, Row>(_ emissions: [Emission<KeyedChange<Key, Row>>]) -> [Key: Row] {
    emissions.compactMap(\.record).reduce(into: [:]) { $0[$1.key] = $1.new }
}

@Suite struct `An aggregate over the groups of a table` {
    /// All that can be retracted, in one row.
    private struct Summary: Hashable, Codable {
        var count: Int, large: Int, sum: Int, mean: Double?, least: Int?, most: Int?
        var distinct: Int, values: [Int], parity: Int
    }

    private static func summaries(
        _ stream: DataStream<KeyedChange<Int, Event>>, emitting: UpdateCoalescing
    ) -> KeyedTable<Int, Summary> {
        let parity = RetractableFold<Event, Int, Int>(
            0, add: { $0 ^= $1.value }, retract: { $0 ^= $1.value }, merge: { $0 ^= $1 },
            result: { $0 })
        return KeyedTable(trusting: regrouped(stream))
            .grouped(by: { key, _ in key })
            .aggregate(
                CombinedAggregates.combine(Count(), Count { $0.value > 2 }, Sum(\.value)),
                CombinedAggregates.combine(
                    Mean(\.value), RetractableMin(\.value), RetractableMax(\.value)),
                RetractableDistinctCount(\.value), RetractableCollect(\.value), parity,
                emitting: emitting, as: "tested"
            ) { _, counts, numbers, distinct, values, parity in
                Summary(
                    count: counts.0, large: counts.1, sum: counts.2, mean: numbers.0,
                    least: numbers.1, most: numbers.2, distinct: distinct, values: values,
                    parity: parity)
            }
    }

    /// The tested operator is fed with changes that are grouped already: the step above it has
    /// tests of its own.
    private static func regrouped(
        _ stream: DataStream<KeyedChange<Int, Event>>
    ) -> DataStream<KeyedChange<Int, Event>> { stream }

    /// The input as groups see it, and the rows that make them up.
    private func grouped(
        _ changes: [Emission<KeyedChange<Int, Event>>]
    ) -> [Emission<KeyedChange<Int, Event>>] {
        changes.flatMap { emission -> [Emission<KeyedChange<Int, Event>>] in
            guard case .record(let change, let time) = emission else { return [emission] }
            let old = change.old.map { KeyedChange(key: $0.key, .delete($0)) }
            let new = change.new.map { KeyedChange(key: $0.key, .insert($0)) }
            if let old = change.old, let new = change.new, old.key == new.key {
                return [.record(KeyedChange(key: old.key, .update(old: old, new: new)), at: time)]
            }
            return [old, new].compactMap { $0.map { .record($0, at: time) } }
        }
    }

    private func model(_ rows: [Event]) -> [Int: Summary] {
        Dictionary(grouping: rows, by: \.key).mapValues { rows in
            let values = rows.map(\.value)
            return Summary(
                count: values.count, large: values.count { $0 > 2 }, sum: values.reduce(0, +),
                mean: Double(values.reduce(0, +)) / Double(values.count), least: values.min(),
                most: values.max(), distinct: Set(values).count, values: values.sorted(),
                parity: values.reduce(0, ^))
        }
    }

    @Test(arguments: seeds(60))
    func `takes back what has changed or gone, in every round of the ordeal`(
        seed: UInt64
    ) throws {
        let changes = grouped(randomChanges(40, seed: seed))
        for emitting in coalescings {
            try checkTable(
                changes,
                isVisible: { $0 == .end || ($0 == .flush && emitting.endsWithInput) },
                { Self.summaries($0, emitting: emitting) }
            ) { emissions in
                var rows: [Event] = []
                for change in emissions.compactMap(\.record) {
                    if let old = change.old, let index = rows.firstIndex(of: old) {
                        rows.remove(at: index)
                    }
                    if let new = change.new { rows.append(new) }
                }
                return model(rows)
            }
        }
    }

    @Test(arguments: [1, 2, 7])
    func `gives the same table at every parallelism, with a balanced ledger`(
        parallelism: Int
    ) throws {
        let splits = (0..<4).map { split in
            (0..<60).map { Event(split * 10 + $0 % 9, ($0 * 7 + split) % 13, at: Int64($0)) }
        }
        // The largest value of each key; by its parity, their number, sum and largest.
        let best = Dictionary(grouping: splits.flatMap(\.self), by: \.key)
            .compactMapValues { $0.map(\.value).max() }
        let expected = Dictionary(grouping: best.values, by: { $0 % 2 }).mapValues {
            [$0.count, $0.reduce(0, +), $0.max() ?? -1]
        }
        for seed in 0..<8 as Range<UInt64> {
            let sink = TestSink<KeyedChange<Int, [Int]>>()
            let plan = try plan(parallelism: parallelism) { job in
                job.source(TestSource(splits: splits), as: "events")
                    .watermarked(.boundedOutOfOrderness(.microseconds(5))) { $0.at }
                    .keyed(by: \.key)
                    .aggregate(Max(\.value), keeping: .forever, as: "best") { key, best in
                        Event(key, best ?? -1, at: 0)
                    }
                    .grouped { $0.value % 2 }
                    .aggregate(
                        Count(), Sum(\.value), RetractableMax(\.value), as: "by-parity"
                    ) { [$1, $2, $3 ?? -1] }
                    .changes().sink(to: sink, as: "sink")
            }
            let summary = try run(plan, seed: seed)
            var view = TableView<Int, [Int]>()
            for change in sink.records { try view.applyChecked(change) }
            #expect(view.rows == expected, "seed \(seed)")
            #expect(summary.ledger.imbalances == [])
            #expect(summary.ledger.operators.allSatisfy { $0.counts.held == 0 })
        }
    }
}

@Suite struct `Rows of a table` {
    private func changes(
        _ input: [Emission<KeyedChange<Int, Event>>],
        _ define: @escaping (KeyedTable<Int, Event>) -> Void
    ) throws -> [KeyedChange<Int, Event>] {
        try verify(input) { context, next in
            try testedStep(context, next) { define(KeyedTable(trusting: $0)) }
        }.compactMap(\.record)
    }

    @Test(arguments: seeds(30))
    func `that a filter keeps are inserted, updated and deleted as they come to satisfy it`(
        seed: UInt64
    ) throws {
        let input = randomChanges(40, seed: seed)
        let found = try changes(input) {
            _ = $0.filter(as: "tested") { $0.value > 1 }
        }
        var view = TableView<Int, Event>()
        for change in found { try view.applyChecked(change) }
        #expect(view.rows == rows(input).filter { $0.value.value > 1 })
    }

    @Test(arguments: seeds(30))
    func `are mapped before and after`(seed: UInt64) throws {
        let input = randomChanges(40, seed: seed)
        let found = try changes(input) {
            _ = $0.mapValues(as: "tested") { key, row in Event(key, row.value * 2, at: 0) }
        }
        var view = TableView<Int, Event>()
        for change in found { try view.applyChecked(change) }
        let expected = rows(input).map { ($0.key, Event($0.key, $0.value.value * 2, at: 0)) }
        #expect(view.rows == Dictionary(uniqueKeysWithValues: expected))
    }

    @Test func `leave the table as upserts, deletes counted as filtered`() throws {
        let harness = try StepHarness<KeyedChange<Int, Event>, Event> { context, next in
            try testedStep(context, next) { _ = KeyedTable(trusting: $0).latest(as: "tested") }
        }
        let first = Event(1, 1, at: 0)
        let second = Event(1, 2, at: 0)
        try harness.send(.init(key: 1, .insert(first)))
        try harness.send(.init(key: 1, .update(old: first, new: second)))
        try harness.send(.init(key: 1, .delete(second)))
        #expect(harness.records == [first, second])
        let counters = harness.context.counters
        #expect(counters.passed.current == 2 && counters.filtered.current == 1)
    }

    @Test func `that do not fit a view are refused by it`() throws {
        var view = TableView<Int, Int>()
        #expect(throws: TableInconsistency.self) { try view.apply(.init(key: 1, .delete(2))) }
        try view.apply(.init(key: 1, .insert(2)))
        #expect(throws: TableInconsistency.self) { try view.apply(.init(key: 1, .insert(2))) }
        #expect(throws: TableInconsistency.self) {
            try view.applyChecked(.init(key: 1, .update(old: 3, new: 4)))
        }
        try view.applyChecked(.init(key: 1, .delete(2)))
        #expect(view.rows.isEmpty)
    }
}
