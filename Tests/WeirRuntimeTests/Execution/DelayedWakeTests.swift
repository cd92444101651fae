import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirTesting

@Suite struct `A wake after a wait` {
    /// The clock goes on by up to 0.1 ms whenever it is read, so that most waits are over before the
    /// tasklet rests, and timers fire only when it does.
    @Test(arguments: 0..<8 as Range<UInt64>)
    func `does not pile up where waits are over before it comes`(seed: UInt64) throws {
        let executor = ManualExecutor(seed: seed)
        let mostTimers = Locked(0)
        var source = TestSource<Int>([
            (0..<500).flatMap { [.records([$0]), .silence(.microseconds(1))] } + [.records([500])]
        ])
        source.onRead = { _, _ in
            mostTimers.withLock { $0 = max($0, executor.pendingTimers) }
        }
        let sink = TestSink<Int>()
        let plan = try plan { [source] in
            $0.source(source, as: "numbers").sink(to: sink, as: "sink")
        }
        let execution = JobExecution(plan, executor: executor, options: tightOptions())
        _ = try executor.run { try await execution.run() }
        #expect(sink.records == Array(0...500))
        #expect(mostTimers.withLock { $0 } <= 1)
    }

    /// The clock stands still but for timers.
    @Test func `comes again when it came before its time`() throws {
        let executor = ManualExecutor(seed: 1, maximumTick: .zero)
        let times = Locked<[Duration]>([])
        var source = TestSource<Int>([
            [.records([1]), .silence(.milliseconds(10)), .records([2])],
            [.silence(.milliseconds(3)), .records([3])],
        ])
        source.onRead = { _, _ in times.withLock { $0.append(executor.now) } }
        let sink = TestSink<Int>()
        let plan = try plan { [source] in
            $0.source(source, as: "numbers").sink(to: sink, as: "sink")
        }
        let execution = JobExecution(plan, executor: executor, options: tightOptions())
        _ = try executor.run { try await execution.run() }
        #expect(sink.records == [1, 3, 2])
        let start = Duration.nanoseconds(1)
        #expect(
            times.withLock { $0 } == [start, start + .milliseconds(3), start + .milliseconds(10)])
    }
}
