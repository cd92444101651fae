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
        for seed in UInt64(1)...20 {
            let executor = ManualExecutor(seed: seed)
            let execution = JobExecution(
                try numbers(), executor: executor, options: options(restoring: nil))
            let count = SharedCount(), taken = SharedCount()
            for number in 0..<30 {
                executor.schedule(after: .microseconds(number * 500)) {
                    executor.startTask {
                        let path = "/savepoints/\(seed)-\(number)"
                        if (try? await execution.savepoint(to: path)) != nil { taken.add(1) }
                        count.add(1)
                    }
                }
            }
            _ = try executor.run { try await execution.run() }
            while executor.step() {}
            #expect(count.current == 30, "seed \(seed)")
            answers.paths += taken.current
            answers.errors += 30 - taken.current
        }
        #expect(answers.paths > 20)
        #expect(answers.errors > 5)
    }

    @Test(arguments: seeds(30)) func `fails as a whole when a restored timer is due at once`(
        seed: UInt64
    ) throws {
        let steps = SharedCount()
        let sink = EpochSink<Int>(mode: .inline) { step in
            // The second attempt fails as soon as it runs.
            if step == "write", steps.add(1) == 40 { throw TestError("the first attempt") }
            if step == "recover", steps.current == 40 {
                steps.add(1)
                throw TestError("the second attempt")
            }
        }
        let plan = try plan { job in
            job.source(CountedSource(splits: 1, records: 200) { $1 }, as: "numbers")
                .keyed { $0 % 3 }
                .process(
                    initialState: [Int](), emitting: Int.self, as: "delay",
                    onTimer: { _, state, context in
                        for number in state { context.emit(number) }
                        state = []
                    }
                ) { number, state, context in
                    state.append(number)
                    context.registerProcessingTimeTimer(at: context.processingTime)
                }
                .sink(to: sink, as: "out")
        }
        let summary = try run(
            plan, seed: seed, options: options(.fixedDelay(.milliseconds(3), attempts: 2)))
        #expect(summary.outcome == .finished)
        #expect(steps.current > 40)
        #expect(sink.records.sorted() == Array(0..<200))
    }

    @Test(arguments: [true, false]) func `ends at once when it is stopped before it does`(
        isAborted: Bool
    ) throws {
        let failing = EpochSink<Int> { if $0 == "write" { throw TestError("not yet") } }
        let plan = try plan { job in
            job.source(CountedSource(splits: 1, records: 50) { $1 }, as: "numbers")
                .sink(to: failing, as: "out")
        }
        let executor = ManualExecutor(seed: 3)
        let execution = JobExecution(
            plan, executor: executor, options: options(.fixedDelay(.seconds(600), attempts: 3)))
        executor.schedule(after: .seconds(2)) {
            if isAborted { execution.abort() } else { execution.requestStop() }
        }
        #expect(throws: JobFailure.self) {
            try executor.run(maximumSteps: 1_000_000) { try await execution.run() }
        }
        #expect(executor.nanoseconds() < 3_000_000_000)
        #expect(execution.notices.filter { $0.hasPrefix("starting again") }.count == 1)
    }

    /// Says itself whether trying again could help.
    private struct Refusal: RetryableError {
        let isRetryable: Bool
    }

    @Test(arguments: [true, false]) func `does so only where that could help`(mayPass: Bool) throws
    {
        let writes = SharedCount()
        let sink = EpochSink<Int> { step in
            guard step == "write" else { return }
            writes.add(1)
            // As a table's constraint is refused: wrapped by the record and the operator.
            throw RecordError(record: 7, cause: Refusal(isRetryable: mayPass))
        }
        let plan = try plan { job in
            job.source(CountedSource(splits: 1, records: 50) { $1 }, as: "numbers")
                .sink(to: sink, as: "out")
        }
        let failure = try runFailing(
            plan, seed: 5, options: options(.fixedDelay(.milliseconds(1), attempts: 3)))
        #expect(failure != nil)
        #expect(writes.current == (mayPass ? 4 : 1))
    }

    @Test func `has no sink recover before all have said that they can`() throws {
        let isRefusing = SharedCount(), recoveries = SharedCount()
        let willing = EpochSink<Int> { if $0 == "recover" { recoveries.add(1) } }
        let unwilling = EpochSink<Int> { step in
            if step == "validateRecovery", isRefusing.current > 0 {
                throw TestError("can't go back")
            }
        }
        let plan = try plan(parallelism: 2) { job in
            let numbers = job.source(
                CountedSource(splits: 2, records: 50) { $0 * 50 + $1 }, as: "numbers")
            numbers.sink(to: willing, as: "willing")
            numbers.sink(to: unwilling, as: "unwilling")
        }
        _ = try run(plan, seed: 1, options: options())
        // A job that begins anew has them recover from nothing.
        #expect(recoveries.current == 2)
        isRefusing.add(1)
        for seed in UInt64(2)...6 {
            let failure = try #require(try runFailing(plan, seed: seed, options: options()))
            #expect("\(failure)".contains("unwilling") && "\(failure)".contains("can't go back"))
        }
        #expect(recoveries.current == 2)
        isRefusing.add(-1)
        _ = try run(plan, seed: 7, options: options())
        #expect(recoveries.current == 4)
        #expect(willing.records.sorted() == unwilling.records.sorted())
        #expect(willing.records.sorted() == Array(0..<100))
    }

    @Test func `restores nothing that a crash could undo`() throws {
        // The disk is full for some operations, among them the last step of a checkpoint; the job
        // starts again from what is there; then comes a crash.
        for full in 12..<60 {
            for crash in full + 6..<full + 12 {
                var disk = SimulatedDisk()
                let sink = EpochSink<Int>()
                for operation in full..<full + 5 { disk.plan(.full, at: operation) }
                disk.plan(.crash, at: crash)
                let plan = try plan { job in
                    job.source(CountedSource(splits: 1, records: 60) { $1 }, as: "numbers")
                        .sink(to: sink, as: "out")
                }
                var options = options(.fixedDelay(.milliseconds(1), attempts: 1))
                options.checkpoints?.toleratedFailures = 0
                options.checkpoints?.directory = CheckpointDirectory("/state", fileSystem: disk)
                var runs: UInt64 = 0
                while try runFailing(plan, seed: runs, options: options) != nil, runs < 5 {
                    runs += 1
                    disk = disk.afterCrash(.everything)
                    options.checkpoints?.directory = CheckpointDirectory("/state", fileSystem: disk)
                }
                #expect(
                    sink.records.sorted() == Array(0..<60), "full at \(full), crash at \(crash)")
            }
        }
    }
}
