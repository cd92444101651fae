import ArgumentParser
import Weir

/// The options that say where a job keeps its state while it runs.
struct StateBackendArguments: ParsableArguments {
    /// Where that can be.
    enum Choice: String, CaseIterable, ExpressibleByArgument {
        case memory, rocksdb
    }

    @Option(
        help: """
            Where tables of state are kept: memory, or rocksdb for what is more than --state-memory.
            """)
    var stateBackend = Choice.memory

    @Option(
        help: ArgumentHelp(
            "The memory for state with rocksdb, such as 512KB, 64MB or 2GB.", valueName: "size"))
    var stateMemory = ByteSize(bytes: 64_000_000)

    func validate() throws {
        if stateBackend == .rocksdb && !PageScratch.isAvailable {
            throw ValidationError("--state-backend rocksdb: \(PageScratch.isMissing)")
        }
    }

    /// A place for the pages of one run; `nil` where all state is in memory.
    func makeScratch() throws -> PageScratch? {
        stateBackend == .memory ? nil : try PageScratch(memory: stateMemory.bytes)
    }
}

/// A number of bytes, as options have it: `64MB`, with units of a thousand each.
struct ByteSize: ExpressibleByArgument, CustomStringConvertible {
    let bytes: Int

    init(bytes: Int) { self.bytes = bytes }

    init?(argument: String) {
        let digits = argument.prefix { $0.isNumber }
        let units = ["": 1, "B": 1, "KB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000]
        guard let count = Int(digits),
            let unit = units[argument.dropFirst(digits.count).uppercased()]
        else { return nil }
        let (bytes, overflows) = count.multipliedReportingOverflow(by: unit)
        if overflows { return nil }
        self.bytes = bytes
    }

    var description: String {
        for (name, unit) in [("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1_000)] {
            if bytes >= unit, bytes % unit == 0 { return "\(bytes / unit)\(name)" }
        }
        return "\(bytes)B"
    }

    var defaultValueDescription: String { description }
}
