import Foundation
import Weir
import WeirNexmark

/// Runs a query that is aborted in the middle and restored at another parallelism, once for each.
struct RestoredRun {
    let query: NexmarkQuery
    let events: Int
    /// The parallelism of each attempt; all but the last are aborted.
    let parallelisms: [Int]
    let interval: Duration

    /// What became of it.
    struct Outcome {
        var restores = 0
        var checkpoints = 0
        var longestPauseSeconds = 0.0
    }

    func run(_ results: NexmarkResults) async throws -> Outcome {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "weir-nexmark-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var outcome = Outcome()
        for (attempt, parallelism) in parallelisms.enumerated() {
            let execution = try execution(attempt, parallelism, directory, results)
            let isLast = attempt == parallelisms.count - 1
            let watch = Task {
                if isLast { return }
                await abort(execution, after: events * (attempt + 1) / parallelisms.count)
            }
            defer { watch.cancel() }
            do {
                _ = try await execution.run()
            } catch let failure as JobFailure {
                guard !isLast, failure.cause is JobError else { throw failure }
            }
            outcome.add(execution)
        }
        return outcome
    }

    private func execution(
        _ attempt: Int, _ parallelism: Int, _ directory: String, _ results: NexmarkResults
    ) throws -> JobExecution {
        var options = ExecutionOptions()
        options.checkpoints = CheckpointOptions(
            CheckpointDirectory(directory), interval: interval)
        options.checkpoints?.restoring = attempt == 0 ? nil : .latestIfAny
        options.restartStrategy = .never
        // The splits stay the same at every parallelism.
        let job = query.job(
            events: events, splits: parallelisms.max() ?? 1, results: results)
        return JobExecution(try job.plan(parallelism: parallelism), options: options)
    }

    private func abort(_ execution: JobExecution, after events: Int) async {
        while !Task.isCancelled {
            let read = execution.metrics().operators.first?.counts.received ?? 0
            if read >= events { return execution.abort() }
            try? await Task.sleep(for: .milliseconds(1))
        }
    }
}

extension RestoredRun.Outcome {
    mutating func add(_ execution: JobExecution) {
        restores += execution.notices.count { $0.hasPrefix("restored checkpoint") }
        guard let history = execution.checkpointHistory else { return }
        checkpoints += history.completed
        longestPauseSeconds = max(
            longestPauseSeconds, history.latest.map(\.longestPauseSeconds).max() ?? 0)
    }
}
