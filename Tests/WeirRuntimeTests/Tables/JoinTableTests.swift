import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirTesting

@Suite struct `A join of tables` {
    private struct Pair: Hashable, Codable {
        var left: Event?, right: Event?
    }

    private func joined(
        _ kind: JoinKind, _ left: KeyedTable<Int, Event>, _ right: KeyedTable<Int, Event>,
        emitting: UpdateCoalescing = .automatic
    ) -> KeyedTable<Int, Pair> {
        switch kind {
        case .inner:
            left.joined(with: right, emitting: emitting, as: "tested") {
                Pair(left: $1, right: $2)
            }
        case .left:
            left.leftJoined(with: right, emitting: emitting, as: "tested") {
                Pair(left: $1, right: $2)
            }
        case .right:
            left.rightJoined(with: right, emitting: emitting, as: "tested") {
                Pair(left: $1, right: $2)
            }
        default:
            left.fullJoined(with: right, emitting: emitting, as: "tested") {
                Pair(left: $1, right: $2)
            }
        }
    }

    private func model(
        _ kind: JoinKind, _ left: [Int: Event], _ right: [Int: Event]
    ) -> [Int: Pair] {
        var rows: [Int: Pair] = [:]
        for key in Set(left.keys).union(right.keys) {
            let pair = Pair(left: left[key], right: right[key])
            let isShown =
                switch kind {
                case .inner: pair.left != nil && pair.right != nil
                case .left: pair.left != nil
                case .right: pair.right != nil
                default: true
                }
            if isShown { rows[key] = pair }
        }
        return rows
    }

    private func harness(
        _ kind: JoinKind, _ round: OrdealRound
    ) throws -> TwoPortHarness<
        KeyedChange<Int, Event>, KeyedChange<Int, Event>, KeyedChange<Int, Pair>
    > {
        try TwoPortHarness(
            .forTesting(batchSize: round.batchSize), refusing: round.refusal
        ) { context, next in
            let job = JobBuilder(name: "test")
            let source = job.source(TestSource<KeyedChange<Int, Event>>([]), as: "source")
            _ = joined(kind, KeyedTable(trusting: source), KeyedTable(trusting: source))
            guard case .transform(let body) = job.graph.operators.last?.body else {
                throw TestError("not a transform")
            }
            let steps = try body.makeSteps(context, [AnyStep(next)], nil)
            return (try steps[0].typed(), try steps[1].typed())
        }
    }

    @Test(arguments: [JoinKind.inner, .left, .right, .full], seeds(20))
    func `has the rows that its kind says, at each pause and at the end`(
        kind: JoinKind, seed: UInt64
    ) throws {
        let left = randomChanges(30, keys: 4, seed: seed)
        let right = randomChanges(30, keys: 4, seed: seed + 1_000)
        for round in OrdealRound.all {
            let harness = try harness(kind, round)
            var random = SeededGenerator(seed: seed)
            var fed = (left: 0, right: 0)
            var view = TableView<Int, Pair>()
            var applied = 0
            while fed.left < left.count || fed.right < right.count {
                let isLeft =
                    fed.right == right.count
                    || (fed.left < left.count && Bool.random(using: &random))
                let emission = isLeft ? left[fed.left] : right[fed.right]
                if isLeft { fed.left += 1 } else { fed.right += 1 }
                let port = isLeft ? harness.left : harness.right
                switch emission {
                case .record(let change, let time): try port.send(change, at: time)
                case .signal(let signal): try port.send(signal)
                }
                try harness.context.counters.requireBalance()
                guard case .signal(.flush) = emission else { continue }
                for change in harness.records[applied...] { try view.applyChecked(change) }
                applied = harness.records.count
                #expect(
                    view.rows
                        == model(
                            kind, rows(Array(left[..<fed.left])), rows(Array(right[..<fed.right]))))
            }
            for change in harness.records[applied...] { try view.applyChecked(change) }
            #expect(view.rows == model(kind, rows(left), rows(right)))
            #expect(harness.context.counters.held.current == 0)
            #expect(harness.emissions.last == .end)
        }
    }

    @Test(arguments: [1, 2, 7])
    func `gives the same table at every parallelism, with a balanced ledger`(
        parallelism: Int
    ) throws {
        let splits = (0..<3).map { split in
            (0..<40).map { Event($0 % 7 + split, ($0 * 5 + split) % 11, at: Int64($0)) }
        }
        let all = Dictionary(grouping: splits.flatMap(\.self), by: \.key)
        let expected = all.mapValues { rows in
            Pair(
                left: rows.map(\.value).max().map { Event($0, 0, at: 0) },
                right: rows.contains { $0.value == 3 }
                    ? Event(rows.count { $0.value == 3 }, 0, at: 0)
                    : nil)
        }
        for seed in 0..<8 as Range<UInt64> {
            let sink = TestSink<KeyedChange<Int, Pair>>()
            let plan = try plan(parallelism: parallelism) { job in
                let events = job.source(TestSource(splits: splits), as: "events")
                let best = events.keyed(by: \.key)
                    .aggregate(Max(\.value), keeping: .forever, as: "best") { _, best in
                        Event(best ?? -1, 0, at: 0)
                    }
                let threes = events.filter { $0.value == 3 }.keyed(by: \.key)
                    .aggregate(Count(), keeping: .forever, as: "threes") { _, count in
                        Event(count, 0, at: 0)
                    }
                joined(.left, best, threes).changes().sink(to: sink, as: "sink")
            }
            let summary = try run(plan, seed: seed)
            var view = TableView<Int, Pair>()
            for change in sink.records { try view.applyChecked(change) }
            #expect(view.rows == expected, "seed \(seed)")
            #expect(summary.ledger.imbalances == [])
        }
    }
}
