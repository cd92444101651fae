import ArgumentParser
import Foundation

/// Compares operators with loops written by hand.
struct OperatorsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operators",
        abstract: "Compares operators with loops written by hand that compute the same.",
        discussion: """
            Engine and loop run in turns on the same generator; times are medians over the runs, in \
            nanoseconds a record. Exits with status 1 when their results differ.
            """)

    @Option(help: "Records in each run.")
    var records = 20_000_000

    @Option(help: "Runs of each side that count; one before them does not.")
    var runs = 5

    @Option(help: "Only benchmarks whose names contain this.")
    var only: String?

    @Option(help: "Run one side alone, for profiles and instruction counts.")
    var side = Side.both

    @Option(help: "What times are taken by: the wall clock, or the process's processor time.")
    var clock = BenchmarkClock.wall

    @Flag(help: "Print the report as JSON.")
    var json = false

    static let benchmarks = Chains.all + TumblingCount.all + TumblingMean.all + SlidingCount.all

    func validate() throws {
        if records < 1 { throw ValidationError("--records must be at least 1, not \(records)") }
        if runs < 1 { throw ValidationError("--runs must be at least 1, not \(runs)") }
        if chosen.isEmpty {
            throw BenchmarkError.unknown(only ?? "", known: Self.benchmarks.map(\.name))
        }
    }

    private var chosen: [Benchmark] {
        guard let only else { return Self.benchmarks }
        return Self.benchmarks.filter { $0.name.contains(only) }
    }

    func run() async throws {
        if !json { print(OperatorsReport.header) }
        var measurements: [Measurement] = []
        for benchmark in chosen {
            let records = max(1, Int(Double(records) * benchmark.share))
            let measured = try await Measurement.take(
                benchmark.name, records: records, runs: runs, side: side, clock: clock
            ) {
                try await benchmark.runEngine(records: records)
            } loop: {
                benchmark.loop(records)
            }
            measurements.append(measured)
            if !json { print(OperatorsReport.line(measured)) }
        }
        let report = OperatorsReport(
            machine: .current(), clock: clock.rawValue, runs: runs,
            measurements: measurements)
        json ? try printJSON(report) : printFindings(report)
        let unequal = measurements.filter { !$0.isEqual }.map(\.name)
        if !unequal.isEmpty { throw BenchmarkError.unequalResults(unequal) }
    }

    private func printFindings(_ report: OperatorsReport) {
        print("\n" + report.machine.description)
        if side == .both { for line in report.findingLines { print(line) } }
    }
}

extension Side: ExpressibleByArgument {}
extension BenchmarkClock: ExpressibleByArgument {}

/// Prints a report as JSON.
func printJSON(_ report: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    // One side alone leaves no times for the other.
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
        positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    print(String(decoding: try encoder.encode(report), as: UTF8.self))
}
