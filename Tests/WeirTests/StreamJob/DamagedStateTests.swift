import Foundation
import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirState
import WeirTesting

@testable import Weir

@Suite struct `A job whose newest checkpoint is damaged or given up` {
    private static let count = 6_000
    private struct EndOfFirstRun: Error {}

    private struct Total: Codable, Equatable {
        var key: Int
        var total: Int
    }

    /// Counts up by key into files, until the number at which it fails. Each key is of one split, since
    /// rows depend on the order within a key.
    private func plan(
        in folder: String, failingAt limit: Int, overwrite: Bool
    ) throws -> PhysicalPlan {
        let job = JobBuilder(name: "totals")
        job.source(GeneratorSource(count: Self.count, splits: 2) { $0 }, as: "numbers")
            .map(as: "check") { number in
                if number >= limit { throw EndOfFirstRun() }
                return number
            }
            .keyed { $0 % 398 }
            .process(initialState: 0, emitting: Total.self, as: "totals") {
                number, total, context in
                total += number
                context.emit(Total(key: context.key, total: total))
            }
            .sink(
                to: CSVFileSink<Total>(directory: folder + "/out", overwrite: overwrite), as: "out")
        return try Planner(parallelism: 2).plan(job.graph)
    }

    /// Runs the job in virtual time.
    private func run(
        in folder: String, failingAt limit: Int = .max, restoring: RestorePoint?,
        restarts: RestartStrategy = .never, overwrite: Bool = false,
        interval: Duration = .milliseconds(2), seed: UInt64
    ) throws -> [String] {
        var options = ExecutionOptions()
        options.batchSize = 16
        options.queueCapacity = 2
        options.checkpoints = CheckpointOptions(
            CheckpointDirectory(folder + "/state"), interval: interval)
        options.checkpoints?.restoring = restoring
        options.restartStrategy = restarts
        let executor = ManualExecutor(seed: seed)
        let execution = JobExecution(
            try plan(in: folder, failingAt: limit, overwrite: overwrite), executor: executor,
            options: options)
        _ = try executor.run(maximumSteps: 2_000_000) { try await execution.run() }
        return execution.notices
    }

    private func rows(in folder: String) throws -> [String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder + "/out")
        return try names.filter { $0.hasSuffix(".csv") && !$0.hasPrefix(".") }.flatMap { name in
            try String(contentsOfFile: folder + "/out/" + name, encoding: .utf8)
                .split(separator: "\n").dropFirst().map { String($0) }
        }.sorted()
    }

    /// What must come out, by a loop.
    private var expected: [String] {
        var totals: [Int: Int] = [:]
        return (0..<Self.count).map { number in
            totals[number % 398, default: 0] += number
            return "\(number % 398),\(totals[number % 398] ?? 0)"
        }.sorted()
    }

    /// The names of the segments that only the newest checkpoint refers to.
    private func newestSegments(in folder: String) throws -> [String] {
        let root = folder + "/state/checkpoints/"
        let epochs = try FileManager.default.contentsOfDirectory(atPath: root).sorted()
        let segments = try epochs.map {
            Set(try SavedCheckpoint.open(root + $0).manifest.segments.map(\.name))
        }
        #expect(segments.count == 3)
        let older = segments.dropLast().reduce(into: Set<String>()) { $0.formUnion($1) }
        return (segments.last ?? []).subtracting(older).sorted()
    }

    @Test func `goes on from the one before, with the same results`() throws {
        let origin = try TemporaryDirectory()
        #expect(throws: JobFailure.self) {
            try run(in: origin.path, failingAt: 4_000, restoring: nil, seed: 1)
        }
        let expected = expected
        var random = SeededGenerator(seed: 7)
        var passedOver = 0, whileRunning = 0
        for name in try newestSegments(in: origin.path) {
            for number in 0..<24 {
                let copy = try TemporaryDirectory()
                for part in ["/out", "/state"] {
                    try FileManager.default.copyItem(
                        atPath: origin.path + part, toPath: copy.path + part)
                }
                let path = copy.path + "/state/segments/\(name).segment"
                var bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
                let place = Int.random(in: bytes.indices, using: &random)
                bytes[place] ^= 1 << Int.random(in: 0..<8, using: &random)
                try Data(bytes).write(to: URL(filePath: path))
                let notices = try run(
                    in: copy.path, restoring: .latestIfAny,
                    restarts: .fixedDelay(.milliseconds(1), attempts: 0),
                    seed: UInt64(number))
                let comment: Comment = "byte \(place) of \(name): \(notices)"
                #expect(try rows(in: copy.path) == expected, comment)
                guard notices.contains(where: { $0.contains("skipped") }) else { continue }
                #expect(notices.contains { $0.contains(name) }, comment)
                passedOver += 1
                whileRunning += notices.filter { $0.contains("restored") }.count > 1 ? 1 : 0
            }
        }
        #expect(passedOver > 8)
        #expect(whileRunning > 5)
    }

    @Test func `is refused where it was named outright`() throws {
        let origin = try TemporaryDirectory()
        #expect(throws: JobFailure.self) {
            try run(in: origin.path, failingAt: 4_000, restoring: nil, seed: 2)
        }
        let root = origin.path + "/state/checkpoints/"
        let newest = try #require(
            try FileManager.default.contentsOfDirectory(atPath: root).max())
        for name in try newestSegments(in: origin.path) {
            let path = origin.path + "/state/segments/\(name).segment"
            let size = try Data(contentsOf: URL(filePath: path)).count
            try Data(repeating: 7, count: size).write(to: URL(filePath: path))
        }
        let before = try FileManager.default.contentsOfDirectory(atPath: origin.path + "/out")
        let failure = #expect(throws: (any Error).self) {
            try run(
                in: origin.path, restoring: .path(root + newest),
                restarts: .fixedDelay(.milliseconds(1), attempts: 5), seed: 3)
        }
        #expect("\(try #require(failure))".contains("is damaged"))
        let after = try FileManager.default.contentsOfDirectory(atPath: origin.path + "/out")
        #expect(Set(before) == Set(after))
    }

    // MARK: - Going back

    private func epochs(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder + "/state/checkpoints")
            .filter { $0.utf8.count == 12 }.sorted()
    }

    /// The directory after a first run, which has failed at the end.
    private func interrupted(overwrite: Bool = false) throws -> TemporaryDirectory {
        let folder = try TemporaryDirectory()
        #expect(throws: JobFailure.self) {
            try run(
                in: folder.path, failingAt: 5_000, restoring: nil, overwrite: overwrite, seed: 4)
        }
        #expect(try epochs(in: folder.path).count == 3)
        return folder
    }

    @Test func `gives up what came after the checkpoint that it goes back to`() throws {
        let folder = try interrupted()
        let oldest = try #require(try epochs(in: folder.path).first)
        // Goes back, and fails before it has a checkpoint of its own.
        #expect(throws: JobFailure.self) {
            try run(
                in: folder.path, failingAt: 0,
                restoring: .path(folder("state/checkpoints/") + oldest), seed: 5)
        }
        #expect(try epochs(in: folder.path) == [oldest])
        let notices = try run(in: folder.path, restoring: .latestIfAny, seed: 6)
        #expect(notices.contains { $0.hasSuffix(oldest) })
        #expect(try rows(in: folder.path) == expected)
    }

    @Test func `finds the savepoint at which the run before it began`() throws {
        let folder = try interrupted()
        let oldest = try #require(try epochs(in: folder.path).first)
        // A savepoint is a checkpoint directory of its own.
        try FileManager.default.copyItem(atPath: folder("state"), toPath: folder("saved"))
        for epoch in try epochs(in: folder.path) where epoch != oldest {
            try FileManager.default.removeItem(atPath: folder("saved/checkpoints/") + epoch)
        }
        #expect(throws: JobFailure.self) {
            try run(in: folder.path, failingAt: 0, restoring: .path(folder("saved")), seed: 7)
        }
        #expect(try epochs(in: folder.path) == [])
        for _ in 0..<2 {
            #expect(throws: JobFailure.self) {
                try run(in: folder.path, failingAt: 0, restoring: .latestIfAny, seed: 8)
            }
        }
        let notices = try run(in: folder.path, restoring: .latest, seed: 9)
        #expect(notices.contains { $0.contains("/saved/checkpoints/\(oldest)") })
        #expect(try rows(in: folder.path) == expected)
        // It has checkpoints of its own now.
        #expect(!FileManager.default.fileExists(atPath: folder("state/restored.json")))
        #expect(try !epochs(in: folder.path).isEmpty)
    }

    @Test func `does not go on from the state of a run before one that began anew`() throws {
        let folder = try interrupted(overwrite: true)
        #expect(throws: JobFailure.self) {
            try run(in: folder.path, failingAt: 0, restoring: nil, overwrite: true, seed: 10)
        }
        #expect(try epochs(in: folder.path) == [])
        _ = try run(in: folder.path, restoring: .latestIfAny, overwrite: true, seed: 11)
        #expect(try rows(in: folder.path) == expected)
    }

    @Test func `gives up one that was passed over, before anything else is done`() throws {
        let folder = try interrupted()
        let epochs = try epochs(in: folder.path)
        let manifest = folder("state/checkpoints/") + epochs[2] + "/manifest.json"
        let good = try Data(contentsOf: URL(filePath: manifest))
        try good.dropLast(5).write(to: URL(filePath: manifest))
        #expect(throws: JobFailure.self) {
            try run(in: folder.path, failingAt: 0, restoring: .latestIfAny, seed: 12)
        }
        #expect(try self.epochs(in: folder.path) == Array(epochs.prefix(2)))
        _ = try run(in: folder.path, restoring: .latestIfAny, seed: 13)
        #expect(try rows(in: folder.path) == expected)
    }
}
