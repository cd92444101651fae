import ArgumentParser

/// Checks what a job may use: memory, workers beyond the cores, processor time while idle, the cost of
/// windows that overlap, and memory over ever-new keys.
struct LimitsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits",
        abstract:
            "Checks what jobs use: memory, workers beyond the cores, idle time, overlapping windows."
    )

    @Option(help: "Only this check: memory, workers, idle, sliding, soak or checkpoints.")
    var only: Limit?

    @Option(help: "Records through the slow sink; half of it elsewhere, twice as many in the soak.")
    var records = 100_000_000

    @Option(
        help: "Keys that the check of checkpoints keeps in state; it runs when asked for alone.")
    var keys = 20_000_000

    @Option(help: "Runs of each number of workers.")
    var runs = 3

    @Option(help: "Seconds that the silent sources stay open.")
    var seconds = 30

    @Flag(help: "Print the findings as JSON.")
    var json = false

    func validate() throws {
        if records < 100_000 {
            throw ValidationError("--records must be at least 100000, not \(records)")
        }
        if runs < 1 { throw ValidationError("--runs must be at least 1, not \(runs)") }
        if seconds < 1 { throw ValidationError("--seconds must be at least 1, not \(seconds)") }
    }

    func run() async throws {
        var findings: [LimitFinding] = []
        // Memory first: the peak is that of the whole process so far.
        for limit in Limit.allCases where only == nil ? limit != .checkpoints : only == limit {
            let found = try await check(limit)
            if !json { for finding in found { print(finding.line) } }
            findings += found
        }
        if json { try printJSON(findings) } else { print("\n" + Machine.current().description) }
    }

    private func check(_ limit: Limit) async throws -> [LimitFinding] {
        switch limit {
        case .memory: try await MemoryLimit.check(records: records)
        case .workers: try await WorkersLimit.check(records: records / 2, runs: runs)
        case .idle: try await IdleLimit.check(seconds: seconds)
        case .sliding: try await SlidingLimit.check(records: records / 2, runs: runs)
        case .soak: try await SoakLimit.check(records: records * 2)
        case .checkpoints: try await CheckpointLimit.check(keys: keys, seconds: seconds)
        }
    }
}

/// What can be checked.
enum Limit: String, CaseIterable, ExpressibleByArgument, Sendable {
    case memory, workers, idle, sliding, soak, checkpoints
}

/// What a check found.
struct LimitFinding: Codable, Sendable {
    var name: String
    var value: Double
    var unit: String
    var bar: String
    var isMet: Bool
    /// How the figure came about.
    var detail: String

    var line: String {
        name.padded(44) + "\(value.text(3)) \(unit)".padded(-16) + "  bar \(bar)".padded(16)
            + (isMet ? "met" : "missed").padded(8) + detail
    }
}
