import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirTesting

@Suite struct `A job with windows` {
    private static let bound: Int64 = 30

    /// Records out of order by less than the bound, over three splits.
    private static func splits(seed: UInt64) -> [[Event]] {
        var random = SeededGenerator(seed: seed)
        return (0..<3).map { split in
            var now: Int64 = 0
            return (0..<80).map { number in
                now += .random(in: 0...9, using: &random)
                return Event(
                    .random(in: 0...5, using: &random), split * 1_000 + number,
                    at: now - .random(in: 0..<bound - 10, using: &random))
            }
        }
    }

    private func run(
        parallelism: Int, seed: UInt64,
        _ windowed: (KeyedStream<Event, Int>) -> WindowedStream<Event, Int>
    ) throws -> ([PaneRow], LedgerCounts?) {
        let sink = TestSink<PaneRow>()
        let plan = try plan(parallelism: parallelism) { job in
            windowed(
                job.source(TestSource(splits: Self.splits(seed: 1)), as: "events")
                    .watermarked(.boundedOutOfOrderness(.microseconds(Self.bound))) { $0.at }
                    .keyed(by: \.key)
            )
            .aggregate(Collect(\.value), as: "collect") { PaneRow($0, $1, $2, $3) }
            .sink(to: sink, as: "sink")
        }
        let summary = try WeirRuntimeTests.run(plan, seed: seed)
        #expect(summary.ledger.imbalances == [])
        return (
            sink.records.sorted(), summary.ledger.operators.first { $0.name == "collect" }?.counts
        )
    }

    /// The model's results, and the job's at several parallelisms, where these do not depend on when
    /// records come.
    private func check(
        _ shape: WindowModel.Shape, _ seed: UInt64,
        _ windowed: (KeyedStream<Event, Int>) -> WindowedStream<Event, Int>
    ) throws {
        var model = WindowModel(
            shape, domain: .eventTime, lateness: 0, early: nil, late: .eachRecord,
            panes: .accumulating)
        for event in Self.splits(seed: 1).flatMap(\.self) { model.add(event) }
        model.advance(.eventTime, to: .max, isEnd: true)
        for parallelism in [1, 2, 7] {
            let (found, counts) = try run(parallelism: parallelism, seed: seed, windowed)
            #expect(found == model.rows.sorted(), "parallelism \(parallelism)")
            #expect(counts?.held == 0 && counts?.late == 0 && counts?.received == 240)
        }
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `of sessions gives the same at any parallelism`(seed: UInt64) throws {
        try check(.sessions(gap: 6), seed) {
            $0.windowed(.session(gap: .microseconds(6)), late: .drop)
        }
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `of sessions whose records say the gap gives the same at any parallelism`(
        seed: UInt64
    ) throws {
        try check(.sessionsByRecord(modulus: 12), seed) {
            $0.windowed(
                sessionGap: { .microseconds(1 + Int64($0.value % 12)) },
                allowedLateness: .zero, late: .drop)
        }
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `of cumulative windows gives the same at any parallelism`(seed: UInt64) throws {
        try check(.cumulative(size: 60, step: 10, offset: 5), seed) {
            $0.windowed(
                .cumulative(
                    .microseconds(60), every: .microseconds(10), offset: .microseconds(5)),
                late: .drop)
        }
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `of custom windows gives the same at any parallelism`(seed: UInt64) throws {
        let custom = RandomWindows(isMerging: false, modulus: 9)
        var model = WindowModel(
            .custom(custom), domain: .eventTime, lateness: 0, early: nil, late: .eachRecord,
            panes: .accumulating)
        for event in Self.splits(seed: 1).flatMap(\.self) { model.add(event) }
        model.advance(.eventTime, to: .max, isEnd: true)
        for parallelism in [1, 2, 7] {
            // Custom windows may end before the bound has passed: those records are late by right.
            let (found, counts) = try run(parallelism: parallelism, seed: seed) {
                $0.windowed(by: custom, allowedLateness: .seconds(1), late: .drop)
                    .triggered(late: .everyRecords(1_000))
            }
            let latest = Dictionary(
                found.map { ([Int64($0.key), $0.start, $0.end], $0) }, uniquingKeysWith: { $1 })
            #expect(
                latest.values.map(\.values.count).reduce(0, +)
                    == model.rows.map(\.values.count).reduce(0, +))
            #expect(counts?.filtered == model.filtered && counts?.late == 0)
        }
    }

    @Test(arguments: [1, 2, 7], 0..<4 as Range<UInt64>)
    func `and allowed lateness refines until the last pane is the whole window`(
        parallelism: Int, seed: UInt64
    ) throws {
        var model = WindowModel(
            .sliding(size: 20, slide: 20, offset: 0), domain: .eventTime, lateness: 0, early: nil,
            late: .eachRecord, panes: .accumulating)
        for event in Self.splits(seed: 1).flatMap(\.self) { model.add(event) }
        model.advance(.eventTime, to: .max, isEnd: true)
        let sink = TestSink<PaneRow>()
        let plan = try plan(parallelism: parallelism) { job in
            job.source(TestSource(splits: Self.splits(seed: 1)), as: "events")
                // No disorder is waited for, so that much is late.
                .watermarked(.monotonous) { $0.at }
                .keyed(by: \.key)
                .windowed(.tumbling(.microseconds(20)), allowedLateness: .seconds(1), late: .drop)
                .aggregate(Collect(\.value), as: "collect") { PaneRow($0, $1, $2, $3) }
                .sink(to: sink, as: "sink")
        }
        let summary = try WeirRuntimeTests.run(plan, seed: seed)
        #expect(summary.ledger.imbalances == [])
        // Panes of a key and window come in order; the last one counts.
        var last: [[Int64]: PaneRow] = [:]
        for row in sink.records {
            let place = [Int64(row.key), row.start, row.end]
            #expect(row.index == (last[place]?.index ?? -1) + 1)
            last[place] = row
        }
        #expect(sink.records.contains { $0.timing == .late })
        #expect(
            last.values.map { PaneRow($0.key, $0.start, $0.end, $0.values) }.sorted()
                == model.rows.map { PaneRow($0.key, $0.start, $0.end, $0.values) }.sorted())
    }

    @Test(arguments: [1, 2, 7], 0..<4 as Range<UInt64>)
    func `of counted records has each record in one window`(parallelism: Int, seed: UInt64) throws {
        let (found, counts) = try run(parallelism: parallelism, seed: seed) {
            $0.windowed(count: 7)
        }
        #expect(
            found.flatMap(\.values).sorted() == Self.splits(seed: 1).flatMap(\.self).map(\.value))
        #expect(found.filter { $0.timing == .onTime }.allSatisfy { $0.values.count == 7 })
        #expect(found.count { $0.timing == .early } <= 6 && counts?.held == 0)
    }

    @Test(arguments: [1, 2, 7], 0..<4 as Range<UInt64>)
    func `of processing time fires with the clock while the source is silent`(
        parallelism: Int, seed: UInt64
    ) throws {
        let script: [TestSource<Event>.Read] = (0..<10).flatMap { round in
            [
                .records((0..<5).map { Event($0 % 2, round * 10 + $0, at: 0) }),
                .silence(.milliseconds(700)),
            ]
        }
        let sink = TestSink<PaneRow>()
        // No watermarks: windows of processing time do not ask for them.
        let plan = try plan(parallelism: parallelism) { job in
            job.source(TestSource([script]), as: "events").keyed(by: \.key)
                .windowed(inProcessingTime: .tumbling(.seconds(1)))
                .aggregate(Collect(\.value), as: "collect") { PaneRow($0, $1, $2, $3) }
                .sink(to: sink, as: "sink")
        }
        let executor = ManualExecutor(seed: seed)
        let execution = JobExecution(plan, executor: executor, options: tightOptions())
        let midway = Locked(0)
        executor.schedule(after: .milliseconds(3_500)) {
            midway.withLock { $0 = sink.records.count }
        }
        let summary = try executor.run { try await execution.run() }
        #expect(summary.ledger.imbalances == [])
        #expect(midway.withLock { $0 } >= 4)
        #expect(sink.records.flatMap(\.values).count == 50)
        #expect(sink.records.allSatisfy { $0.end - $0.start == 1_000_000 && $0.index == 0 })
        #expect(Set(sink.records.map(\.start)).count >= 6)
    }

    @Test(arguments: [1, 2, 7], 0..<4 as Range<UInt64>)
    func `joins sessions, and keeps those with or without a partner`(
        parallelism: Int, seed: UInt64
    ) throws {
        let (semi, anti) = (TestSink<Event>(), TestSink<Event>())
        let lefts = [Event(1, 1, at: 0), Event(1, 2, at: 50), Event(2, 3, at: 0)]
        let rights = [Event(1, 7, at: 8), Event(2, 8, at: 20), Event(1, 9, at: 6)]
        let plan = try plan(parallelism: parallelism) { job in
            func stream(_ events: [Event], _ name: String) -> KeyedStream<Event, Int> {
                job.source(TestSource(splits: [events]), as: name)
                    .watermarked(.boundedOutOfOrderness(.microseconds(100)), as: "marks-\(name)") {
                        $0.at
                    }.keyed(by: \.key)
            }
            let (left, right) = (stream(lefts, "left"), stream(rights, "right"))
            let sessions = WindowAssigner.session(gap: .microseconds(10))
            left.semiJoined(with: right, in: sessions, late: .drop, as: "with")
                .sink(to: semi, as: "semi")
            left.antiJoined(with: right, in: sessions, late: .drop, as: "without")
                .sink(to: anti, as: "anti")
        }
        let summary = try WeirRuntimeTests.run(plan, seed: seed)
        #expect(summary.ledger.imbalances == [])
        #expect(semi.records == [lefts[0]] && anti.records.sorted() == [lefts[2], lefts[1]])
    }

    @Test(arguments: [1, 2, 7], 0..<4 as Range<UInt64>)
    func `joins what is processed at the same time`(parallelism: Int, seed: UInt64) throws {
        func source(_ values: [Int]) -> TestSource<Event> {
            TestSource([
                values.flatMap { value in
                    [.records([Event(1, value, at: 0)]), .silence(.milliseconds(1_500))]
                }
            ])
        }
        let sink = TestSink<[Int]>()
        let plan = try plan(parallelism: parallelism) { job in
            let left = job.source(source([1, 2, 3]), as: "left").keyed(by: \.key)
            let right = job.source(source([7, 8]), as: "right").keyed(by: \.key)
            left.windowJoined(
                .left, with: right, in: .processingTime(.tumbling(.seconds(1))), late: .drop,
                as: "joined"
            ) { [$0?.value ?? 0, $1?.value ?? 0] }
            .sink(to: sink, as: "sink")
        }
        let summary = try WeirRuntimeTests.run(plan, seed: seed)
        #expect(summary.ledger.imbalances == [])
        #expect(sink.records == [[1, 7], [2, 8], [3, 0]])
    }
}
