import Testing
import WeirCore
import WeirGraph
import WeirState
import WeirTesting

@testable import WeirRuntime

@Suite struct `The first checkpoint after a restore` {
    private let disk = SimulatedDisk()
    private static let keys = 9_000
    /// All keys once, then a few of them again and again, then all of them once more.
    private static let records =
        Array(0..<keys) + (0..<6_000).map { $0 % 10 } + Array(0..<keys)

    private func options(retaining retained: Int = 1, restoring: RestorePoint? = nil)
        -> ExecutionOptions
    {
        var options = tightOptions(batchSize: 128, queueCapacity: 4)
        options.checkpoints = CheckpointOptions(
            CheckpointDirectory("/state", fileSystem: disk, retaining: retained),
            interval: .microseconds(200))
        options.checkpoints?.restoring = restoring
        options.restartStrategy = .never
        return options
    }

    /// Counts each key; `onRead` is told how many records were read.
    private func counting(
        parallelism: Int = 2, into sink: EpochSink<[Int]> = EpochSink(),
        onRead: @escaping @Sendable (Int) throws -> Void = { _ in }
    ) throws -> PhysicalPlan {
        let records = Self.records
        var source = CountedSource<Int>(splits: 1, records: records.count) { records[$1] }
        source.onRead = { _, index in try onRead(index) }
        return try plan(parallelism: parallelism) { job in
            job.source(source, onBadRecord: .fail, as: "numbers")
                .keyed { $0 }
                .process(initialState: 0, emitting: [Int].self, as: "counts") {
                    number, count, context in
                    count += 1
                    context.emit([number, count])
                }
                .sink(to: sink, as: "out")
        }
    }

    /// Runs until so many records were read, and then stops.
    private func run(
        until limit: Int, into sink: EpochSink<[Int]>, restoring: RestorePoint?
    ) throws -> JobExecution {
        let executor = ManualExecutor(seed: 3)
        let running = Locked<JobExecution?>(nil)
        let plan = try counting(into: sink) { read in
            if read >= limit { running.withLock { $0 }?.requestStop() }
        }
        let execution = JobExecution(
            plan, executor: executor, options: options(restoring: restoring))
        running.withLock { $0 = execution }
        let summary = try executor.run(maximumSteps: 2_000_000) { try await execution.run() }
        #expect(summary.outcome == .stopped)
        running.withLock { $0 = nil }
        return execution
    }

    @Test func `refers to the restored one for what has not changed, and that is kept`() throws {
        let sink = EpochSink<[Int]>()
        let first = try run(until: Self.keys + 100, into: sink, restoring: nil)
        let whole = try #require(first.checkpointHistory?.latest.last?.bytesReferenced)
        let second = try run(until: Self.keys + 4_000, into: sink, restoring: .latest)
        let history = try #require(second.checkpointHistory)
        #expect(history.completed >= 3)
        let next = try #require(history.latest.first)
        #expect(next.bytesReferenced > whole * 9 / 10)
        #expect(next.bytesWritten < whole / 2)
        // Nothing is left of the first run but what the newest checkpoint refers to.
        let newest = try SavedCheckpoint.open("/state", fileSystem: disk, verifying: true)
        #expect(newest.epoch.number > 5)
        let segments = Set(newest.manifest.segments.map { "\($0.name).segment" })
        #expect(try segments.isSubset(of: disk.list("/state/segments")))
        let summary = try WeirRuntimeTests.run(
            try counting(parallelism: 3, into: sink), seed: 5,
            options: options(restoring: .latest))
        #expect(summary.ledger.isBalanced)
        var expected: [Int: Int] = [:]
        let counts = Self.records.map { number in
            expected[number, default: 0] += 1
            return [number, expected[number, default: 0]]
        }
        #expect(sink.records.count == counts.count)
        #expect(Set(sink.records) == Set(counts))
    }

    @Test func `leaves the restored one in place, though it was named by its path`() throws {
        let sink = EpochSink<[Int]>()
        _ = try run(until: Self.keys + 100, into: sink, restoring: nil)
        let path = try SavedCheckpoint.open("/state", fileSystem: disk).path
        let options = try #require(options(restoring: .path(path)).checkpoints)
        let setup = try CheckpointSetup(
            try counting(), options, ManualExecutor(seed: 1), isFirst: true, since: nil)
        let restored = try #require(setup.restored).checkpoint
        for _ in 0..<3 {
            let epoch = try options.directory.newestEpoch().next
            _ = try options.directory.begin(epoch).complete(
                CheckpointDescription(
                    createdAt: .epoch, parallelism: 1, keyGroups: 128, operators: []))
        }
        try restored.verify()
    }
}
