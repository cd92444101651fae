import Foundation
import Testing
import WeirCore
import WeirGraph
import WeirRuntime

@testable import Weir

@Suite struct `Job program` {
    private typealias Division = JobProgram<OwnArguments<DivisionJob>>
    private typealias Windowed = JobProgram<PlainArguments<WindowedJob>>
    private typealias Endless = JobProgram<PlainArguments<EndlessJob>>

    // MARK: - run

    @Test(arguments: [["--parallelism", "2"], ["run", "-p", "1", "--batch-size", "3"]])
    func `runs the job, by default`(arguments: [String]) async {
        let result = await RecordedConsole.run(Division.self, arguments + ["--progress", "none"])
        #expect(result.status == 0)
        #expect(result.output == "")
        #expect(result.error.hasPrefix("division-job finished: 10 records read in "))
        #expect(
            result.error.contains(
                """
                  operator  in  out  filtered  late  dead letters  held
                  numbers   10   10         –     –             –     –
                  even      10    5         5     –             –     –
                  half       5    5         –     –             –     –
                  results    5    5         –     –             –     –
                  balanced ✓
                """))
    }

    @Test func `takes the options of the job`() async {
        let result = await RecordedConsole.run(
            Division.self, ["--count", "1234", "--progress", "none"])
        #expect(result.error.hasPrefix("division-job finished: 1,234 records read in "))
    }

    @Test func `fails with one message when an operator does`() async {
        let result = await RecordedConsole.run(
            Division.self, ["--fail-at", "4", "--quiet", "-p", "1"])
        #expect(result.status == 1)
        #expect(result.output == "")
        #expect(
            result.error == """
                error: job 'division-job' failed in operator 'half'
                  subtask  0
                  record   4
                  cause    a number that cannot be divided

                """)
    }

    @Test func `fails when its output is lost, unless it has failed already`() {
        let recorded = RecordedConsole()
        var console = recorded.console
        #expect(console.finalStatus(0) == 0)
        console.outputProblem = { "No space left on device" }
        #expect(console.finalStatus(64) == 64)
        #expect(recorded.error == "")
        #expect(console.finalStatus(0) == 1)
        #expect(
            recorded.error == "error: cannot write to standard output: No space left on device. "
                + "Check where it is redirected to.\n")
    }

    @Test func `prints nothing when quiet`() async {
        let result = await RecordedConsole.run(Division.self, ["--quiet"])
        #expect(result == (0, "", ""))
    }

    @Test(arguments: [false, true])
    func `puts the summary on standard output as JSON`(isFailing: Bool) async throws {
        let result = await RecordedConsole.run(
            Division.self, ["--json"] + (isFailing ? ["--fail-at", "4"] : []))
        let object = try JSONSerialization.jsonObject(with: Data(result.output.utf8))
        let members = try #require(object as? [String: Any])
        #expect(members["outcome"] as? String == (isFailing ? "failed" : "finished"))
        #expect(members["recordsRead"] as? Int == 10)
        #expect((members["error"] as? String == nil) == !isFailing)
        #expect(result.output.filter { $0 == "\n" }.count == 1)
        #expect(result.status == (isFailing ? 1 : 0))
    }

    @Test func `fails when the job's report does, but for JSON does not ask for it`() async {
        let result = await RecordedConsole.run(Windowed.self, ["--quiet"])
        #expect(result == (1, "", "error: a number that cannot be divided\n"))
        #expect(await RecordedConsole.run(Windowed.self, ["--json"]).status == 0)
    }

    @Test(arguments: [["run"], ["plan"], ["describe"]])
    func `refuses a job that cannot be planned`(arguments: [String]) async {
        let result = await RecordedConsole.run(Endless.self, arguments)
        #expect(
            result == (
                1, "",
                """
                error: job 'endless-job' cannot run:
                  - operator 'numbers': nothing reads what it puts out. End the stream in a sink, \
                or remove the operator.

                """
            ))
    }

    // MARK: - Arguments

    @Test(arguments: [
        (["--nonsense"], "Error: Unknown option '--nonsense'"),
        (["-p", "0"], "Error: --parallelism is 0; it must be between 1 and 128."),
        (["plan", "-p", "129"], "Error: --parallelism is 129; it must be between 1 and 128."),
        (["-p", "many"], "Error: The value 'many' is invalid for '-p <n>'"),
        (["--batch-size", "0"], "Error: --batch-size is 0; it must be between 1 and 1048576."),
        (["--progress", "loud"], "Error: The value 'loud' is invalid for '--progress <progress>'"),
        (["plan", "--format", "xml"], "Error: The value 'xml' is invalid for '--format <format>'"),
        (["--count", "ten"], "Error: The value 'ten' is invalid for '--count <count>'"),
        (["--count=-1"], "Error: --count is negative."),
        (["walk"], "Error: Unexpected argument 'walk'"),
    ])
    func `refuses arguments that make no sense`(arguments: [String], message: String) async {
        let result = await RecordedConsole.run(Division.self, arguments)
        #expect(result.status == 64)
        #expect(result.output == "")
        #expect(result.error.hasPrefix(message))
        #expect(result.error.contains("Usage: division-job"))
    }

    @Test func `teaches with examples`() async {
        let root = await RecordedConsole.run(Division.self, ["--help"])
        #expect(root.status == 0)
        #expect(root.error == "")
        #expect(root.output.hasPrefix("OVERVIEW: Divides numbers.\n"))
        #expect(root.output.contains("  division-job plan --format dot | dot -Tsvg > plan.svg\n"))
        let run = await RecordedConsole.run(Division.self, ["run", "--help"])
        #expect(
            run.output.contains("OPTIONS OF THIS JOB:\n  --count <count>         Numbers to read."))
    }

    @Test func `tells its version`() async {
        let result = await RecordedConsole.run(Windowed.self, ["--version"])
        #expect(result == (0, "windowed-job (Weir \(weirVersion))\n", ""))
    }

    // MARK: - plan and describe

    @Test func `plans without running`() async throws {
        let plan = try Job(WindowedJob()).plan(parallelism: 2)
        let expected = [("text", plan.text), ("json", plan.json + "\n"), ("dot", plan.dot)]
        for (format, text) in expected {
            let result = await RecordedConsole.run(
                Windowed.self, ["plan", "-p", "2", "--format", format])
            #expect(result == (0, text, ""))
        }
    }

    @Test func `describes what the job reads and writes`() async {
        let result = await RecordedConsole.run(Windowed.self, ["describe"])
        #expect(result.status == 0)
        #expect(
            result.output == """
                job 'windowed-job'

                source 'numbers': 4 numbers
                  bad records  set aside in dead-letters/numbers.jsonl
                  recovery     cannot be read again: what comes during a failure is lost
                  watermarks   only at the end
                  record       Int
                    n  int64  ticks  the number; also: number

                aggregate 'counts': tumbling 500 ms
                  late         go to 'too-late'

                sink 'too-late': memory
                  guarantee    idempotent: a result written again after a failure replaces itself
                  record       Int

                sink 'results': memory
                  guarantee    idempotent: a result written again after a failure replaces itself
                  record       Int

                """)
    }

    @Test func `describes as JSON what it describes as text`() async throws {
        let result = await RecordedConsole.run(Windowed.self, ["describe", "--format", "json"])
        let decoded = try JSONDecoder().decode(JobDescription.self, from: Data(result.output.utf8))
        #expect(decoded == JobDescription(try Job(WindowedJob()).graph))
        #expect(decoded.sources[0].fields.map(\.unit) == ["ticks"])
    }

    @Test func `describes policies and types of all kinds`() throws {
        let job = Job("job") { job in
            let sink = KeepingSink<Int>(kept: KeepingSink<Int>.Kept())
            job.source(CountedSource(count: 1), as: "one").sink(to: sink, as: "first")
            job.source(CountedSource(count: 1), onBadRecord: .skip(limit: 5), as: "two")
                .sink(to: sink, as: "second")
            job.source(
                CountedSource(count: 1), onBadRecord: .deadLetter(path: "bad.jsonl"), as: "three"
            )
            .sink(to: sink, as: "third")
        }
        let sources = JobDescription(job.graph).sources
        #expect(
            sources.map(\.badRecords) == [
                "the first one stops the job", "up to 5 are counted and passed over",
                "set aside in bad.jsonl",
            ])
        #expect(sources.map(\.watermarks) == [[], [], []])
        let nested = FieldDescription(
            name: "stops",
            type: .list(.record([.init(name: "at", type: .timestamp, isOptional: true)])),
            isOptional: true)
        #expect(JobDescription.FieldEntry(nested).type == "list of record (at: timestamp?)?")
    }
}
