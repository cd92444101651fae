import Foundation
import Weir
import WeirNexmark

/// Runs a query that is aborted in the middle and restored at another parallelism, once for each.
struct RestoredRun {
    let query: NexmarkQuery
    let events: Int
    /// Events a second; `nil`: as fast as they are taken.
    let rate: Double?
    /// The parallelism of each attempt; all but the last are aborted.
    let parallelisms: [Int]
    let interval: Duration
    let backend: StateBackendArguments

    /// What became of it.
    struct Outcome {
        /// The checkpoints that each attempt completed.
        var checkpoints: [Int] = []
        var restores = 0
        var longestPauseSeconds = 0.0
        /// The pages that went to the backend's store and came back.
        var moved = PageTraffic.Counts()
    }

    /// - Throws: What a job fails with; ``BenchmarkError`` when an attempt had no checkpoint to go on
    ///   from, so that nothing was tried.
    func run(_ results: NexmarkResults) async throws -> Outcome {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "weir-nexmark-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var outcome = Outcome()
        for (attempt, parallelism) in parallelisms.enumerated() {
            let scratch = try backend.makeScratch()
            let execution = try execution(attempt, parallelism, directory, results, scratch)
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
            if let scratch { outcome.moved = outcome.moved + scratch.moved }
        }
        guard outcome.restores == parallelisms.count - 1 else {
            throw BenchmarkError.notRestored(
                query.name, restores: outcome.restores, of: parallelisms.count - 1)
        }
        return outcome
    }

    private func execution(
        _ attempt: Int, _ parallelism: Int, _ directory: String, _ results: NexmarkResults,
        _ scratch: PageScratch?
    ) throws -> JobExecution {
        var options = ExecutionOptions()
        options.checkpoints = CheckpointOptions(
            CheckpointDirectory(directory), interval: interval)
        options.checkpoints?.restoring = attempt == 0 ? nil : .latestIfAny
        options.restartStrategy = .never
        options.stateBackend = scratch?.backend ?? .memory
        // The splits stay the same at every parallelism.
        let job = query.job(
            events: events, splits: parallelisms.max() ?? 1, rate: rate, results: results)
        return JobExecution(try job.plan(parallelism: parallelism), options: options)
    }

    private func abort(_ execution: JobExecution, after events: Int) async {
        while !Task.isCancelled {
            let read = execution.metrics().operators.first?.counts.received ?? 0
            if read >= events { return execution.abort() }
            try? await Task.sleep(for: .milliseconds(1))
        }
    }

    /// One line on what became of it.
    func text(of outcome: Outcome) -> String {
        let legs = zip(parallelisms, outcome.checkpoints)
            .map { "\($1) at parallelism \($0)" }.joined(separator: ", ")
        let pages =
            backend.stateBackend == .memory
            ? "" : "; pages spilled \(outcome.moved.written), read back \(outcome.moved.read)"
        return "\(query.name): checkpoints: \(legs); \(outcome.restores) restores; longest pause "
            + "\((outcome.longestPauseSeconds * 1e6).text(0)) µs\(pages)"
    }
}

extension RestoredRun.Outcome {
    fileprivate mutating func add(_ execution: JobExecution) {
        restores += execution.notices.count { $0.hasPrefix("restored checkpoint") }
        let history = execution.checkpointHistory ?? CheckpointHistory()
        checkpoints.append(history.completed)
        longestPauseSeconds = max(
            longestPauseSeconds, history.latest.map(\.longestPauseSeconds).max() ?? 0)
    }
}
