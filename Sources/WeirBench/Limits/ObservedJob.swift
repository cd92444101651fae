import Foundation
import Weir

/// A job that runs while a check looks at it.
final class ObservedJob: Sendable {
    let execution: JobExecution
    private let running: Task<JobSummary, any Error>
    private let failure = Locked<String?>(nil)
    private let start = ContinuousClock.now

    /// Starts it.
    init(_ execution: JobExecution) {
        self.execution = execution
        let failure = self.failure
        running = Task {
            do {
                let summary = try await execution.run()
                failure.withLock { $0 = "\(summary.outcome)" }
                return summary
            } catch {
                failure.withLock { $0 = "\(error)" }
                throw error
            }
        }
    }

    /// The records that its sources have read.
    var recordsRead: Int { execution.metrics().operators.first?.counts.received ?? 0 }

    /// The records that an operator was given.
    func received(by name: String) -> Int {
        execution.metrics().operators.first { $0.id.name == name }?.counts.received ?? 0
    }

    /// The checkpoints that it has completed.
    var checkpoints: Int { execution.checkpointHistory?.completed ?? 0 }

    /// Waits until something holds, looking again every so often.
    ///
    /// - Throws: ``BenchmarkError`` when the job ends first.
    func wait(
        lookingEach pause: Duration = .milliseconds(20), until isSo: (ObservedJob) -> Bool
    ) async throws {
        while !isSo(self) {
            if let reason = failure.withLock({ $0 }) { throw BenchmarkError.endedEarly(reason) }
            try await Task.sleep(for: pause)
        }
    }

    /// Waits until a restored job has treated a record.
    ///
    /// - Returns: The records that the operator had been given when it was saved.
    func waitForRecords(afterRestoreOf name: String) async throws -> Int {
        try await wait(lookingEach: .milliseconds(1)) { $0.received(by: name) > 0 }
        let restored = received(by: name)
        try await wait(lookingEach: .milliseconds(1)) { $0.received(by: name) > restored }
        return restored
    }

    /// Records a second from now on, for a span or until so many checkpoints are complete, whichever
    /// takes longer; and how long that was.
    func throughput(
        over span: Duration, checkpoints: Int = 0
    ) async throws -> (perSecond: Double, seconds: Double) {
        let start = ContinuousClock.now, before = recordsRead
        let enough = self.checkpoints + checkpoints
        try await wait { ContinuousClock.now - start >= span && $0.checkpoints >= enough }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        return (Double(recordsRead - before) / seconds, seconds)
    }

    /// Seconds since it was started.
    var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }

    /// Aborts it, and waits until it has let go of everything.
    func abort() async {
        execution.abort()
        _ = try? await running.value
    }

    /// Waits until it has ended by itself.
    ///
    /// - Throws: What it fails with.
    func finish() async throws -> JobSummary { try await running.value }

    /// Waits until it has ended by itself, one way or the other.
    func end() async -> Result<JobSummary, any Error> { await running.result }
}
