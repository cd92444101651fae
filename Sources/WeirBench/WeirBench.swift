import ArgumentParser

/// The benchmarks' command line; compiled within the engine's package as `weir-bench`, and from
/// outside it as `downstream-bench`.
struct WeirBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures the engine, and runs it under every fault.",
        subcommands: [
            OperatorsCommand.self, LimitsCommand.self, NexmarkCommand.self, HandCommand.self,
            CompareCommand.self, DecodeCommand.self, LatencyCommand.self,
            InstructionsCommand.self, SimulateCommand.self,
        ],
        defaultSubcommand: OperatorsCommand.self)
}
