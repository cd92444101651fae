import Synchronization
import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirTesting

@Suite struct `Back-pressure` {
    @Test(arguments: [ReadMode.inline, .blocking], 0..<10 as Range<UInt64>)
    func `keeps the records on the way bounded, whatever the source could give`(
        mode: ReadMode, seed: UInt64
    ) throws {
        let source = TestSource<Int>(
            splits: (0..<4).map { split in (0..<2_000).map { $0 * 4 + split } }, mode: mode)
        let most = Mutex(0)
        let taken = SharedCount()
        let sink = TestSink<Int>(mode: .blocking, maximumParallelism: 1) { _ in
            let onTheWay = source.readCount.current - taken.add(1)
            most.withLock { $0 = max($0, onTheWay) }
        }
        let plan = try plan(parallelism: 2) {
            $0.source(source, as: "numbers").rebalanced().map { $0 }.sink(to: sink, as: "sink")
        }
        let options = tightOptions(batchSize: 4, queueCapacity: 2)
        let summary = try run(plan, seed: seed, options: options)
        #expect(taken.current == 8_000 && summary.ledger.imbalances == [])
        // Each of 2 × 2 queues to the rebalanced subtasks and 2 to the sink holds 2 batches, each
        // producer keeps at most one more for each target, the sink one; each pump's queue holds 4.
        let queued = (2 * 2 + 2) * (2 + 1) + 1 + 2
        let pumped = mode == .blocking ? 4 * (4 + 1) : 0
        #expect(most.withLock { $0 } <= (queued + pumped) * 4)
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `does not let a window that fires at once fill memory`(seed: UInt64) throws {
        // One key in each of 5,000 windows, which all close at the end of the input.
        let most = Mutex(0)
        let emitted = SharedCount()
        let taken = SharedCount()
        let sink = TestSink<Int>(mode: .blocking, maximumParallelism: 1) { _ in
            let onTheWay = emitted.current - taken.add(1)
            most.withLock { $0 = max($0, onTheWay) }
        }
        let events = (0..<5_000).map { Event(0, $0, at: Int64($0)) }
        let plan = try plan {
            $0.source(TestSource(splits: [events]), as: "events").watermarked(.atEnd) { $0.at }
                .keyed(by: \.key).windowed(.tumbling(.microseconds(1)), late: .drop)
                .reduce(into: 0, as: "sum") { $0 += $1.value }
                .map { (result: WindowResult<Int, Int>) -> Int in
                    emitted.add(1)
                    return result.value
                }
                .sink(to: sink, as: "sink")
        }
        _ = try run(plan, seed: seed, options: tightOptions(batchSize: 4, queueCapacity: 2))
        #expect(sink.records == Array(0..<5_000))
        #expect(most.withLock { $0 } <= 4 * 4)
    }

    @Test func `ends with more workers than cores`() async throws {
        let sink = TestSink<WindowResult<Int, Int>>()
        let splits = (0..<16).map { split in
            (0..<500).map { Event($0 % 40, 1, at: Int64($0)) }
        }
        let plan = try plan(parallelism: 16) {
            $0.source(TestSource(splits: splits), as: "events").watermarked(.monotonous) { $0.at }
                .keyed(by: \.key).windowed(.tumbling(.microseconds(100)), late: .drop)
                .aggregate(Count(), as: "count").sink(to: sink, as: "sink")
        }
        let summary = try await JobExecution(plan, options: tightOptions()).run()
        #expect(sink.records.reduce(0) { $0 + $1.value } == 8_000)
        #expect(sink.records.count == 5 * 40 && summary.ledger.imbalances == [])
    }
}
