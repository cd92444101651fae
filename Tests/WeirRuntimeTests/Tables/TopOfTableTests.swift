import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirTesting

@Suite struct `The best few rows of a table's groups` {
    /// The ranking of rows by number: values below 1 are not ranked.
    private func ranking(_ rows: [Int: Event], _ limit: Int) -> [RankedKey<Int>: Event] {
        var ranked: [RankedKey<Int>: Event] = [:]
        let all = rows.filter { $0.value.value > 0 }
        for (group, members) in Dictionary(grouping: all, by: \.value.key) {
            let sorted = members.sorted {
                ($1.value.value, $0.key) < ($0.value.value, $1.key)
            }
            for (place, row) in sorted.prefix(limit).enumerated() {
                ranked[RankedKey(group, rank: place + 1)] = row.value
            }
        }
        return ranked
    }

    @Test(arguments: [1, 2, 7], seeds(12))
    func `follow its changes, whatever they are and when they come`(
        parallelism: Int, seed: UInt64
    ) throws {
        let changes = randomChanges(120, keys: 12, seed: seed).compactMap(\.record)
        // Each key in one split, so that its order is kept.
        let splits = (0..<3).map { split in changes.filter { $0.key % 3 == split } }
        for (limit, emitting) in zip([1, 2, 5], coalescings) {
            let sink = TestSink<KeyedChange<RankedKey<Int>, Event>>()
            let plan = try plan(parallelism: parallelism) { job in
                KeyedTable(trusting: job.source(TestSource(splits: splits), as: "changes"))
                    .topN(
                        limit, by: { $0.value > 0 ? $0.value : nil }, in: \.key,
                        emitting: emitting, as: "top"
                    )
                    .changes().sink(to: sink, as: "sink")
            }
            let summary = try run(plan, seed: seed)
            var view = TableView<RankedKey<Int>, Event>()
            for change in sink.records { try view.applyChecked(change) }
            let rows = changes.reduce(into: [Int: Event]()) { $0[$1.key] = $1.new }
            #expect(view.rows == ranking(rows, limit))
            #expect(summary.ledger.imbalances == [])
            #expect(summary.ledger.operators.allSatisfy { $0.counts.held == 0 })
        }
    }

    @Test(arguments: seeds(20))
    func `are as a sort has them at every pause, in every round of the ordeal`(
        seed: UInt64
    ) throws {
        // All rows are in one group, so the changes reach the operator as they are.
        let changes = randomChanges(40, seed: seed).map { emission in
            guard case .record(let change, let time) = emission else { return emission }
            let moved = change.change.map { Event(0, $0.value, at: $0.at.microseconds) }
            return .record(KeyedChange(key: change.key, moved), at: time)
        }
        var number = 0
        for limit in [1, 3] {
            for round in OrdealRound.all {
                number += 1
                let job = JobBuilder(name: "test")
                let source = job.source(TestSource<KeyedChange<Int, Event>>([]), as: "source")
                _ = KeyedTable(trusting: source)
                    .topN(limit, by: { $0.value > 0 ? $0.value : nil }, in: \.key, as: "top")
                let harness = try StepHarness<
                    KeyedChange<Int, Event>, KeyedChange<RankedKey<Int>, Event>
                >(.forTesting(batchSize: round.batchSize), refusing: round.refusal) {
                    context, next in
                    var step = AnyStep(next)
                    for node in job.graph.operators.reversed() {
                        guard case .transform(let body) = node.body else { continue }
                        step = try body.makeSteps(context, [step], nil)[0]
                    }
                    return try step.typed()
                }
                var view = TableView<RankedKey<Int>, Event>()
                var applied = 0
                var rows: [Int: Event] = [:]
                for emission in changes {
                    switch emission {
                    case .record(let change, let time):
                        rows[change.key] = change.new
                        try harness.send(change, at: time)
                    case .signal(let signal):
                        try harness.send(signal)
                        for change in harness.records[applied...] { try view.applyChecked(change) }
                        applied = harness.records.count
                        #expect(view.rows == ranking(rows, limit), "\(round)")
                    }
                }
            }
        }
        #expect(number == 36)
    }
}
