import Foundation
import Testing
import Weir
import WeirCore
import WeirGraph
import WeirRuntime
import WeirState
import WeirTesting

@testable import WeirSQLite

@Suite struct `A job that is to go back to an older checkpoint` {
    private static let count = 12_000
    private struct EndOfFirstRun: Error {}

    /// Copies rows to files, and adds them to a table.
    private func plan(in directory: TemporaryDirectory, failingAt limit: Int) throws -> PhysicalPlan
    {
        let job = JobBuilder(name: "copy")
        let readings = job.source(GeneratorSource(count: Self.count) { $0 }, as: "numbers")
            .map(as: "reading") { number in
                if number >= limit { throw EndOfFirstRun() }
                return Reading(number)
            }
        readings.sink(to: CSVFileSink<Reading>(directory: directory.path("parts")), as: "parts")
        readings.sink(to: CSVFileSink<Reading>(file: directory.path("all.csv")), as: "file")
        readings.sink(
            to: SQLiteTable<Reading>(appendingTo: directory.path("out.db"), table: "readings"),
            as: "table")
        return try Planner(parallelism: 1).plan(job.graph)
    }

    private func run(
        in directory: TemporaryDirectory, failingAt limit: Int = .max, restoring: RestorePoint?
    ) throws {
        var options = ExecutionOptions()
        options.batchSize = 16
        options.checkpoints = CheckpointOptions(
            CheckpointDirectory(directory.path("state"), retaining: 5), interval: .microseconds(50))
        options.checkpoints?.restoring = restoring
        options.restartStrategy = .never
        let executor = ManualExecutor(seed: 1)
        let execution = JobExecution(
            try plan(in: directory, failingAt: limit), executor: executor, options: options)
        _ = try executor.run(maximumSteps: 1_000_000) { try await execution.run() }
    }

    /// All that the sinks of files have made, staged or not.
    private func files(in directory: TemporaryDirectory) throws -> [String: Data] {
        let parts = try FileManager.default.contentsOfDirectory(atPath: directory.path("parts"))
        let names = parts.map { "parts/\($0)" } + [".all.csv.inprogress"]
        return try names.reduce(into: [:]) {
            $0[$1] = try Data(contentsOf: URL(filePath: directory.path($1)))
        }
    }

    @Test func `is refused before any sink has given up what came later`() throws {
        let directory = try TemporaryDirectory()
        #expect(throws: JobFailure.self) {
            try run(in: directory, failingAt: 9_000, restoring: nil)
        }
        let root = directory.path("state/checkpoints")
        let epochs = try FileManager.default.contentsOfDirectory(atPath: root).sorted()
        try #require(epochs.count > 2)
        let (before, rows) = (
            try files(in: directory), try Reading.shown(in: directory.path("out.db"))
        )
        #expect(before.count > 2)
        let failure = #expect(throws: JobFailure.self) {
            try run(in: directory, restoring: .path(root + "/" + epochs[0]))
        }
        #expect("\(try #require(failure))".contains("rows would be there twice"))
        #expect(try files(in: directory) == before)
        #expect(try Reading.shown(in: directory.path("out.db")) == rows)
        // So the newest can still be gone on with.
        try run(in: directory, restoring: .latest)
        let expected = (0..<Self.count).map { "\(Reading($0).rowid)" }.sorted()
        #expect(try Reading.shown(in: directory.path("out.db")).map(\.rowid).sorted() == expected)
        let parts = try FileManager.default.contentsOfDirectory(atPath: directory.path("parts"))
        #expect(try parts.flatMap { try names(directory.path("parts/" + $0)) }.sorted() == expected)
        #expect(try names(directory.path("all.csv")).sorted() == expected)
    }

    /// The last column of a file of readings.
    private func names(_ path: String) throws -> [String] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").dropFirst().map {
            String($0.split(separator: ",").last ?? "")
        }
    }
}
