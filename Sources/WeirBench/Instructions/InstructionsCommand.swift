import ArgumentParser
import CBenchProbes

/// Runs benchmarks for an instrument that counts instructions: `tools/check-instructions.sh`.
struct InstructionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "instructions",
        abstract: "Runs benchmarks on one thread, for callgrind to count their instructions.",
        discussion: """
            Each benchmark runs on the deterministic executor: once so that nothing is made for the \
            first time, then over its records, then over twice as many. The function \
            bench_probe_mark is called before and behind each of the last two; the longer one less the \
            shorter one is what so many records cost, without what a job costs to start and to end. \
            tools/check-instructions.sh runs this under callgrind and compares.
            """)

    @Option(help: "Only benchmarks whose names contain this.")
    var only: String?

    func validate() throws {
        if chosen.isEmpty {
            throw BenchmarkError.unknown(only ?? "", known: CountedBenchmark.all.map(\.name))
        }
    }

    private var chosen: [CountedBenchmark] {
        guard let only else { return CountedBenchmark.all }
        return CountedBenchmark.all.filter { $0.name.contains(only) }
    }

    func run() throws {
        for benchmark in chosen {
            benchmark.prepare()
            _ = try benchmark.run(benchmark.records / 10)
            let few = try counted(benchmark, benchmark.records)
            let many = try counted(benchmark, 2 * benchmark.records)
            let allocations = (many - few) / Double(benchmark.records)
            print(benchmark.name, benchmark.records, allocations.text(4), separator: "\t")
        }
    }

    /// Runs a benchmark between two marks.
    private func counted(_ benchmark: CountedBenchmark, _ records: Int) throws -> Double {
        benchmark.prepare()
        bench_probe_mark()
        defer { bench_probe_mark() }
        return try benchmark.run(records)
    }
}
