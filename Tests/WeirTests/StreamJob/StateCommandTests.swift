import ArgumentParser
import Foundation
import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirState

@testable import Weir

/// A job with a table of totals by word, which it stops in the middle of.
struct WordsJob: StreamJob, ParsableArguments {
    static let words = ["ash", "birch", "cedar \"red\"", "douglas"]
    @Option var rate = 20_000.0

    func define(_ job: JobBuilder) {
        job.source(
            GeneratorSource(ratePerSecond: rate) { Self.words[$0 % Self.words.count] },
            as: "words"
        )
        .keyed(by: { $0 })
        .process(CountWords(), as: "totals")
        .sink(to: KeepingSink(kept: KeepingSink<Int>.Kept()), as: "results")
    }
}

struct CountWords: KeyedProcessFunction {
    struct State: Codable { var count = 0 }

    var initialState: State { State() }
    func process(_ record: String, state: inout State, context: KeyedContext<String, Int>) {
        state.count += 1
        context.emit(state.count)
    }
}

@Suite struct `State command` {
    private typealias Program = JobProgram<OwnArguments<WordsJob>>

    /// A checkpoint directory with at least two checkpoints.
    private func state() async throws -> TemporaryDirectory {
        let folder = try TemporaryDirectory()
        var options = ExecutionOptions()
        options.checkpoints = CheckpointOptions(
            CheckpointDirectory(folder("state")), interval: .milliseconds(5))
        let run = try Job(try WordsJob.parse([])).start(parallelism: 2, options: options)
        while (run.checkpointHistory?.completed ?? 0) < 3 { await Task.yield() }
        run.stop()
        _ = try await run.summary()
        return folder
    }

    private func lines(_ output: String) throws -> [[String: Any]] {
        try output.split(separator: "\n").map {
            try #require(
                try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    @Test func `lists checkpoints with their parts and counts`() async throws {
        let folder = try await state()
        let result = await RecordedConsole.run(Program.self, ["state", "list", folder("state")])
        #expect(result.status == 0, "\(result.error)")
        let listed = try lines(result.output)
        #expect(listed.count >= 2)
        let newest = try #require(listed.last)
        #expect(newest["job"] as? String == "words-job")
        #expect(newest["kind"] as? String == "checkpoint")
        let operators = try #require(newest["operators"] as? [[String: Any]])
        let totals = try #require(operators.first { $0["id"] as? String == "totals" })
        let parts = try #require(totals["parts"] as? [[String: Any]])
        let table = try #require(parts.first { $0["arrangement"] as? String == "table" })
        #expect(table["entries"] as? Int == 4)
        #expect(table["key"] as? String == "String")
    }

    @Test func `dumps every entry, and agrees with the source's position`() async throws {
        let folder = try await state()
        let result = await RecordedConsole.run(
            Program.self, ["state", "dump", folder("state"), "--operator", "totals"])
        #expect(result.status == 0, "\(result.error)")
        let entries = try lines(result.output).filter { $0["key"] is String }
        #expect(Set(entries.compactMap { $0["key"] as? String }) == Set(WordsJob.words))
        // Each word in its turn: the counts differ by one at most.
        let inspection = try CheckpointInspection(folder("state"))
        let counters = try #require(
            inspection.checkpoint.manifest.operators.first { $0.id == "totals" }?.counters)
        let received = counters.reduce(0) { $0 + ($1["received"] ?? 0) }
        let counts = entries.compactMap { entry in
            let value = entry["value"] as? [String: Any]
            return (value?["state"] as? [String: Any])?["count"] as? Int
        }
        #expect(received > 0, "\(entries)")
        #expect(counts.reduce(0, +) == received)
        #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
    }

    @Test(arguments: ["birch", "\"birch\"", #""cedar \"red\"""#, "cedar \"red\""])
    func `gets the entry of a key, as text or as JSON`(key: String) async throws {
        let folder = try await state()
        let result = await RecordedConsole.run(
            Program.self, ["state", "get", folder("state"), "totals", key])
        #expect(result.status == 0, "\(result.error)")
        let found = try lines(result.output)
        #expect(found.count == 1)
        #expect(found.first?["operator"] as? String == "totals")
        #expect(key.contains(((found.first?["key"] as? String) ?? "-").prefix(5)))
    }

    @Test(arguments: [
        (["get", "totals", "elm"], "operator 'totals' keeps nothing for elm"),
        (["get", "sums", "ash"], "the checkpoint has no operator 'sums'; it has 'words', "),
        (
            ["dump", "--operator", "totals", "--part", "sums"],
            "operator 'totals' has no part 'sums'; it has "
        ),
    ])
    func `says what there is, where something is not`(
        arguments: [String], message: String
    ) async throws {
        let folder = try await state()
        let command = ["state", arguments[0], folder("state")] + arguments.dropFirst()
        let result = await RecordedConsole.run(Program.self, command)
        #expect(result.status == 1)
        #expect(result.output == "")
        #expect(result.error.contains(message), "\(result.error)")
    }

    @Test func `says where there is no checkpoint`() async throws {
        let folder = try TemporaryDirectory()
        for command in ["list", "dump", "verify"] {
            let result = await RecordedConsole.run(
                Program.self, ["state", command, folder("nowhere")])
            #expect(result.status == 1)
            #expect(result.error.contains("there is no checkpoint at \(folder("nowhere"))"))
        }
    }

    @Test func `verifies every byte`() async throws {
        let folder = try await state()
        let whole = await RecordedConsole.run(Program.self, ["state", "verify", folder("state")])
        #expect(whole.status == 0)
        #expect(try lines(whole.output).allSatisfy { $0["isWhole"] as? Bool == true })

        let segments = try FileManager.default.contentsOfDirectory(atPath: folder("state/segments"))
        let name = try #require(segments.sorted().first)
        var bytes = try folder.bytes(of: "state/segments/\(name)")
        bytes[bytes.count / 2] ^= 4
        try folder.write(bytes, to: "state/segments/\(name)")
        let damaged = await RecordedConsole.run(Program.self, ["state", "verify", folder("state")])
        #expect(damaged.status == 1)
        let problems = try lines(damaged.output).compactMap { $0["problem"] as? String }
        #expect(!problems.isEmpty)
        #expect(problems.allSatisfy { $0.contains(name) })
    }

    @Test func `compares a plan with a checkpoint`() async throws {
        let folder = try await state()
        let arguments = ["plan", "-p", "3", "--against", folder("state")]
        let result = await RecordedConsole.run(Program.self, arguments)
        #expect(result.status == 0, "\(result.error)")
        #expect(result.output.hasPrefix("state in \(folder("state/checkpoints"))"))
        #expect(result.output.contains("carried     2 → 3"), "\(result.output)")

        let other = await RecordedConsole.run(
            JobProgram<OwnArguments<HalvingJob>>.self, ["plan", "--against", folder("state")])
        #expect(other.status == 1)
        #expect(other.error.contains("is of job 'words-job', not of 'halving-job'"))

        let json = await RecordedConsole.run(Program.self, arguments + ["--format", "json"])
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
        #expect(object["refusal"] is NSNull)
        let dot = await RecordedConsole.run(Program.self, arguments + ["--format", "dot"])
        #expect(dot.status == 64)
    }
}
