import ArgumentParser

/// Checks what a job may use: memory, workers beyond the cores, processor time while idle, the cost of
/// windows that overlap, and memory over ever-new keys.
struct LimitsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits",
        abstract:
            "Checks what jobs use: memory, workers beyond the cores, idle time, overlapping windows.",
        discussion: """
            The checks 'keys', 'checkpoints' and 'spilling' run only when asked for with --only: they take \
            minutes, gigabytes of memory and of disk. 'spilling' needs RocksDB.
            """
    )

    @Option(
        help: """
            Only this check: memory, workers, idle, sliding, soak, skew, keys, checkpoints or spilling.
            """)
    var only: Limit?

    @Option(help: "Records through the slow sink; half of it elsewhere, twice as many in the soak.")
    var records = 100_000_000

    @Option(
        help: """
            Keys in the state of the checks 'checkpoints' (default: 20 million) and 'spilling' (10 \
            million); the most in that of 'keys' (10 million; 100 million take 2.2 GB).
            """)
    var keys: Int?

    @Option(help: "Runs of each number of workers, or with checkpoints and without.")
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
        if let keys, keys < 100_000 {
            throw ValidationError("--keys must be at least 100000, not \(keys)")
        }
        if only == .spilling && !PageScratch.isAvailable {
            throw ValidationError("--only spilling: \(PageScratch.isMissing)")
        }
        if seconds < 1 { throw ValidationError("--seconds must be at least 1, not \(seconds)") }
    }

    func run() async throws {
        var findings: [LimitFinding] = []
        // Memory first: the peak is that of the whole process so far.
        for limit in Limit.allCases where only == nil ? !limit.isLarge : only == limit {
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
        case .skew: try await SkewLimit.check(records: records / 2, runs: runs)
        case .keys:
            try await KeysLimit.check(
                keys: KeysLimit.numbers(upTo: keys ?? 10_000_000), runs: runs)
        case .checkpoints:
            try await CheckpointLimit.check(
                keys: keys ?? 20_000_000, seconds: seconds, runs: runs)
        case .spilling:
            try await SpillingLimit.check(keys: keys ?? 10_000_000, seconds: seconds)
        }
    }
}

/// What can be checked.
enum Limit: String, CaseIterable, ExpressibleByArgument, Sendable {
    case memory, workers, idle, sliding, soak, skew, keys, checkpoints, spilling

    /// Whether it runs only when it is asked for.
    var isLarge: Bool { self == .keys || self == .checkpoints || self == .spilling }
}

/// What a check found.
struct LimitFinding: Codable, Sendable {
    var name: String
    var value: Double
    var unit: String
    /// What it must be; `nil`: it is only shown.
    var bar: String?
    var isMet: Bool
    /// How the figure came about.
    var detail: String

    var line: String {
        name.padded(54) + "\(value.text(3)) \(unit)".padded(-16)
            + (bar.map { "  bar \($0)" } ?? "").padded(16)
            + (bar == nil ? "" : isMet ? "met" : "missed").padded(8) + detail
    }
}
