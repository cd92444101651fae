import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirTesting

@Suite struct `Watermarks of a job` {
    typealias Read = TestSource<Event>.Read

    private func events(_ times: StrideTo<Int64>, key: Int = 0) -> [Event] {
        times.map { Event(key, 1, at: $0) }
    }

    /// A job that counts in windows of 10 µs; the sink's records in order.
    private func counts(
        _ script: [[Read]], _ strategy: WatermarkStrategy, parallelism: Int, seed: UInt64,
        until stop: Duration? = nil, mode: ReadMode = .inline
    ) throws -> (results: [WindowResult<Int, Int>], summary: JobSummary) {
        let sink = TestSink<WindowResult<Int, Int>>()
        let plan = try plan(parallelism: parallelism) {
            $0.source(TestSource(script, mode: mode), as: "events").watermarked(strategy) { $0.at }
                .keyed(by: \.key).windowed(.tumbling(.microseconds(10)), late: .drop)
                .aggregate(Count(), as: "count").sink(to: sink, as: "sink")
        }
        let executor = ManualExecutor(seed: seed)
        let execution = JobExecution(plan, executor: executor, options: tightOptions())
        let seen = Locked<[WindowResult<Int, Int>]>([])
        if let stop {
            executor.schedule(after: stop) {
                seen.withLock { $0 = sink.records }
                execution.requestStop()
            }
        }
        let summary = try executor.run { try await execution.run() }
        return (stop == nil ? sink.records : seen.withLock { $0 }, summary)
    }

    @Test(arguments: [1, 2, 7], 0..<8 as Range<UInt64>)
    func `are not held back by a split that is silent for longer than its timeout`(
        parallelism: Int, seed: UInt64
    ) throws {
        let busy = (0..<30).flatMap { step -> [Read] in
            [.records([Event(0, 1, at: Int64(step) * 5)]), .silence(.milliseconds(100))]
        }
        let script: [[Read]] = [busy, [.silence(.seconds(3_600))]]
        let strategy = WatermarkStrategy.monotonous
        let held = try counts(
            script, strategy, parallelism: parallelism, seed: seed, until: .seconds(2))
        #expect(held.results.isEmpty)
        let released = try counts(
            script, strategy.idle(after: .milliseconds(500)), parallelism: parallelism, seed: seed,
            until: .seconds(2))
        #expect(released.results.count >= 4 && released.results.allSatisfy { $0.value == 2 })
        #expect(released.summary.ledger.imbalances == [])
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `count a split again that has records after it was idle`(seed: UInt64) throws {
        // The second split wakes after its timeout, still ahead of the first: nothing is late.
        let slow = stride(from: 0, to: 40, by: 4).flatMap { start -> [Read] in
            [
                .records(events(stride(from: start, to: start + 4, by: 1))),
                .silence(.milliseconds(100)),
            ]
        }
        let early: [Read] = [
            .silence(.milliseconds(600)), .records(events(stride(from: 30, to: 50, by: 1), key: 1)),
        ]
        let (results, summary) = try counts(
            [slow, early], .monotonous.idle(after: .milliseconds(200)), parallelism: 2, seed: seed)
        #expect(results.reduce(0) { $0 + $1.value } == 60)
        #expect(summary.ledger.operators.allSatisfy { $0.counts.late == 0 })
    }

    @Test(arguments: [1, 2, 3], seeds(20))
    func `bound how far splits drift apart when aligned`(parallelism: Int, seed: UInt64) throws {
        for mode in [ReadMode.inline, .blocking] {
            let drift: Int64 = 50
            let sink = TestSink<Event>()
            // Splits of very different density: one event stands for 1, 5, 40 µs.
            let splits = [1, 5, 40].enumerated().map { index, step in
                (0..<400).map { Event(index, 1, at: Int64($0) * Int64(step)) }
            }
            let reached = Locked([Int64](repeating: 0, count: 3))
            let widest = Locked<Int64>(0)
            let lasts = splits.map { $0.last?.at.microseconds ?? 0 }
            let plan = try plan(parallelism: parallelism) {
                $0.source(TestSource(splits: splits, mode: mode), as: "events")
                    .watermarked(.monotonous.aligned(within: .microseconds(drift))) { $0.at }
                    .map { (event: Event) -> Event in
                        let spread = reached.withLock { reached -> Int64 in
                            reached[event.key] = event.at.microseconds
                            let open = reached.indices.filter { reached[$0] < lasts[$0] }
                            let lowest = open.map { reached[$0] }.min() ?? .max
                            return event.at.microseconds - lowest
                        }
                        widest.withLock { $0 = max($0, spread) }
                        return event
                    }
                    .sink(to: sink, as: "sink")
            }
            let summary = try run(plan, seed: seed)
            #expect(summary.recordsRead == 1_200 && sink.records.count == 1_200)
            // A split within the drift may still read one batch: three records.
            let limit = drift + 3 * 40
            #expect(widest.withLock { $0 } <= limit)
        }
    }

    @Test func `do not lose a wake-up between aligned subtasks on threads`() async throws {
        for _ in 0..<10 {
            let sink = TestSink<Event>()
            let splits = (0..<4).map { index in
                (0..<500).map { Event(index, 1, at: Int64($0 * (index + 1))) }
            }
            let plan = try plan(parallelism: 4) {
                $0.source(TestSource(splits: splits), as: "events")
                    .watermarked(.monotonous.aligned(within: .microseconds(5))) { $0.at }
                    .sink(to: sink, as: "sink")
            }
            let summary = try await JobExecution(plan, options: tightOptions()).run()
            #expect(summary.recordsRead == 2_000)
        }
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `of two branches of one source are each their own`(seed: UInt64) throws {
        // Up to 20 µs out of order: too much for one branch, all right for the other.
        var random = SeededGenerator(seed: seed)
        let disordered = (0..<200).map {
            Event(0, 1, at: Int64($0) + .random(in: 0..<20, using: &random))
        }
        let strict = TestSink<WindowResult<Int, Int>>()
        let patient = TestSink<WindowResult<Int, Int>>()
        let plan = try plan(parallelism: 1) { job in
            let source = job.source(TestSource(splits: [disordered]), as: "events")
            for (name, bound, sink) in [("strict", 0, strict), ("patient", 20, patient)] {
                source.watermarked(.boundedOutOfOrderness(.microseconds(bound)), as: name) { $0.at }
                    .keyed(by: \.key)
                    .windowed(.tumbling(.microseconds(5)), late: .drop)
                    .aggregate(Count(), as: "\(name)-count").sink(to: sink, as: "\(name)-sink")
            }
        }
        let summary = try run(plan, seed: seed)
        let late = Dictionary(
            uniqueKeysWithValues: summary.ledger.operators.map { ($0.name, $0.counts.late) })
        #expect(late["strict-count"] ?? 0 > 0 && late["patient-count"] == 0)
        #expect(patient.records.reduce(0) { $0 + $1.value } == 200)
    }

    @Test(arguments: [1, 2], 0..<10 as Range<UInt64>)
    func `below a flat map are kept for each split`(parallelism: Int, seed: UInt64) throws {
        let sink = TestSink<WindowResult<Int, Int>>()
        let splits = [0, 1].map { split in
            (0..<60).map { Event(split, 1, at: Int64($0)) }
        }
        let plan = try plan(parallelism: parallelism) {
            // The first split falls silent while the other is read to its end.
            $0.source(
                TestSource([
                    [.silence(.seconds(1)), .records(splits[0])], [.records(splits[1])],
                ]), as: "events"
            )
            .flatMap { [$0, $0] }.watermarked(.monotonous) { $0.at }.keyed(by: \.key)
            .windowed(.tumbling(.microseconds(10)), late: .drop).aggregate(Count(), as: "count")
            .sink(to: sink, as: "sink")
        }
        let summary = try run(plan, seed: seed)
        #expect(sink.records.count == 12 && sink.records.allSatisfy { $0.value == 20 })
        #expect(summary.ledger.operators.allSatisfy { $0.counts.late == 0 })
    }

    @Test(arguments: [1, 3], 0..<10 as Range<UInt64>)
    func `given anew below a window do not run ahead of its results`(
        parallelism: Int, seed: UInt64
    ) throws {
        let sink = TestSink<WindowResult<Int, Int>>()
        // Fifty keys fire at once, in batches of three, within windows of windows.
        let splits = [0, 1].map { split in
            (0..<400).map { Event($0 % 50 * 2 + split, 1, at: Int64($0)) }
        }
        let plan = try plan(parallelism: parallelism) {
            $0.source(TestSource(splits: splits), as: "events").watermarked(.monotonous) { $0.at }
                .keyed(by: \.key).windowed(.tumbling(.microseconds(100)), late: .drop)
                .aggregate(Count(), as: "inner")
                .watermarked(.monotonous, as: "again") { $0.window.lastTimestamp }
                .keyed { _ in 0 }.windowed(.tumbling(.microseconds(200)), late: .drop)
                .aggregate(Sum(\.value), as: "outer").sink(to: sink, as: "sink")
        }
        let summary = try run(plan, seed: seed)
        #expect(sink.records.map(\.value) == [400, 400])
        #expect(summary.ledger.operators.allSatisfy { $0.counts.late == 0 })
    }

    @Test func `set no more than one timer for silent splits, however often others have records`()
        throws
    {
        let busy = (0..<300).flatMap { step -> [Read] in
            [.records([Event(0, 1, at: Int64(step))]), .silence(.milliseconds(1))]
        }
        let executor = ManualExecutor(seed: 5)
        let most = Locked(0)
        let sink = TestSink<Event> { _ in
            most.withLock { $0 = max($0, executor.pendingTimers) }
        }
        let plan = try plan {
            $0.source(TestSource([busy, [.silence(.seconds(60))]]), as: "events")
                .watermarked(.monotonous.idle(after: .seconds(30))) { $0.at }.sink(
                    to: sink, as: "sink")
        }
        let execution = JobExecution(plan, executor: executor, options: tightOptions())
        _ = try executor.run { try await execution.run() }
        #expect(most.withLock { $0 } <= 4)
    }
}
