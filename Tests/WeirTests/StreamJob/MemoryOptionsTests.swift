import ArgumentParser
import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirState
import WeirTesting

@testable import Weir

/// A job that names a store for its state, and settings of its own.
struct SpillingWordsJob: StreamJob {
    static let provider = MemoryPagesProvider()

    func define(_ job: JobBuilder) throws { try WordsJob.parse([]).define(job) }
    func configure(_ options: inout ExecutionOptions) {
        options.batchSize = 77
        options.stateBackend = .spilling(to: Self.provider, memory: 1_000)
    }
}

@Suite struct `Options of memory` {
    private typealias Spilling = RunCommand<PlainArguments<SpillingWordsJob>>

    private func options(_ arguments: [String]) throws -> ExecutionOptions {
        let command = try Spilling.parse(arguments)
        return try command.options(of: SpillingWordsJob())
    }

    private func memory(of options: ExecutionOptions) -> Int? {
        guard case .spilling(_, let memory) = options.stateBackend else { return nil }
        return memory
    }

    @Test(arguments: [
        ("512MB", 512_000_000), ("4GB", 4_000_000_000), ("1.5 gb", 1_500_000_000),
        ("64MiB", 67_108_864), ("2KiB", 2_048), ("1b", 1), ("0.5TB", 500_000_000_000),
    ])
    func `take sizes`(text: String, bytes: Int) { #expect(SizeArgument(text)?.bytes == bytes) }

    @Test(arguments: [
        "", "512", "MB", "-1MB", "0MB", "1.2.3MB", "4XB", "4GBs", "1e9GB", "99999TB", "nanMB",
    ])
    func `refuse what is no size`(text: String) { #expect(SizeArgument(text) == nil) }

    @Test func `come after what the program says`() throws {
        let plain = try options([])
        #expect(memory(of: plain) == 1_000 && plain.batchSize == 77)
        #expect(plain.memoryLimit == .automatic)
        let given = try options([
            "--state-memory", "512MB", "--memory-limit", "4GB", "--batch-size", "10",
        ])
        #expect(memory(of: given) == 512_000_000 && given.batchSize == 10)
        #expect(given.memoryLimit == .bytes(4_000_000_000))
        #expect(try options(["--memory-limit", "off"]).memoryLimit == .off)
    }

    private typealias Words = JobProgram<OwnArguments<WordsJob>>

    @Test(arguments: [
        (
            ["--state-memory", "lots"],
            "Error: The value 'lots' is invalid for '--state-memory <size>'"
        ),
        (
            ["--memory-limit", "0GB"],
            "Error: The value '0GB' is invalid for '--memory-limit <size|off>'"
        ),
    ])
    func `are refused where they make no sense`(arguments: [String], message: String) async {
        let result = await RecordedConsole.run(Words.self, arguments)
        #expect(result.status == 64)
        #expect(result.error.hasPrefix(message), "\(result.error)")
    }

    @Test func `need a store where state is to go to a disk`() async {
        let result = await RecordedConsole.run(Words.self, ["run", "--state-memory", "1GB"])
        #expect(result.status == 1)
        #expect(result.error.contains("--state-memory needs a store for what does not fit"))
        #expect(result.error.contains("options.stateBackend = .spilling(to: RocksDBPages"))
    }

    @Test func `are explained by run --help`() async {
        let result = await RecordedConsole.run(Words.self, ["run", "--help"])
        #expect(result.status == 0)
        for word in ["--state-memory <size>", "--memory-limit <size|off>", "OPTIONS FOR MEMORY"] {
            #expect(result.output.contains(word), "\(word)")
        }
    }

    @Test func `end a job that takes more, with what takes it`() async {
        let result = await RecordedConsole.run(
            Words.self, ["run", "--memory-limit", "1MB", "--progress", "none"])
        #expect(result.status == 1)
        #expect(result.error.contains("was stopped before memory ran out: the process takes "))
        #expect(result.error.contains("its limit is 1.0 MB, the job's limit."))
    }
}
