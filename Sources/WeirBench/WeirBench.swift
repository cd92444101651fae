import ArgumentParser

/// The benchmarks' command line; compiled within the engine's package as `weir-bench`, and from
/// outside it as `downstream-bench`.
@main
struct WeirBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures the engine against plain loops that compute the same.",
        subcommands: [
            OperatorsCommand.self, LimitsCommand.self, NexmarkCommand.self, HandCommand.self,
            CompareCommand.self,
        ],
        defaultSubcommand: OperatorsCommand.self)
}
