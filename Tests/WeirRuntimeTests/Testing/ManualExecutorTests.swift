import Synchronization
import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirTesting

@Suite struct `The manual executor` {
    /// The records of a job in the order in which its sink got them.
    private func order(seed: UInt64) throws -> [Int] {
        let sink = TestSink<Int>(mode: .blocking)
        let splits = (0..<4).map { split in (0..<50).map { split * 100 + $0 } }
        let plan = try plan(parallelism: 3) {
            $0.source(TestSource(splits: splits, mode: .blocking), as: "numbers").rebalanced()
                .sink(to: sink, as: "sink")
        }
        _ = try run(plan, seed: seed)
        return sink.records
    }

    @Test func `runs a job in the same order for the same seed, in others for others`() throws {
        let orders = try (0..<10 as Range<UInt64>).map { try order(seed: $0) }
        #expect(try (0..<10 as Range<UInt64>).map { try order(seed: $0) } == orders)
        #expect(Set(orders).count == 10)
        #expect(orders.allSatisfy { $0.count == 200 })
    }

    @Test func `gives up on what can never end`() {
        let executor = ManualExecutor(seed: 0)
        #expect(throws: ManualExecutorError.self) {
            try executor.run {
                await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
            }
        }
        #expect(
            "\(ManualExecutorError.stalled(steps: 3))".hasPrefix(
                "stalled after 3 steps: nothing is"))
    }

    @Test func `gives up on what does not end in so many steps`() throws {
        let executor = ManualExecutor(seed: 0)
        let plan = try plan {
            $0.source(TestSource([[.endless(1)]]), as: "numbers").sink(
                to: TestSink<Int>(), as: "sink")
        }
        let execution = JobExecution(plan, executor: executor)
        #expect(throws: ManualExecutorError.endless(steps: 500)) {
            _ = try executor.run(maximumSteps: 500) { try await execution.run() }
        }
    }

    @Test func `fires timers in the order in which they are due, jumping over the time between`() {
        let executor = ManualExecutor(seed: 0, maximumTick: .zero)
        let fired = Mutex<[String]>([])
        for (span, name) in [
            (Duration.seconds(3_600), "hour"), (.zero, "now"), (.seconds(1), "second"),
        ] {
            executor.schedule(after: span) {
                fired.withLock { $0.append("\(name) at \(executor.now - .nanoseconds(1))") }
            }
        }
        while executor.step() {}
        #expect(
            fired.withLock { $0 } == [
                "now at 0.0 seconds", "second at 1.0 seconds", "hour at 3600.0 seconds",
            ])
        #expect(executor.pendingTimers == 0)
    }

    @Test func `hands on what the body throws`() {
        #expect(throws: TestError("torn")) {
            try ManualExecutor(seed: 0).run { throw TestError("torn") }
        }
    }
}
