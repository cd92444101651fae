import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirTesting

@Suite struct `Tables in a job` {
    private static let splits = (0..<4).map { split in
        (0..<80).map { Event(($0 * 3 + split) % 11, ($0 * 7 + split * 5) % 23, at: Int64($0)) }
    }
    private var all: [Event] { Self.splits.flatMap(\.self) }

    /// Runs a job in several orders, and puts its table together.
    private func tables<Key: StreamKey, Row: Equatable & Sendable>(
        parallelism: Int, _ define: (DataStream<Event>) -> KeyedTable<Key, Row>
    ) throws -> [[Key: Row]] {
        try (0..<6 as Range<UInt64>).map { seed in
            let sink = TestSink<KeyedChange<Key, Row>>()
            let plan = try plan(parallelism: parallelism) { job in
                let events = job.source(TestSource(splits: Self.splits), as: "events")
                    .watermarked(.boundedOutOfOrderness(.microseconds(3))) { $0.at }
                define(events).changes().sink(to: sink, as: "sink")
            }
            let summary = try run(plan, seed: seed)
            #expect(summary.ledger.imbalances == [])
            #expect(summary.ledger.operators.allSatisfy { $0.counts.held == 0 })
            var view = TableView<Key, Row>()
            for change in sink.records { try view.applyChecked(change) }
            return view.rows
        }
    }

    @Test(arguments: [1, 2, 7])
    func `rank the same records at every parallelism`(parallelism: Int) throws {
        let expected = Dictionary(grouping: all, by: \.key).mapValues {
            Array($0.sorted { ($1.value, $0.at) < ($0.value, $1.at) }.prefix(3))
        }
        let found = try tables(parallelism: parallelism) {
            $0.keyed(by: \.key)
                .topN(3, by: \.value, ties: \.at, keeping: .forever, as: "top")
        }
        for table in found {
            #expect(table.count == expected.values.reduce(0) { $0 + $1.count })
            for (place, row) in table {
                // Records that tie in both are interchangeable in all but their key, which they share.
                #expect(expected[place.key]?[place.rank - 1] == row)
            }
        }
    }

    @Test(arguments: [1, 2, 7])
    func `have the last of each key at every parallelism`(parallelism: Int) throws {
        let expected = Dictionary(grouping: all, by: \.key).mapValues { events in
            events.max { ($0.at, $0.value) < ($1.at, $1.value) }
        }
        let found = try tables(parallelism: parallelism) {
            $0.keyed(by: \.key)
                .deduplicated(lastBy: \.at, ties: \.value, keeping: .forever, as: "last")
        }
        for table in found { #expect(table.mapValues { Optional($0) } == expected) }
    }

    @Test(arguments: [1, 2, 7])
    func `have the first of each key at every parallelism`(parallelism: Int) throws {
        let starts = Dictionary(grouping: all, by: \.key).mapValues { $0.map(\.at).min() }
        let found = try tables(parallelism: parallelism) {
            $0.keyed(by: \.key).deduplicated(.first, keeping: .forever, as: "first")
                .map { Change.insert($0.at) }
                .map { _ in Change.insert(0) }
                .table(by: { $0 }, keeping: .forever, as: "none")
        }
        #expect(found.allSatisfy { $0 == [0: 0] })
        for seed in 0..<6 as Range<UInt64> {
            let sink = TestSink<Event>()
            let plan = try plan(parallelism: parallelism) { job in
                job.source(TestSource(splits: Self.splits), as: "events")
                    .watermarked(.boundedOutOfOrderness(.microseconds(3))) { $0.at }
                    .keyed(by: \.key).deduplicated(.first, keeping: .forever, as: "first")
                    .sink(to: sink, as: "sink")
            }
            let summary = try run(plan, seed: seed)
            #expect(summary.ledger.imbalances == [])
            #expect(sink.records.count == starts.count)
            #expect(sink.records.allSatisfy { starts[$0.key] == $0.at })
        }
    }

    @Test func `are refused where their settings make no sense`() {
        let job = JobBuilder(name: "test")
        let events = job.source(TestSource<Event>([]), as: "events").keyed(by: \.key)
        events.aggregate(Count(), keeping: .for(.zero), as: "no-time").changes()
            .sink(to: TestSink<KeyedChange<Int, Int>>(), as: "a")
        events.aggregate(
            Count(), keeping: .forever, emitting: .atMost(records: 0, within: .seconds(1)),
            as: "no-records"
        ).changes().sink(to: TestSink<KeyedChange<Int, Int>>(), as: "b")
        events.deduplicated(.first, keeping: .forProcessingTime(.seconds(-1)), as: "backwards")
            .sink(to: TestSink<Event>(), as: "c")
        #expect {
            try job.graph.validated()
        } throws: { error in
            let text = "\(error)"
            return text.contains("its state would be kept for 0 s, which is no time at all")
                && text.contains("its changes would be put out after 0 records")
                && text.contains("kept for -1 s") && text.contains("without watermarks")
        }
    }
}
