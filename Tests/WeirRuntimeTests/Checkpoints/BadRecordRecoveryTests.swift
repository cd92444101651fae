import Foundation
import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirState
import WeirTesting

@Suite final class `a restored job with bad records` {
    private let path = NSTemporaryDirectory() + "weir-letters-\(UUID().uuidString).jsonl"
    private let disk = SimulatedDisk()
    private let sink = EpochSink<Int>()
    /// A third of each split, and all of its end.
    private static let badPerSplit = 30 + 10

    deinit { try? FileManager.default.removeItem(atPath: path) }

    private func source(_ mode: ReadMode) -> CountedSource<Int> {
        var source = CountedSource<Int>(splits: 3, records: 100, mode: mode) { $0 * 1_000 + $1 }
        source.isBad = { $1 >= 90 || $1 % 3 == 1 }
        return source
    }

    private func options() -> ExecutionOptions {
        var options = tightOptions()
        options.checkpoints = CheckpointOptions(
            CheckpointDirectory("/state", fileSystem: disk), interval: .milliseconds(2))
        options.checkpoints?.restoring = .latestIfAny
        options.restartStrategy = .never
        return options
    }

    private func job(
        _ source: CountedSource<Int>, _ policy: BadRecordPolicy, parallelism: Int
    ) throws -> PhysicalPlan {
        try plan(parallelism: parallelism) { job in
            job.source(source, onBadRecord: policy, as: "numbers")
                .rebalanced().map { $0 }
                .sink(to: sink, as: "out")
        }
    }

    private func check(_ summary: JobSummary, _ source: CountedSource<Int>) throws {
        let read = try #require(summary.ledger.operators.first { $0.name == "numbers" }).counts
        #expect(read.deadLettered == 3 * Self.badPerSplit)
        #expect(read.passed == source.all.count)
        #expect(summary.recordsRead == 300)
        #expect(summary.ledger.isBalanced)
        #expect(sink.records.sorted() == source.all.sorted())
    }

    private func letters() throws -> [String] {
        struct Letter: Decodable {
            var origin: String
            var line: Int
        }
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
            let letter = try JSONDecoder().decode(Letter.self, from: Data($0.utf8))
            return "\(letter.origin) \(letter.line)"
        }
    }

    @Test(arguments: 1...20) func `counts each once, however far it had read ahead`(
        seed: UInt64
    ) throws {
        var random = SeededGenerator(seed: seed)
        let parallelisms = [1, 2, 3].shuffled(using: &random)
        var source = self.source(seed % 2 == 0 ? .inline : .blocking)
        // Were one counted twice, the limit would be reached.
        let isSetAside = seed % 4 < 2
        let policy: BadRecordPolicy =
            isSetAside ? .deadLetter(path: path) : .skip(limit: 3 * Self.badPerSplit)
        var summary: JobSummary?
        for attempt in 1...4 {
            let fuel = SharedCount()
            let limit = Int.random(in: 20...60, using: &random)
            source.onRead = { [disk] _, _ in
                guard attempt < 4, fuel.add(1) > limit else { return }
                // A run without a checkpoint knows nothing of the letters of another.
                let checkpoints = try disk.list("/state/checkpoints")
                if checkpoints.contains(where: { Int($0) != nil }) {
                    throw TestError("out of fuel")
                }
            }
            let plan = try job(source, policy, parallelism: parallelisms[attempt % 3])
            do {
                summary = try run(plan, seed: seed &* 31 &+ UInt64(attempt), options: options())
                break
            } catch let failure as JobFailure {
                guard "\(failure)".contains("out of fuel") else { throw failure }
            }
        }
        try check(try #require(summary), source)
        if isSetAside {
            let letters = try letters()
            #expect(letters.count == 3 * Self.badPerSplit)
            #expect(Set(letters).count == letters.count)
        }
    }

    @Test(arguments: 1...10) func `says at a stop how many lie before where it goes on`(
        seed: UInt64
    ) throws {
        let source = self.source(.blocking)
        let executor = ManualExecutor(seed: seed)
        let stopped = JobExecution(
            try job(source, .deadLetter(path: path), parallelism: 2), executor: executor,
            options: options())
        executor.schedule(after: .milliseconds(1)) { stopped.requestStop() }
        let first = try executor.run { try await stopped.run() }
        #expect(first.outcome == .stopped)
        let read = try #require(first.ledger.operators.first { $0.name == "numbers" }).counts
        #expect(read.passed == sink.records.count)
        #expect(read.received < 300)
        // Reading was ahead.
        #expect(try letters().count >= read.deadLettered)
        let saved = try SavedCheckpoint.open("/state", fileSystem: disk)
        // All subtasks have seen to it that their letters last.
        let kept = saved.state(ofOperator: "numbers", part: "badRecords")
        #expect(kept.map(\.subtask) == [0, 1])
        let second = try run(
            try job(source, .deadLetter(path: path), parallelism: 2), seed: seed + 50,
            options: options())
        try check(second, source)
        #expect(try Set(letters()).count == letters().count)
    }
}
