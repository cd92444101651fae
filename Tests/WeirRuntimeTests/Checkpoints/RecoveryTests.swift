import Foundation
import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirState
import WeirTesting

@Suite struct `a job that is restored` {
    /// A directory that goes with the test.
    private final class Folder: Sendable {
        let path = NSTemporaryDirectory() + "weir-recovery-\(UUID().uuidString)"
        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private func options(
        _ folder: Folder, every interval: Duration = .milliseconds(2),
        restoring: RestorePoint? = nil
    ) -> ExecutionOptions {
        var options = tightOptions()
        options.checkpoints = CheckpointOptions(
            CheckpointDirectory(folder.path), interval: interval)
        options.checkpoints?.restoring = restoring
        options.restartStrategy = .never
        return options
    }

    private func source(mode: ReadMode = .inline) -> CountedSource<Event> {
        CountedSource(splits: 3, records: 200, mode: mode) { split, index in
            Event(index % 7, split * 1_000 + index, at: Int64(index * 10))
        }
    }

    @Test(arguments: seeds(10)) func `without failures gives each result once`(seed: UInt64) throws
    {
        let folder = Folder()
        let sink = EpochSink<Event>()
        let source = self.source(mode: seed % 2 == 0 ? .inline : .blocking)
        let plan = try plan(parallelism: 2) { job in
            job.source(source, onBadRecord: .fail, as: "events")
                .map { $0 }
                .sink(to: sink, as: "out")
        }
        let summary = try run(plan, seed: seed, options: options(folder))
        #expect(summary.outcome == .finished)
        #expect(sink.records.sorted() == source.all.sorted())
        #expect(sink.preparedCount == 0)
        #expect(sink.commits > 2)
    }

    @Test(arguments: seeds(40)) func `goes on where its last checkpoint was`(seed: UInt64) throws {
        let folder = Folder()
        let sink = EpochSink<Event>()
        var random = SeededGenerator(seed: seed)
        let parallelisms = [1, 2, 3].shuffled(using: &random)
        var source = self.source(mode: seed % 2 == 0 ? .inline : .blocking)
        var attempts = 0
        while true {
            attempts += 1
            let dies = attempts <= 3
            let fuel = SharedCount()
            let limit = Int.random(in: 20...120, using: &random)
            source.onRead = { _, _ in
                if dies, fuel.add(1) > limit { throw TestError("out of fuel") }
            }
            let source = source
            let plan = try plan(parallelism: parallelisms[attempts % 3]) { job in
                job.source(source, onBadRecord: .fail, as: "events")
                    .rebalanced()
                    .map { $0 }
                    .sink(to: sink, as: "out")
            }
            do {
                let summary = try run(
                    plan, seed: seed &* 31 &+ UInt64(attempts),
                    options: options(folder, restoring: .latestIfAny))
                #expect(summary.ledger.isBalanced)
                break
            } catch let failure as JobFailure {
                // Only what the test has broken may fail.
                guard dies, "\(failure)".contains("out of fuel") else { throw failure }
            }
        }
        #expect(attempts <= 4)
        #expect(sink.records.sorted() == source.all.sorted())
    }

    @Test(arguments: seeds(10)) func `goes on with splits that are kept level`(seed: UInt64) throws
    {
        let folder = Folder()
        let sink = EpochSink<Event>()
        var source = self.source(mode: seed % 2 == 0 ? .inline : .blocking)
        for isLast in [false, true] {
            let fuel = SharedCount()
            source.onRead = { _, _ in
                if !isLast, fuel.add(1) > 100 { throw TestError("out of fuel") }
            }
            let source = source
            let plan = try plan(parallelism: 3) { job in
                job.source(source, onBadRecord: .fail, as: "events")
                    .watermarked(.boundedOutOfOrderness(.zero).aligned(within: .microseconds(200)))
                {
                    $0.at
                }
                    .sink(to: sink, as: "out")
            }
            let options = options(folder, restoring: .latestIfAny)
            if isLast {
                #expect(try run(plan, seed: seed, options: options).outcome == .finished)
            } else {
                #expect(throws: JobFailure.self) { try run(plan, seed: seed, options: options) }
            }
        }
        #expect(sink.records.sorted() == source.all.sorted())
    }

    /// A job whose source fails when its fuel is used up, so many times.
    private func failing(
        _ failures: Int, after reads: Int, into sink: EpochSink<Event>,
        mode: ReadMode = .inline
    ) throws -> PhysicalPlan {
        var source = self.source(mode: mode)
        let fuel = SharedCount()
        source.onRead = { _, _ in
            let read = fuel.add(1)
            if read % reads == 0, read / reads <= failures { throw TestError("out of fuel") }
        }
        let scripted = source
        return try plan(parallelism: 2) { job in
            job.source(scripted, onBadRecord: .fail, as: "events")
                .rebalanced().map { $0 }
                .sink(to: sink, as: "out")
        }
    }

    @Test(arguments: seeds(20)) func `starts again by itself`(seed: UInt64) throws {
        let folder = Folder()
        let sink = EpochSink<Event>(mode: seed % 2 == 0 ? .inline : .blocking)
        var options = self.options(folder)
        options.restartStrategy = .fixedDelay(.milliseconds(5), attempts: 3)
        let executor = ManualExecutor(seed: seed)
        let execution = JobExecution(
            try failing(3, after: 50, into: sink), executor: executor, options: options)
        let summary = try executor.run { try await execution.run() }
        #expect(summary.outcome == .finished)
        #expect(summary.ledger.isBalanced)
        #expect(sink.records.sorted() == source().all.sorted())
        #expect(execution.checkpointHistory?.restarts == 3)
    }

    @Test func `fails when it has started again too often`() throws {
        let folder = Folder()
        let sink = EpochSink<Event>()
        var options = self.options(folder)
        options.restartStrategy = .fixedDelay(.milliseconds(5), attempts: 2)
        let failure = try runFailing(
            try failing(3, after: 20, into: sink), seed: 1, options: options)
        #expect("\(try #require(failure))".contains("out of fuel"))
    }

    @Test(arguments: seeds(20)) func `stands still when asked to stop, and goes on`(seed: UInt64)
        throws
    {
        let folder = Folder()
        let sink = EpochSink<Event>()
        let executor = ManualExecutor(seed: seed)
        let stopped = JobExecution(
            try failing(0, after: 1, into: sink), executor: executor, options: options(folder))
        executor.schedule(after: .milliseconds(4)) { stopped.requestStop() }
        let first = try executor.run { try await stopped.run() }
        #expect(first.outcome == .stopped)
        #expect(first.ledger.isBalanced)
        // All that was read has come out: nothing of it is read again.
        #expect(sink.records.count == first.recordsRead)
        #expect(sink.records.count < source().all.count)

        let second = try run(
            try failing(0, after: 1, into: sink), seed: seed + 100,
            options: options(folder, restoring: .latest))
        #expect(second.outcome == .finished)
        #expect(second.recordsRead == source().all.count)
        #expect(sink.records.sorted() == source().all.sorted())
    }

    @Test(arguments: seeds(10)) func `goes on from a savepoint`(seed: UInt64) throws {
        let folder = Folder(), kept = Folder()
        let sink = EpochSink<Event>()
        let executor = ManualExecutor(seed: seed)
        let execution = JobExecution(
            try failing(0, after: 1, into: sink), executor: executor, options: options(folder))
        executor.schedule(after: .milliseconds(3)) {
            executor.startTask {
                _ = try? await execution.savepoint(to: kept.path)
                execution.abort()
            }
        }
        #expect(throws: JobFailure.self) { try executor.run { try await execution.run() } }
        try FileManager.default.removeItem(atPath: folder.path)

        let other = EpochSink<Event>()
        let saved = try SavedCheckpoint.open(kept.path).epoch
        let summary = try run(
            try failing(0, after: 1, into: other), seed: seed + 100,
            options: options(folder, restoring: .path(kept.path)))
        #expect(summary.outcome == .finished)
        // What the savepoint's transactions held had been prepared in the other store.
        let visible = Set(sink.records.map(\.value)).union(other.records.map(\.value))
        #expect(visible.count >= other.records.count)
        #expect(saved.number > 0)
        #expect(Set(source().all.map(\.value)).isSuperset(of: visible))
    }

    @Test func `refuses a source that can't be read again`() throws {
        let folder = Folder()
        var source = self.source()
        source.isReplayable = false
        let once = source
        let plan = try plan { job in
            job.source(once, onBadRecord: .fail, as: "events")
                .sink(to: EpochSink<Event>(), as: "out")
        }
        let failure = try runFailing(plan, seed: 1, options: options(folder))
        #expect("\(try #require(failure))".contains("source 'events' can't be read again"))
    }

    @Test func `refuses to restore where there is nothing`() throws {
        let folder = Folder()
        let failure = try runFailing(
            try failing(0, after: 1, into: EpochSink()), seed: 1,
            options: options(folder, restoring: .latest))
        #expect("\(try #require(failure))".contains("there is no checkpoint to restore"))
    }

    @Test func `fails when more checkpoints fail than are tolerated, and goes on when fewer do`()
        throws
    {
        for tolerated in [0, nil] {
            let folder = Folder()
            let sink = EpochSink<Event>()
            let slow = SharedCount()
            var source = self.source()
            source.onRead = { _, _ in slow.add(1) }
            let scripted = source
            let plan = try plan(parallelism: 2) { job in
                job.source(scripted, onBadRecord: .fail, as: "events").sink(to: sink, as: "out")
            }
            var options = self.options(folder, every: .milliseconds(1))
            options.checkpoints?.timeout = .nanoseconds(1)
            options.checkpoints?.toleratedFailures = tolerated
            let failure = try runFailing(plan, seed: 3, options: options)
            if tolerated == nil {
                #expect(failure == nil)
                #expect(sink.records.sorted() == source.all.sorted())
            } else {
                #expect("\(try #require(failure))".contains("was not complete after"))
            }
        }
    }

    @Test func `lets go of all state when it is over`() throws {
        final class Witness: Sendable {}
        weak var seen: Witness?
        let folder = Folder()
        do {
            let witness = Witness()
            seen = witness
            let plan = try plan(parallelism: 2) { job in
                job.source(source(), onBadRecord: .fail, as: "events")
                    .map { event in
                        withExtendedLifetime(witness) { event }
                    }
                    .sink(to: EpochSink<Event>(), as: "out")
            }
            let executor = ManualExecutor(seed: 1)
            let execution = JobExecution(plan, executor: executor, options: options(folder))
            _ = try executor.run { try await execution.run() }
        }
        #expect(seen == nil)
    }
}
