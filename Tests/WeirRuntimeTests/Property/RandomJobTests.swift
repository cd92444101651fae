import Foundation
import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirTesting

/// A random job over random input, from one seed.
private struct RandomJob {
    let seed: UInt64
    let sources: [[[Event]]]
    let recipes: [Recipe]
    let parallelism: Int
    let modes: [ReadMode]
    let options: ExecutionOptions
    let fusesKeyedEdges: Bool
    /// More than any record is behind the latest of its split.
    static let disorder: Int64 = 30

    init(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let sourceCount = Int.random(in: 1...3, using: &random)
        self.seed = seed
        sources = (0..<sourceCount).map { _ in
            (0..<Int.random(in: 0...4, using: &random)).map { _ in Self.split(using: &random) }
        }
        recipes = (0..<Int.random(in: 1...3, using: &random)).map { _ in
            Recipe.random(sources: sourceCount, using: &random)
        }
        parallelism = Int.random(in: 1...5, using: &random)
        modes = (0..<sourceCount).map { _ in
            Int.random(in: 0..<3, using: &random) == 0 ? .blocking : .inline
        }
        options = tightOptions(
            batchSize: .random(in: 1...20, using: &random),
            queueCapacity: .random(in: 1...6, using: &random))
        fusesKeyedEdges = Bool.random(using: &random)
    }

    /// Records that wander forward in time, out of order.
    private static func split(using random: inout SeededGenerator) -> [Event] {
        var now: Int64 = .random(in: -50...50, using: &random)
        return (0..<Int.random(in: 0...30, using: &random)).map { _ in
            now += Int64.random(in: 0...12, using: &random)
            return Event(
                .random(in: 0...6, using: &random), .random(in: -50...50, using: &random),
                at: now - Int64.random(in: 0..<disorder, using: &random))
        }
    }

    func define(_ job: JobBuilder, sinks: [TestSink<Event>]) {
        let streams = sources.indices.map { index in
            job.source(
                TestSource(splits: sources[index], mode: modes[index]), as: "source-\(index)"
            )
            .watermarked(
                .boundedOutOfOrderness(.microseconds(Self.disorder)), as: "marks-\(index)"
            ) { $0.at }
        }
        var unused = Set(streams.indices)
        var names = 0
        func build(_ recipe: Recipe) -> DataStream<Event> {
            names += 1
            let name = "operator-\(names)"
            switch recipe {
            case .source(let index):
                unused.remove(index)
                return streams[index]
            case .map(let above, let factor):
                return build(above).map { $0.multiplied(by: factor) }
            case .filter(let above, let modulus):
                return build(above).filter { $0.value % modulus == 0 }
            case .flatMap(let above, let copies):
                return build(above).flatMap { Array(repeating: $0, count: abs($0.value) % copies) }
            case .union(let left, let right): return build(left).union(build(right))
            case .rebalanced(let above): return build(above).rebalanced()
            case .windowed(let above, let shape, let keys):
                return build(above).keyed { abs($0.key) % keys }
                    .windowed(shape.assigner, late: .drop)
                    .aggregate(Count(), Sum(\.value), as: name) { key, window, count, sum in
                        .aggregated(
                            key: key, count: count, sum: sum,
                            last: window.lastTimestamp.microseconds)
                    }
            case .joined(let left, let right, let shape, let kind, let keys):
                let (left, right) = (build(left), build(right))
                let lefts = left.keyed { abs($0.key) % keys }
                let rights = right.keyed { abs($0.key) % keys }
                // Results do not see their window; its end is the event time set below.
                return joined(lefts, rights, shape, kind, as: name)
            }
        }
        for (index, recipe) in recipes.enumerated() {
            build(recipe).sink(to: sinks[index], as: "sink-\(index)")
        }
        for index in unused { streams[index].sink(to: TestSink<Event>(), as: "unused-\(index)") }
    }

    private func joined(
        _ left: KeyedStream<Event, Int>, _ right: KeyedStream<Event, Int>, _ shape: Recipe.Shape,
        _ kind: JoinKind, as name: String
    ) -> DataStream<Event> {
        let (assigner, result) = (shape.assigner, Event.joined(_:_:))
        let joined: DataStream<Event> =
            switch kind {
            case .inner:
                left.joined(with: right, in: assigner, late: .drop, as: name) { result($0, $1) }
            case .left:
                left.leftJoined(with: right, in: assigner, late: .drop, as: name) { result($0, $1) }
            case .right:
                left.rightJoined(with: right, in: assigner, late: .drop, as: name) {
                    result($0, $1)
                }
            case .full:
                left.fullJoined(with: right, in: assigner, late: .drop, as: name) { result($0, $1) }
            case .semi: left.semiJoined(with: right, in: assigner, late: .drop, as: name)
            case .anti: left.antiJoined(with: right, in: assigner, late: .drop, as: name)
            }
        return joined.timed()
    }
}

extension Event {
    fileprivate static func joined(_ left: Event?, _ right: Event?) -> Event {
        joined(left, right, last: 0)
    }
}

extension DataStream<Event> {
    /// This stream with each record's own time set to its event time.
    fileprivate func timed() -> DataStream<Event> {
        let body = TransformBody { context, outputs, _ in
            let next: Step<Event> = try outputs.step(0)
            let pass = passStep(context, into: next)
            return [
                AnyStep(
                    Step<Event>(
                        process: { batch in
                            for row in batch.indices { batch[row].at = batch.time(at: row) }
                            return try pass.process(&batch)
                        }, signal: pass.signal, resume: pass.resume))
            ]
        }
        let id = job.add(
            .map, as: nil, inputs: [GraphEdge(from: output)], outputTypes: [Event.self],
            body: .transform(body))
        return DataStream(job: job, output: OutputReference(id))
    }
}

/// The number of cases: `WEIR_PROPERTY_CASES`, or few enough for every run.
private let caseCount =
    UInt64(
        ProcessInfo.processInfo.environment["WEIR_PROPERTY_CASES"] ?? "") ?? 320

@Suite struct `Any job` {
    @Test(arguments: 0..<16 as Range<UInt64>)
    func `puts out what a naive model does, in any order of execution`(part: UInt64) throws {
        var total = 0
        for seed in stride(from: part, to: caseCount, by: 16) {
            let job = RandomJob(seed: seed)
            let model = Model(sources: job.sources.map { $0.flatMap(\.self) })
            let sinks = job.recipes.map { _ in TestSink<Event>() }
            let plan = try plan(
                parallelism: job.parallelism, fusesKeyedEdges: job.fusesKeyedEdges
            ) { job.define($0, sinks: sinks) }
            let summary = try run(plan, seed: seed, options: job.options)
            #expect(summary.ledger.imbalances == [])
            #expect(
                summary.ledger.operators.filter { $0.counts.late + $0.counts.held > 0 } == [],
                "seed \(seed)")
            for (recipe, sink) in zip(job.recipes, sinks) {
                let expected = model.records(of: recipe).sorted()
                let found = sink.records.sorted()
                #expect(found == expected, "seed \(seed), P \(job.parallelism): \(recipe)")
                total += found.count
            }
        }
        // An engine that puts out nothing must not pass where the model agrees by chance.
        #expect(total > 200)
    }

    @Test func `puts out what a naive model does, on threads`() async throws {
        for seed in 1_000_000..<1_000_000 + max(30, caseCount / 10) {
            let job = RandomJob(seed: seed)
            let model = Model(sources: job.sources.map { $0.flatMap(\.self) })
            let sinks = job.recipes.map { _ in TestSink<Event>() }
            let plan = try plan(
                parallelism: job.parallelism, fusesKeyedEdges: job.fusesKeyedEdges
            ) { job.define($0, sinks: sinks) }
            let summary = try await JobExecution(plan, options: job.options).run()
            #expect(summary.ledger.imbalances == [])
            for (recipe, sink) in zip(job.recipes, sinks) {
                #expect(
                    sink.records.sorted() == model.records(of: recipe).sorted(),
                    "seed \(seed), P \(job.parallelism): \(recipe)")
            }
        }
    }

    /// The model: a record is late when, after the last watermark sent before its batch, no window
    /// that it belongs to is open. Marks follow the rows of a whole batch, and every pause.
    @Test(arguments: seeds(40))
    func `finds exactly those records late that the watermarks sent before them say`(
        seed: UInt64
    ) throws {
        var random = SeededGenerator(seed: seed)
        let shape = Recipe.Shape.random(using: &random)
        let bound = Int64.random(in: 0...15, using: &random)
        let batchSize = Int.random(in: 1...6, using: &random)
        let events = (0..<300).map { number in
            Event(0, number, at: Int64(number) * 2 + .random(in: -30...10, using: &random))
        }
        let (kept, late) = (TestSink<WindowResult<Int, Int>>(), TestSink<Event>())
        let plan = try plan {
            $0.source(TestSource(splits: [events]), as: "events")
                .watermarked(.boundedOutOfOrderness(.microseconds(bound))) { $0.at }
                .keyed(by: \.key)
                .windowed(shape.assigner, late: .sideOutput { $0.sink(to: late, as: "late") })
                .aggregate(Count(), as: "count").sink(to: kept, as: "kept")
        }
        let options = tightOptions(batchSize: batchSize)
        let summary = try run(plan, seed: seed, options: options)
        let expected = Self.lateEvents(events, shape, bound: bound, batchSize: batchSize)
        #expect(late.records == expected.late)
        // A window that was fired twice would show as -1.
        let counted = Dictionary(
            kept.records.map { ($0.window.start.microseconds, $0.value) },
            uniquingKeysWith: { _, _ in -1 })
        #expect(counted == expected.counts)
        #expect(summary.ledger.imbalances == [])
        let counts = summary.ledger.operators.first { $0.name == "count" }?.counts
        #expect(counts?.late == expected.late.count && counts?.filtered == expected.gaps)
    }

    private static func lateEvents(
        _ events: [Event], _ shape: Recipe.Shape, bound: Int64, batchSize: Int
    ) -> (late: [Event], counts: [Int64: Int], gaps: Int) {
        var (late, counts, gaps) = ([Event](), [Int64: Int](), 0)
        var latest = Int64.min
        var firedThrough = Int64.min
        for first in stride(from: 0, to: events.count, by: batchSize) {
            let batch = events[first..<min(first + batchSize, events.count)]
            for event in batch {
                let time = event.at.microseconds
                let starts = (time - shape.size + 1...time).filter {
                    ($0 - shape.offset) % shape.slide == 0
                }
                let open = starts.filter { $0 + shape.size > firedThrough }
                for start in open { counts[start, default: 0] += 1 }
                if starts.isEmpty { gaps += 1 } else if open.isEmpty { late.append(event) }
                latest = max(latest, time)
            }
            // A watermark of t closes the windows that end by t + 1.
            if batch.count == batchSize { firedThrough = latest - bound }
        }
        return (late, counts, gaps)
    }
}
