import Foundation
import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirState
import WeirTesting

@testable import Weir

@Suite struct `A single file of a job that is stopped` {
    private struct Row: Codable { var number: Int }

    private func execution(
        in folder: TemporaryDirectory, restoring: RestorePoint?, _ executor: ManualExecutor
    ) throws -> JobExecution {
        let job = JobBuilder(name: "numbers")
        job.source(GeneratorSource(count: 5_000) { $0 }, as: "numbers")
            .map(as: "row") { Row(number: $0) }
            .sink(to: CSVFileSink<Row>(file: folder("out.csv"), overwrite: true), as: "out")
        var options = ExecutionOptions()
        options.batchSize = 16
        options.checkpoints = CheckpointOptions(
            CheckpointDirectory(folder("state")), interval: .milliseconds(1))
        options.checkpoints?.restoring = restoring
        return JobExecution(
            try Planner(parallelism: 1).plan(job.graph), executor: executor, options: options)
    }

    @Test func `has its name only when the input has ended`() throws {
        let folder = try TemporaryDirectory()
        try folder.write("of yesterday\n", to: "out.csv")
        let executor = ManualExecutor(seed: 1)
        let stopped = try execution(in: folder, restoring: nil, executor)
        executor.schedule(after: .microseconds(1_500)) { stopped.requestStop() }
        let summary = try executor.run(maximumSteps: 1_000_000) { try await stopped.run() }
        #expect(summary.outcome == .stopped)
        #expect(summary.recordsRead > 0 && summary.recordsRead < 5_000)
        #expect(try String(contentsOfFile: folder("out.csv"), encoding: .utf8) == "of yesterday\n")
        let other = ManualExecutor(seed: 2)
        let restored = try execution(in: folder, restoring: .latest, other)
        let end = try other.run(maximumSteps: 1_000_000) { try await restored.run() }
        #expect(end.outcome == .finished)
        #expect(end.recordsRestored == summary.recordsRead)
        let lines = try String(contentsOfFile: folder("out.csv"), encoding: .utf8)
            .split(separator: "\n").map { String($0) }
        #expect(lines == ["number"] + (0..<5_000).map { "\($0)" })
    }
}
