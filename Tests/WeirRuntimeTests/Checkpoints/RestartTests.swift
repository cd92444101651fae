import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirState
import WeirTesting

@Suite struct `a job that starts again` {
    private let disk = SimulatedDisk()
    private let sink = EpochSink<Int>()

    private func options(
        _ strategy: RestartStrategy = .never, restoring: RestorePoint? = .latestIfAny
    ) -> ExecutionOptions {
        var options = tightOptions()
        options.checkpoints = CheckpointOptions(
            CheckpointDirectory("/state", fileSystem: disk), interval: .milliseconds(2))
        options.checkpoints?.restoring = restoring
        options.restartStrategy = strategy
        return options
    }

    private func numbers() throws -> PhysicalPlan {
        try plan { job in
            job.source(CountedSource(splits: 2, records: 50) { $0 * 50 + $1 }, as: "numbers")
                .sink(to: sink, as: "out")
        }
    }

    @Test(arguments: 0..<6) func `takes its directory when it could not at first`(
        operation: Int
    ) throws {
        disk.plan(.failure, at: operation)
        let summary = try run(
            numbers(), seed: 1, options: options(.fixedDelay(.milliseconds(1), attempts: 1)))
        #expect(summary.outcome == .finished)
        #expect(sink.records.sorted() == Array(0..<100))
        #expect(sink.commits > 1)
    }

    @Test func `from the beginning, as told, when its first attempt did not get as far`() throws {
        _ = try run(numbers(), seed: 1, options: options())
        #expect(sink.records.count == 100)
        disk.plan(.failure, at: disk.operations)
        _ = try run(
            numbers(), seed: 2,
            options: options(.fixedDelay(.milliseconds(1), attempts: 1), restoring: nil))
        #expect(sink.records.count == 200)
    }

    @Test func `after its end reads and commits nothing again`() throws {
        let first = try run(numbers(), seed: 1, options: options())
        let commits = sink.commits
        for seed in UInt64(2)...4 {
            let again = try run(numbers(), seed: seed, options: options())
            #expect(again.recordsRead == first.recordsRead)
        }
        #expect(sink.records.sorted() == Array(0..<100))
        #expect(sink.commits == commits)
    }

    @Test func `answers everyone who asks for a savepoint`() throws {
        var answers = (paths: 0, errors: 0)
        for seed in UInt64(1)...60 {
            let executor = ManualExecutor(seed: seed)
            let execution = JobExecution(
                try numbers(), executor: executor, options: options(restoring: nil))
            let count = SharedCount(), taken = SharedCount()
            for number in 0..<20 {
                executor.schedule(after: .microseconds(number * 700)) {
                    executor.startTask {
                        let path = "/savepoints/\(seed)-\(number)"
                        if (try? await execution.savepoint(to: path)) != nil { taken.add(1) }
                        count.add(1)
                    }
                }
            }
            _ = try executor.run { try await execution.run() }
            while executor.step() {}
            #expect(count.current == 20, "seed \(seed)")
            answers.paths += taken.current
            answers.errors += 20 - taken.current
        }
        #expect(answers.paths > 60 && answers.errors > 60)
    }
}
