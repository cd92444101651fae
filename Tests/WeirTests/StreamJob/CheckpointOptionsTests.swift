import ArgumentParser
import Foundation
import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirState

@testable import Weir

/// A job that can be restored: numbers, halved, into a file.
struct HalvingJob: StreamJob, ParsableArguments {
    struct Half: Codable, Equatable { var value: Int }

    @Option var count = 1_000
    @Option var output = "halves.jsonl"
    @Option(help: "Number that fails.") var failAt: Int?

    func define(_ job: JobBuilder) {
        let failAt = failAt
        job.source(GeneratorSource(count: count) { $0 }, as: "numbers")
            .map(as: "half") { number in
                if number == failAt { throw Indivisible() }
                return Half(value: number / 2)
            }
            .sink(to: JSONLinesFileSink<Half>(file: output, overwrite: true), as: "results")
    }
}

@Suite struct `Options of checkpoints` {
    private typealias Halving = JobProgram<OwnArguments<HalvingJob>>

    // MARK: - Arguments

    @Test(arguments: [
        (["--restore", "auto"], "Error: --restore needs --checkpoints: name the directory"),
        (["--retain", "2"], "Error: --retain needs --checkpoints"),
        (["--allow-dropped-state"], "Error: --allow-dropped-state needs --checkpoints"),
        (["--checkpoints", ""], "Error: --checkpoints is empty"),
        (["--checkpoints", "x", "--retain", "0"], "Error: --retain is 0; it must be at least 1."),
        (
            ["--checkpoints", "x", "--checkpoint-interval", "0s"],
            "Error: --checkpoint-interval is 0 s; it must be at least 1 ms."
        ),
        (
            ["--checkpoints", "x", "--checkpoint-interval", "soon"],
            "Error: The value 'soon' is invalid for '--checkpoint-interval <span>'"
        ),
        (
            ["--checkpoints", "x", "--checkpoint-mode", "once"],
            "Error: The value 'once' is invalid for '--checkpoint-mode"
        ),
        (
            ["--checkpoints", "x", "--restart", "fixed:5s"],
            "Error: The value 'fixed:5s' is invalid for '--restart <strategy>'"
        ),
    ])
    func `are refused where they make no sense`(arguments: [String], message: String) async {
        let result = await RecordedConsole.run(Halving.self, arguments)
        #expect(result.status == 64)
        #expect(result.error.hasPrefix(message), "\(result.error)")
    }

    @Test(arguments: [
        ("500ms", Duration.milliseconds(500)), ("10s", .seconds(10)), ("1.5min", .seconds(90)),
        ("2h", .hours(2)), ("1d", .days(1)), ("250us", .microseconds(250)), ("3 m", .minutes(3)),
    ])
    func `take spans of time`(text: String, expected: Duration) {
        #expect(SpanArgument(text)?.duration == expected)
    }

    @Test(arguments: ["", "10", "s", "-1s", "1.2.3s", "10y", "9999999999h", "1s!"])
    func `refuse what is no span`(text: String) { #expect(SpanArgument(text) == nil) }

    @Test(arguments: [
        ("never", RestartStrategy.never),
        ("fixed:5s:3", .fixedDelay(.seconds(5), attempts: 3)),
        ("backoff", .exponentialBackoff()),
        (
            "backoff:100ms:1min",
            .exponentialBackoff(initial: .milliseconds(100), maximum: .seconds(60))
        ),
        (
            "rate:3:5min:10s",
            .failureRate(failures: 3, within: .minutes(5), delay: .seconds(10))
        ),
    ])
    func `take strategies of restarting`(text: String, expected: RestartStrategy) {
        #expect(RestartArgument(argument: text)?.strategy == expected)
    }

    @Test(arguments: [
        "", "sometimes", "fixed", "fixed:0s:0", "fixed:5:3", "backoff:1min:1s", "backoff:0s:1s",
        "rate:3:5min", "never:1",
    ])
    func `refuse strategies that there are not`(text: String) {
        #expect(RestartArgument(argument: text) == nil)
    }

    @Test func `are what the engine is given`() throws {
        let arguments = try CheckpointArguments.parse([
            "--checkpoints", "state", "--checkpoint-interval", "50ms", "--checkpoint-mode",
            "at-least-once", "--retain", "7", "--restore", "old/savepoint",
            "--allow-dropped-state", "--restart", "never",
        ])
        var options = ExecutionOptions()
        arguments.apply(to: &options)
        let checkpoints = try #require(options.checkpoints)
        #expect(checkpoints.directory.path == "state")
        #expect(checkpoints.directory.retained == 7)
        #expect(checkpoints.interval == .milliseconds(50))
        #expect(checkpoints.mode == .atLeastOnce)
        #expect(checkpoints.allowsDroppedState)
        #expect(options.restartStrategy == .never)
        guard case .path("old/savepoint") = checkpoints.restoring else {
            Issue.record("restores \(String(describing: checkpoints.restoring))")
            return
        }
        var plain = ExecutionOptions()
        try CheckpointArguments.parse([]).apply(to: &plain)
        #expect(plain.checkpoints == nil)
    }

    @Test func `are explained`() async {
        let help = await RecordedConsole.run(Halving.self, ["run", "--help"]).output
        #expect(help.contains("OPTIONS FOR STATE THAT SURVIVES:"))
        #expect(help.contains("halving-job run --checkpoints state --restore auto\n"))
        #expect(help.contains("--restore <auto|latest|path>"))
    }

    // MARK: - Runs

    @Test func `have the job keep its state, and tell of it`() async throws {
        let folder = try TemporaryDirectory()
        let arguments = ["--output", folder("out.jsonl"), "--checkpoints", folder("state")]
        let result = await RecordedConsole.run(Halving.self, arguments + ["-p", "2"])
        #expect(result.status == 0, "\(result.error)")
        #expect(
            result.error.contains(" checkpoints completed, 0 failed; the last, ")
                || result.error.contains(" checkpoint completed, 0 failed; the last, "))
        let lines = try String(contentsOfFile: folder("out.jsonl"), encoding: .utf8)
            .split(separator: "\n")
        #expect(lines.count == 1_000)
        let epochs = try FileManager.default.contentsOfDirectory(
            atPath: folder("state/checkpoints"))
        #expect(!epochs.isEmpty)
    }

    @Test(arguments: ["auto", "latest"])
    func `do nothing again that was finished`(restore: String) async throws {
        let folder = try TemporaryDirectory()
        let arguments = [
            "--output", folder("out.jsonl"), "--checkpoints", folder("state"), "-p", "2",
        ]
        #expect(await RecordedConsole.run(Halving.self, arguments).status == 0)
        let before = try folder.bytes(of: "out.jsonl")
        let again = await RecordedConsole.run(Halving.self, arguments + ["--restore", restore])
        #expect(again.status == 0, "\(again.error)")
        #expect(again.error.contains("restored checkpoint "))
        #expect(again.error.contains("halving-job finished: 1,000 records read"))
        #expect(try folder.bytes(of: "out.jsonl") == before)
    }

    @Test func `give the figures as JSON`() async throws {
        let folder = try TemporaryDirectory()
        let result = await RecordedConsole.run(
            Halving.self,
            ["--output", folder("out.jsonl"), "--checkpoints", folder("state"), "--json"])
        let object = try JSONSerialization.jsonObject(with: Data(result.output.utf8))
        let members = try #require(object as? [String: Any])
        let checkpoints = try #require(members["checkpoints"] as? [String: Any])
        #expect((checkpoints["completed"] as? Int ?? 0) >= 1)
        #expect(checkpoints["failed"] as? Int == 0)
        #expect(checkpoints["restarts"] as? Int == 0)
        let latest = try #require((checkpoints["latest"] as? [[String: Any]])?.last)
        #expect((latest["epoch"] as? Int ?? 0) >= 1)
    }

    @Test func `have the job start again, and tell of it`() async throws {
        let folder = try TemporaryDirectory()
        let result = await RecordedConsole.run(
            Halving.self,
            [
                "--output", folder("out.jsonl"), "--checkpoints", folder("state"), "--fail-at",
                "500", "--restart", "fixed:1ms:2", "--progress", "none",
            ])
        #expect(result.status == 1)
        #expect(result.error.components(separatedBy: "starting again in ").count == 3)
        #expect(result.error.contains("2 restarts"))
        #expect(result.error.contains("a number that cannot be divided"))
    }

    @Test(arguments: [["--restore", "latest"], ["--restore", "nowhere/savepoint"]])
    func `refuse to restore what is not there`(restore: [String]) async throws {
        let folder = try TemporaryDirectory()
        let result = await RecordedConsole.run(
            Halving.self,
            ["--output", folder("out.jsonl"), "--checkpoints", folder("state")] + restore)
        #expect(result.status == 1)
        #expect(result.error.contains("there is no checkpoint"))
        #expect(!result.error.contains("starting again"))
    }

    @Test func `warn when the state of an earlier run is passed over`() async throws {
        let folder = try TemporaryDirectory()
        let arguments = ["--output", folder("out.jsonl"), "--checkpoints", folder("state")]
        #expect(await RecordedConsole.run(Halving.self, arguments).status == 0)
        let again = await RecordedConsole.run(Halving.self, arguments)
        #expect(again.status == 0)
        #expect(again.error.contains("starting from the beginning, although "))
    }

    // MARK: - Savepoints

    @Test func `name savepoints by the time, each its own`() throws {
        let folder = try TemporaryDirectory()
        let time = try #require(Timestamp(iso8601: "2026-01-31T12:00:00.7Z"))
        var paths = SavepointPaths()
        let first = paths.next(in: folder.path, at: time)
        #expect(first == folder("savepoints/20260131T120000Z"))
        try folder.write("", to: "savepoints/20260131T120000Z/x")
        // That one is not there yet, but will be.
        #expect(paths.next(in: folder.path, at: time) == first + "-2")
        var others = SavepointPaths()
        #expect(others.next(in: folder.path, at: time) == first + "-2")
    }

    @Test(arguments: [
        ([], "my-job --restore latest"),
        (["run", "--checkpoints", "state"], "my-job run --checkpoints state --restore latest"),
        (
            ["run", "--restore", "auto", "--input", "my file.csv", "-p", "2"],
            "my-job run --input 'my file.csv' -p 2 --restore latest"
        ),
        (
            ["--restore=state/savepoints/x", "--note", "it's", ""],
            "my-job --note 'it'\\''s' '' --restore latest"
        ),
    ])
    func `go on with the same call`(arguments: [String], expected: String) {
        #expect(ResumingCall("my-job", arguments).text == expected)
    }

    @Test func `let a program take a savepoint of a job inside it`() async throws {
        let folder = try TemporaryDirectory()
        let kept = KeepingSink<Int>.Kept()
        let job = Job("numbers") { job in
            job.source(GeneratorSource(ratePerSecond: 10_000) { $0 }, as: "numbers")
                .sink(to: KeepingSink(kept: kept), as: "results")
        }
        var options = ExecutionOptions()
        options.checkpoints = CheckpointOptions(
            CheckpointDirectory(folder("state")), interval: .milliseconds(10))
        let run = try job.start(parallelism: 1, options: options)
        // Nothing can be saved before the job has been put together.
        var path: String?
        for _ in 0..<10_000 where path == nil {
            path = try? await run.savepoint(to: folder("saved"))
            await Task.yield()
        }
        #expect(path == folder("saved"))
        run.stop()
        #expect(try await run.summary().outcome == .stopped)
        #expect((run.checkpointHistory?.completed ?? 0) >= 2)
        #expect(try SavedCheckpoint.open(folder("saved")).manifest.kind == .savepoint)
    }
}
