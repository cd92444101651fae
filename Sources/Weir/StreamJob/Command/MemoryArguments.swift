internal import ArgumentParser
import WeirCore
import WeirRuntime

/// The options of `run` that say how much memory the job may take.
struct MemoryArguments: ParsableArguments {
    @Option(
        name: .customLong("state-memory"),
        help: ArgumentHelp(
            """
            Memory for the pages of all state together, such as 512MB or 4GB; what is not used lately \
            goes to the store that the job names in its program. Default: what the program says.
            """, valueName: "size"))
    var stateMemory: SizeArgument?

    @Option(
        name: .customLong("memory-limit"),
        help: ArgumentHelp(
            """
            Memory of the whole process at which the job fails, such as 4GB; off: none. Default: nine \
            tenths of what the machine or its control group has.
            """, valueName: "size|off"))
    var limit: MemoryLimitArgument?

    /// Sets what the arguments ask for.
    ///
    /// - Throws: ``MemoryArgumentsError`` where the job has no store for what does not fit.
    func apply(to options: inout ExecutionOptions) throws {
        if let limit { options.memoryLimit = limit.limit }
        guard let stateMemory else { return }
        guard case .spilling(let provider, _) = options.stateBackend else {
            throw MemoryArgumentsError()
        }
        options.stateBackend = .spilling(to: provider, memory: stateMemory.bytes)
    }
}

/// That a job is to spill which has nowhere to spill to.
struct MemoryArgumentsError: Error, CustomStringConvertible {
    var description: String {
        "--state-memory needs a store for what does not fit, and this job keeps all its state in memory. "
            + "Name one in the program's configure(_:), such as "
            + "options.stateBackend = .spilling(to: RocksDBPages(directory), memory: 512_000_000)"
    }
}

/// What `--memory-limit` says: a size, or `off`.
struct MemoryLimitArgument: ExpressibleByArgument, Hashable, Sendable {
    let limit: MemoryLimit

    init?(argument: String) {
        if argument == "off" {
            limit = .off
        } else if let size = SizeArgument(argument) {
            limit = .bytes(size.bytes)
        } else {
            return nil
        }
    }
}
