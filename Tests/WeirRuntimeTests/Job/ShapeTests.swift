import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirTesting

/// How a whole job is run in these tests: on threads, or in one of many orders.
enum Way: Sendable, CustomTestStringConvertible {
    case dispatch(parallelism: Int)
    case manual(parallelism: Int, seeds: Range<UInt64>)

    static let all: [Way] = [
        .dispatch(parallelism: 1), .dispatch(parallelism: 2), .dispatch(parallelism: 7),
        .manual(parallelism: 1, seeds: 0..<15), .manual(parallelism: 2, seeds: 0..<15),
        .manual(parallelism: 7, seeds: 0..<15),
    ]

    var parallelism: Int {
        switch self {
        case .dispatch(let parallelism), .manual(let parallelism, _): parallelism
        }
    }
    var testDescription: String {
        switch self {
        case .dispatch(let parallelism): "on threads, at parallelism \(parallelism)"
        case .manual(let parallelism, let seeds):
            "in \(seeds.count) orders, at parallelism \(parallelism)"
        }
    }

    /// Runs the job that `define` describes once for each order; `check` sees the outcome.
    func run(
        options: ExecutionOptions = tightOptions(),
        _ job: () throws -> (define: (JobBuilder) -> Void, check: (JobSummary) throws -> Void)
    ) async throws {
        switch self {
        case .dispatch(let parallelism):
            let (define, check) = try job()
            let plan = try plan(parallelism: parallelism, define)
            try check(try await JobExecution(plan, options: options).run())
        case .manual(let parallelism, let seeds):
            for seed in seeds {
                let (define, check) = try job()
                let plan = try plan(parallelism: parallelism, define)
                try check(try WeirRuntimeTests.run(plan, seed: seed, options: options))
            }
        }
    }
}

@Suite struct `A job of any shape` {
    private static let splits = (0..<5).map { split in (0..<40).map { split * 100 + $0 } }
    private let all = splits.flatMap(\.self)

    @Test(arguments: Way.all)
    func `gives every branch of a diamond every record`(way: Way) async throws {
        try await way.run {
            let sink = TestSink<Int>()
            let define: (JobBuilder) -> Void = { job in
                let top = job.source(TestSource(splits: Self.splits), as: "numbers")
                let odd = top.filter { $0 % 2 == 1 }.map { $0 * 10 }
                let twice = top.flatMap { [$0, $0] }
                odd.union(twice).sink(to: sink, as: "sink")
            }
            return (
                define,
                { summary in
                    let expected = all.filter { $0 % 2 == 1 }.map { $0 * 10 } + all + all
                    #expect(sink.records.sorted() == expected.sorted())
                    #expect(summary.ledger.imbalances == [] && summary.recordsRead == 200)
                }
            )
        }
    }

    @Test(arguments: Way.all)
    func `feeds several sinks, inline and blocking, from several sources`(way: Way) async throws {
        try await way.run {
            let sinks = (0..<4).map { index in
                TestSink<Int>(
                    mode: index % 2 == 0 ? .inline : .blocking,
                    maximumParallelism: index < 2 ? 1 : nil)
            }
            let define: (JobBuilder) -> Void = { job in
                let inline = job.source(TestSource(splits: Self.splits), as: "inline")
                let blocking = job.source(
                    TestSource(splits: Self.splits.reversed(), mode: .blocking), as: "blocking")
                for (index, sink) in sinks.enumerated() {
                    (index < 2 ? inline : blocking).map { $0 + index }
                        .sink(to: sink, as: "sink-\(index)")
                }
            }
            return (
                define,
                { summary in
                    for (index, sink) in sinks.enumerated() {
                        #expect(sink.records.sorted() == all.map { $0 + index })
                        #expect(sink.logs.allSatisfy { $0.finishes == 1 && $0.abandons == 0 })
                        #expect(sink.logs.count == (index < 2 ? 1 : way.parallelism))
                    }
                    #expect(summary.ledger.imbalances == [] && summary.outcome == .finished)
                }
            )
        }
    }

    @Test(arguments: Way.all)
    func `keeps the order of each split where no exchange lies between`(way: Way) async throws {
        try await way.run {
            let sink = TestSink<Int>(mode: .blocking)
            return (
                {
                    $0.source(TestSource(splits: Self.splits, mode: .blocking), as: "numbers")
                        .map { $0 }.sink(to: sink, as: "sink")
                },
                { _ in
                    for split in Self.splits {
                        #expect(sink.records.filter(Set(split).contains) == split)
                    }
                }
            )
        }
    }

    @Test(arguments: Way.all)
    func `deals the records of one split to all subtasks when rebalanced`(way: Way) async throws {
        try await way.run {
            let sink = TestSink<Int>()
            let records = Array(0..<500)
            return (
                {
                    $0.source(TestSource(splits: [records]), as: "numbers").rebalanced()
                        .map { $0 }.sink(to: sink, as: "sink")
                },
                { _ in
                    #expect(sink.records.sorted() == records)
                    let written = sink.logs.map(\.written)
                    #expect(written.count == way.parallelism && written.reduce(0, +) == 500)
                    #expect((written.max() ?? 0) - (written.min() ?? 0) <= 2 * 3)
                }
            )
        }
    }

    @Test(arguments: Way.all)
    func `looks records up in a small table`(way: Way) async throws {
        try await way.run {
            let sink = TestSink<String>()
            let table = TestSource(
                splits: [[(1, "one"), (2, "two")], [(2, "TWO")]].map {
                    $0.map {
                        Event($0.0, $0.1.utf8.count, at: Int64($0.1.unicodeScalars.first!.value))
                    }
                })
            return (
                {
                    $0.source(TestSource(splits: [[0, 1], [2], [1]]), as: "numbers")
                        .enriched(from: table, by: \.key, matching: { $0 }) { number, row in
                            "\(number):\(row.map { "\($0.at.microseconds)" } ?? "none")"
                        }
                        .sink(to: sink, as: "sink")
                },
                { summary in
                    // Of two rows with one key the last one read counts: "TWO", not "two".
                    #expect(sink.records.sorted() == ["0:none", "1:111", "1:111", "2:84"])
                    #expect(summary.ledger.imbalances == [])
                }
            )
        }
    }

    @Test(arguments: Way.all)
    func `ends where a source is empty, has no splits or fewer than workers`(
        way: Way
    ) async throws {
        for splits in [[], [[]], [[], [1], []], (0..<20).map { [$0] }] as [[[Int]]] {
            for mode in [ReadMode.inline, .blocking] {
                try await way.run {
                    let sink = TestSink<WindowResult<Int, Int>>()
                    return (
                        {
                            $0.source(TestSource(splits: splits, mode: mode), as: "numbers")
                                .watermarked(.monotonous) { Timestamp(microseconds: Int64($0)) }
                                .keyed { $0 % 3 }
                                .windowed(.tumbling(.microseconds(10)), late: .drop)
                                .aggregate(Count(), as: "count").sink(to: sink, as: "sink")
                        },
                        { summary in
                            let total = sink.records.reduce(0) { $0 + $1.value }
                            let late = summary.ledger.operators.reduce(0) { $0 + $1.counts.late }
                            #expect(total + late == splits.reduce(0) { $0 + $1.count })
                            #expect(summary.ledger.imbalances == [])
                            #expect(sink.logs.allSatisfy { $0.finishes == 1 })
                        }
                    )
                }
            }
        }
    }

    @Test(arguments: Way.all)
    func `merges several splits of several sources under one watermark`(way: Way) async throws {
        try await way.run {
            let sink = TestSink<WindowResult<Int, Int>>()
            let sources = (0..<2).map { source in
                TestSource(
                    splits: (0..<3).map { split in
                        (0..<20).map { Event(split, source, at: Int64($0)) }
                    })
            }
            return (
                { job in
                    let streams = sources.enumerated().map { job.source($1, as: "source-\($0)") }
                    streams[0].union(streams[1]).watermarked(.atEnd, as: "marks") { $0.at }
                        .keyed(by: \.key)
                        .windowed(.tumbling(.microseconds(10)), late: .drop)
                        .aggregate(Count(), as: "count").sink(to: sink, as: "sink")
                },
                { summary in
                    #expect(sink.records.count == 6 && sink.records.allSatisfy { $0.value == 20 })
                    #expect(summary.ledger.imbalances == [])
                }
            )
        }
    }

    @Test(arguments: [1, 2, 7], seeds(20))
    func `has brought to its sinks, and flushed, all it has read when sources fall silent`(
        parallelism: Int, seed: UInt64
    ) throws {
        let sinks = [TestSink<Int>(), TestSink<Int>(mode: .blocking), TestSink<Int>()]
        let splits: [[TestSource<Int>.Read]] = Self.splits.map {
            [.records($0), .silence(.seconds(10)), .records([0])]
        }
        let plan = try plan(parallelism: parallelism) { job in
            let marked = job.source(TestSource(splits), as: "numbers")
                .watermarked(.monotonous) { Timestamp(microseconds: Int64($0)) }
            marked.sink(to: sinks[0], as: "inline")
            marked.sink(to: sinks[1], as: "blocking")
            let keyed = marked.keyed { $0 }
            let job = marked.job
            let body = TransformBody { context, outputs, _ in
                [AnyStep(passStep(context, into: try outputs.step(0) as Step<Int>))]
            }
            let id = job.add(
                .map, as: "exchanged", inputs: [keyed.edge()], outputTypes: [Int.self],
                body: .transform(body))
            DataStream<Int>(job: job, output: OutputReference(id)).sink(to: sinks[2], as: "keyed")
        }
        let executor = ManualExecutor(seed: seed)
        let execution = JobExecution(plan, executor: executor, options: tightOptions())
        let seen = Locked<[[Int]]>([])
        executor.schedule(after: .seconds(5)) {
            seen.withLock { seen in
                seen = sinks.map { sink in
                    [sink.records.count, sink.logs.reduce(0) { $0 + $1.unflushed }]
                }
            }
        }
        _ = try executor.run { try await execution.run() }
        #expect(seen.withLock { $0 } == [[200, 0], [200, 0], [200, 0]])
        #expect(sinks.map(\.records.count) == [205, 205, 205])
    }

    @Test(arguments: Way.all)
    func `gives a stream that is united with itself twice`(way: Way) async throws {
        try await way.run {
            let sink = TestSink<Int>()
            return (
                { job in
                    let top = job.source(TestSource(splits: Self.splits), as: "numbers")
                    top.union(top).sink(to: sink, as: "sink")
                },
                { summary in
                    #expect(sink.records.sorted() == all.flatMap { [$0, $0] })
                    #expect(summary.ledger.imbalances == [])
                }
            )
        }
    }
}
