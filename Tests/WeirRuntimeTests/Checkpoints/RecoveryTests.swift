import Foundation
import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirState
import WeirTesting

@Suite struct `a job that is restored` {
    /// A directory that goes with the test.
    private final class Folder {
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

    @Test(arguments: 1...10) func `without failures gives each result once`(seed: UInt64) throws {
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

    @Test(arguments: 1...40) func `goes on where its last checkpoint was`(seed: UInt64) throws {
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
}
