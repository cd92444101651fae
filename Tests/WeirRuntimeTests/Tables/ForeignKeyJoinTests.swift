import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirTesting

@Suite struct `A join of tables on a foreign key` {
    /// An upsert of either side: `value` 0 deletes.
    private struct Upsert: Hashable, Sendable, Codable {
        var isLeft: Bool, key: Int, named: Int, value: Int
    }
    private struct Row: Hashable, Codable {
        var left: Upsert, right: Upsert?
    }

    /// Upserts in splits, each key in one of them so that its order is kept.
    private func upserts(_ count: Int, seed: UInt64) -> [[Upsert]] {
        var random = SeededGenerator(seed: seed)
        var splits: [[Upsert]] = [[], [], []]
        for _ in 0..<count {
            let upsert = Upsert(
                isLeft: Int.random(in: 0..<3, using: &random) > 0,
                key: Int.random(in: 0..<9, using: &random),
                named: Int.random(in: 0..<5, using: &random),
                value: Int.random(in: 0..<4, using: &random))
            splits[upsert.key % 3].append(upsert)
        }
        return splits
    }

    private func model(_ splits: [[Upsert]], keepsLeft: Bool) -> [Int: Row] {
        var left: [Int: Upsert] = [:]
        var right: [Int: Upsert] = [:]
        for upsert in splits.flatMap(\.self) {
            let new = upsert.value == 0 ? nil : upsert
            if upsert.isLeft { left[upsert.key] = new } else { right[upsert.key] = new }
        }
        return left.compactMapValues { row in
            right[row.named] == nil && !keepsLeft ? nil : Row(left: row, right: right[row.named])
        }
    }

    @Test(arguments: [1, 2, 7], [false, true])
    func `has each row with the one that it names, whatever changes when`(
        parallelism: Int, keepsLeft: Bool
    ) throws {
        for seed in seeds(60) {
            let splits = upserts(90, seed: seed / 3)
            let emitting = coalescings[Int(seed % 3)]
            let sink = TestSink<KeyedChange<Int, Row>>()
            let plan = try plan(parallelism: parallelism) { job in
                let upserts = job.source(TestSource(splits: splits), as: "upserts")
                let left = upserts.filter(\.isLeft).keyed(by: \.key)
                    .table(
                        deletedWhere: { $0.value == 0 }, keeping: .forever, emitting: .eachRecord,
                        as: "left")
                let right = upserts.filter { !$0.isLeft }.keyed(by: \.key)
                    .table(
                        deletedWhere: { $0.value == 0 }, keeping: .forever, emitting: .eachRecord,
                        as: "right")
                let joined =
                    keepsLeft
                    ? left.leftJoined(with: right, on: \.named, emitting: emitting, as: "joined") {
                        Row(left: $1, right: $2)
                    }
                    : left.joined(with: right, on: \.named, emitting: emitting, as: "joined") {
                        Row(left: $1, right: $2)
                    }
                joined.changes().sink(to: sink, as: "sink")
            }
            let summary = try run(plan, seed: seed)
            var view = TableView<Int, Row>()
            for change in sink.records { try view.applyChecked(change) }
            #expect(view.rows == model(splits, keepsLeft: keepsLeft), "seed \(seed)")
            #expect(summary.ledger.imbalances == [])
            #expect(summary.ledger.operators.allSatisfy { $0.counts.held == 0 })
        }
    }

    @Test(arguments: Refusal.allCases)
    func `tells a large group in batches, at the pace of the output`(refusal: Refusal) throws {
        let job = JobBuilder(name: "test")
        let source = job.source(TestSource<KeyedChange<Int, Int>>([]), as: "source")
        _ = KeyedTable(trusting: source)
            .joined(with: KeyedTable(trusting: source), on: { $0 }, as: "joined") { $0 + $1 + $2 }
        let node = try #require(job.graph.operators.first { $0.id.name == "joined-groups" })
        guard case .transform(let body) = node.body else { throw TestError("not a transform") }
        let harness = try TwoPortHarness<
            ForeignSubscription<Int, Int, Int>, KeyedChange<Int, Int>, ForeignAnswer<Int, Int>
        >(.forTesting(batchSize: 16), refusing: refusal) { context, next in
            let steps = try body.makeSteps(context, [AnyStep(next)], nil)
            return (try steps[0].typed(), try steps[1].typed())
        }
        try harness.right.send([0, 1].map { (KeyedChange(key: $0, .insert(5)), at: .epoch) })
        let subscriptions = try #require(
            job.graph.operators.first { $0.kind == .flatMap }.flatMap { node -> TransformBody? in
                guard case .transform(let body) = node.body else { return nil }
                return body
            })
        // A hundred rows that name key 1 come in through the operators above.
        let rows = try #require(
            job.graph.operators.first { $0.kind == .map }.flatMap { node -> TransformBody? in
                guard case .transform(let body) = node.body else { return nil }
                return body
            })
        let answers = harness.left
        let collected = OutputProbe<ForeignSubscription<Int, Int, Int>>()
        let subscribe: Step<NumberedChange<Int, Int>> = try subscriptions.makeSteps(
            .forTesting(), [AnyStep(collected.step)], nil)[0].typed()
        let number: Step<KeyedChange<Int, Int>> = try rows.makeSteps(
            .forTesting(), [AnyStep(subscribe)], nil)[0].typed()
        let driver = InputDriver(number)
        try driver.send((0..<100).map { (KeyedChange(key: $0, .insert(1)), at: .epoch) })
        try answers.send(collected.records.map { ($0, at: .epoch) })
        harness.output.removeAll()
        try harness.right.send([
            (KeyedChange(key: 1, .update(old: 5, new: 6)), at: .epoch),
            (KeyedChange(key: 0, .delete(5)), at: .epoch),
        ])
        try harness.context.counters.requireBalance()
        #expect(harness.records.count == 100)
        #expect(harness.output.batchSizes.count == 7)
        #expect(harness.output.batchSizes.allSatisfy { $0 <= 16 })
        #expect(harness.context.counters.held.current == 0)
    }
}
