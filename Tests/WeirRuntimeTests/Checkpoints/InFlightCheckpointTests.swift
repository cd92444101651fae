import Testing
import WeirCore
import WeirGraph
import WeirTesting

@testable import WeirRuntime

private func time(_ microseconds: Int64) -> Timestamp { Timestamp(microseconds: microseconds) }

@Suite struct `Records in flight in a checkpoint` {
    /// Answers at once, or never.
    private func make(
        _ order: AsyncOrder, answers: Bool
    ) -> (SubtaskContext, Step<String>) throws -> Step<Int> {
        { context, next in
            try mapAsyncStep(
                context, into: [AnyStep(next)],
                AsyncSettings(order, capacity: 100, timeout: .seconds(60)), failed: nil,
                stopsOnFailure: true
            ) { number in
                if !answers { try await Task.sleep(for: .seconds(1_000_000)) }
                return "\(number)"
            }
        }
    }

    @Test(arguments: [AsyncOrder.ordered, .unordered])
    func `are called again, and marks stay behind them`(order: AsyncOrder) async throws {
        let stuck = try StepHarness(.forTesting(), make(order, answers: false))
        try stuck.send([(1, at: time(1)), (2, at: time(2))])
        try stuck.send(.watermark(time(5)))
        try stuck.send([(3, at: time(7))])
        try stuck.send(.idle)
        let snapshot = try stuck.snapshot()
        #expect(stuck.emissions == [] && stuck.context.counters.held.current == 3)
        let harness = try StepHarness(.forTesting(), make(order, answers: true))
        try harness.restore(from: snapshot)
        try await harness.settle()
        #expect(Set(harness.records.prefix(2)) == ["1", "2"])
        #expect(
            harness.emissions.dropFirst(2) == [
                .watermark(time(5)), .record("3", at: time(7)), .signal(.idle),
            ])
        let counters = harness.context.counters
        #expect(counters.held.current == 0 && counters.passed.current == 3)
        #expect(counters.received.current == 3)
        try harness.send(.end)
        // Gives up the calls that never answer.
        stuck.context.cleanups.run()
    }

    @Test func `of several subtasks are followed by the lowest of their watermarks`() async throws {
        let saved = try (0..<2).map { subtask in
            let stuck = try StepHarness(
                .forTesting(subtask: subtask, parallelism: 2), make(.ordered, answers: false))
            try stuck.send(subtask * 10 + 1, at: time(1))
            try stuck.send(.watermark(time(Int64(5 + subtask))))
            try stuck.send(subtask * 10 + 2, at: time(8))
            defer { stuck.context.cleanups.run() }
            return try stuck.snapshot()
        }
        let harness = try StepHarness(.forTesting(), make(.ordered, answers: true))
        try harness.restore(from: saved)
        try await harness.settle()
        #expect(harness.records == ["1", "2", "11", "12"])
        #expect(harness.output.signals == [.watermark(time(5))])
        #expect(harness.context.counters.passed.current == 4)
    }
}
