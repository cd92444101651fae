import Foundation
import Testing
import Weir
import WeirRuntime
import WeirTesting

@testable import WeirNexmark

/// What a query comes to that is aborted twice in the middle, and restored at another parallelism:
/// 1, then 3, then 2 subtasks.
func totalOfRestored(
    _ query: NexmarkQuery, events: Int, seed: UInt64
) throws -> (total: NexmarkTotal, restores: Int) {
    let path = FileManager.default.temporaryDirectory
        .appending(path: "weir-nexmark-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let results = NexmarkResults()
    var restores = 0
    for (attempt, parallelism) in [1, 3, 2].enumerated() {
        let executor = ManualExecutor(seed: seed &+ UInt64(attempt))
        var options = ExecutionOptions()
        options.batchSize = 64
        options.checkpoints = CheckpointOptions(
            CheckpointDirectory(path), interval: .microseconds(500))
        options.checkpoints?.restoring = attempt == 0 ? nil : .latestIfAny
        options.restartStrategy = .never
        let execution = JobExecution(
            try query.job(events: events, splits: 4, results: results)
                .plan(parallelism: parallelism), executor: executor, options: options)
        if attempt < 2 {
            abort(execution, executor, after: events * (attempt + 1) / 3)
        }
        do {
            let summary = try executor.run { try await execution.run() }
            guard attempt == 2 else { continue }
            #expect(summary.recordsRead == events)
        } catch let failure as JobFailure {
            guard attempt < 2, case JobError.aborted? = failure.cause as? JobError else {
                throw failure
            }
        }
        restores += execution.notices.count { $0.hasPrefix("restored checkpoint") }
    }
    return (results.total, restores)
}

/// Aborts a job when so many events have been read.
private func abort(_ execution: JobExecution, _ executor: ManualExecutor, after events: Int) {
    executor.schedule(after: .microseconds(200)) {
        let read = execution.metrics().operators.first?.counts.received ?? 0
        let isSaved = (execution.checkpointHistory?.completed ?? 0) > 0
        if read >= events, isSaved { return execution.abort() }
        abort(execution, executor, after: events)
    }
}

@Suite struct `A query that is restored` {
    // q12 counts by the clock, which is another after a restore.
    @Test(arguments: (NexmarkQuery.all + NexmarkQuery.variants).map(\.name).filter { $0 != "q12" })
    func `comes to what it does straight`(name: String) throws {
        let query = try NexmarkQuery.named(name)
        let straight = try total(of: query, events: 6_000, parallelism: 2)
        let (restored, restores) = try totalOfRestored(query, events: 6_000, seed: 11)
        #expect(restored == straight)
        #expect(restores == 2)
    }
}
