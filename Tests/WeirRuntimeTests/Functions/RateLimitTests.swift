import Testing
import WeirCore
import WeirGraph
import WeirTesting

@testable import WeirRuntime

@Suite struct `A rate limit` {
    private func harness(
        _ rate: Int, burst: Int = 1, parallelism: Int = 1, batchSize: Int = 1_024,
        refusing: Refusal = .never
    ) throws -> AsyncHarness<Int, Int> {
        try AsyncHarness(batchSize: batchSize, parallelism: parallelism, refusing: refusing) {
            context, _, next in
            rateLimitStep(context, into: next, recordsPerSecond: rate, burst: burst)
        }
    }
    private func records(_ range: Range<Int>) -> [(Int, at: Timestamp)] {
        range.map { ($0, at: Timestamp(microseconds: Int64($0))) }
    }

    @Test func `hands on records exactly a rate's interval apart`() throws {
        let harness = try harness(1_000)
        try harness.send(records(0..<50))
        for millisecond in 0..<50 {
            try harness.run(until: .milliseconds(millisecond))
            #expect(harness.records == Array(0...millisecond))
            try harness.run(until: .milliseconds(millisecond) + .microseconds(999))
            #expect(harness.records.count == millisecond + 1)
            let counters = harness.counters
            #expect(counters.received.current == 50)
            #expect(counters.passed.current == millisecond + 1)
            #expect(counters.held.current == 49 - millisecond)
        }
    }

    @Test func `is exact at rates that divide no second`() throws {
        let harness = try harness(7)
        try harness.send(records(0..<71))
        try harness.run(until: .seconds(10) - .microseconds(1))
        #expect(harness.records.count == 70)
        try harness.run(until: .seconds(10))
        #expect(harness.records.count == 71)
    }

    @Test func `gives each subtask its share`() throws {
        let harness = try harness(100, parallelism: 4)
        try harness.send(records(0..<26))
        try harness.run(until: .seconds(1))
        #expect(harness.records.count == 26)
        #expect(harness.elapsed >= .seconds(1))
    }

    @Test func `lets a burst go at once after a pause, and no more`() throws {
        let harness = try harness(1_000, burst: 5)
        try harness.send(records(0..<20))
        #expect(harness.records.count == 5)
        try harness.run(until: .milliseconds(15))
        #expect(harness.records.count == 20)
        try harness.send(.flush)
        try harness.run(until: .seconds(100))
        try harness.send(records(20..<40))
        #expect(harness.records.count == 25)
    }

    @Test(arguments: OrdealRound.all)
    func `drops nothing, keeps order, and hands marks on behind what they follow`(
        round: OrdealRound
    ) throws {
        let harness = try harness(
            1_000, batchSize: round.batchSize, refusing: round.refusal)
        if round.isSingly {
            for record in records(0..<40) { try harness.send([record]) }
        } else {
            try harness.send(records(0..<25))
            try harness.send(records(25..<40))
        }
        try harness.send(.watermark(.epoch))
        try harness.send(records(40..<41))
        try harness.end()
        let all: [Emission<Int>] = records(0..<40).map { .record($0.0, at: $0.1) }
        let rest: [Emission<Int>] = [
            .watermark(.epoch), .record(40, at: Timestamp(microseconds: 40)), .end,
        ]
        #expect(harness.output.emissions == all + rest)
        #expect(harness.elapsed >= .milliseconds(40) && harness.elapsed < .milliseconds(41))
    }

    @Test(arguments: 0..<6 as Range<UInt64>, [1, 2, 7])
    func `keeps a job to its rate, and the source with it`(seed: UInt64, parallelism: Int) throws {
        let executor = ManualExecutor(seed: seed)
        let sink = TestSink<Int>()
        let splits = (0..<parallelism).map { split in (0..<70).map { split * 70 + $0 } }
        let plan = try plan(parallelism: parallelism) {
            $0.source(TestSource(splits: splits), as: "numbers")
                .rateLimited(recordsPerSecond: 100 * parallelism, as: "limited")
                .sink(to: sink, as: "sink")
        }
        let execution = JobExecution(plan, executor: executor, options: tightOptions())
        let summary = try executor.run { try await execution.run() }
        #expect(sink.records.sorted() == Array(0..<70 * parallelism))
        #expect(summary.ledger.imbalances == [])
        // 70 records in each subtask, the first at once, the others a hundredth of a second apart.
        #expect(summary.seconds >= 0.69 && summary.seconds < 0.75)
    }
}
