import ArgumentParser
import Foundation
import Weir
import WeirNexmark

/// The formats that are decoded.
enum DecodeFormat: String, CaseIterable, Sendable, ExpressibleByArgument {
    case csv, jsonl

    /// What a decoder should come to, in millions of bytes a second and core.
    var bar: Double { self == .csv ? 300 : 200 }

    /// Missing values are as in the flights' data.
    static let csvOptions = CSVOptions(nullText: ["", "NA"])
}

/// What is decoded.
enum DecodeData: String, CaseIterable, Sendable, ExpressibleByArgument {
    case flights, bids
}

/// How fast files become records.
struct DecodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode",
        abstract: "Measures how fast CSV and JSON Lines become records.",
        discussion: """
            Two sets of records, made as bytes before anything is timed: the flights of \
            examples/flights with all their 19 columns (numbers, short texts, missing values, a time), \
            and the bids of the Nexmark benchmark (8 fields, two of them texts on the heap).

            Three sides read them in turns, after one run of each that does not count. `decoder`: bytes \
            in memory to records, 1,024 at a time, each dropped before the next, as in a chain. `job`: a \
            whole job that reads them from a file in the page cache into a sink that counts. `yardstick`: \
            the same bytes into structs of the same fields by a plain C++ loop (CSV) and by simdjson (JSON \
            Lines), where this was built with the trait Yardsticks.

            A checksum over every byte of every record must be the same on all sides, or the exit status \
            is 1; it is taken off the clock, a job's in the run that does not count. Times are medians; \
            --clock cpu takes the processor time of all threads, so that a job's figure is that of one core.
            """)

    @Option(parsing: .upToNextOption, help: "The formats: csv, jsonl. Default: both.")
    var format: [DecodeFormat] = []

    @Option(parsing: .upToNextOption, help: "The data: flights, bids. Default: both.")
    var data: [DecodeData] = []

    @Option(help: "Records in each run; of flights there are 336,776, which then come again.")
    var records = 300_000

    @Option(help: "Runs of each side that count; one before them does not.")
    var runs = 5

    @Option(
        parsing: .upToNextOption,
        help: "The sides: decoder, job, yardstick; one alone for profiles. Default: all there are.")
    var side: [DecodeSide] = []

    @Option(help: "What times are taken by: the wall clock, or the process's processor time.")
    var clock = BenchmarkClock.wall

    @Option(help: "The directory of flights-*.csv.gz. Default: that of the example, from here.")
    var flights: String?

    @Flag(help: "Print the report as JSON.")
    var json = false

    func validate() throws {
        if records < 1 || runs < 1 {
            throw ValidationError("--records and --runs must be at least 1")
        }
    }

    private var sides: [DecodeSide] {
        if !side.isEmpty { return side }
        return DecodeSide.allCases.filter { $0 != .yardstick || Yardstick.isBuilt }
    }

    func run() async throws {
        if !json { print(DecodeReport.header) }
        var measurements: [DecodeMeasurement] = []
        var unequal: [String] = []
        for format in format.isEmpty ? DecodeFormat.allCases : format {
            for data in data.isEmpty ? DecodeData.allCases : data {
                let input = try await DecodeInput.make(
                    format, data, records: records, flights: flights)
                let (measured, isEqual) =
                    switch data {
                    case .flights: try await measure(DecodedFlight.self, input)
                    case .bids: try await measure(Bid.self, input)
                    }
                if !isEqual { unequal.append("\(format) \(data)") }
                measurements += measured
                if !json { for one in measured { print(DecodeReport.line(one)) } }
            }
        }
        let report = DecodeReport(
            machine: .current(), clock: clock.rawValue, runs: runs, measurements: measurements)
        if json {
            try printJSON(report)
        } else {
            print("\n" + report.machine.description)
            for line in report.findingLines { print(line) }
        }
        if !unequal.isEmpty { throw BenchmarkError.unequalResults(unequal) }
    }

    /// Runs the sides in turns.
    ///
    /// - Returns: What each came to, and whether all gave the same records.
    private func measure<Row: Record>(
        _: Row.Type, _ input: DecodeInput
    ) async throws -> ([DecodeMeasurement], isEqual: Bool) {
        let runner = DecodeSides<Row>(input: input, clock: clock)
        var times: [DecodeSide: [Double]] = [:]
        var outcomes: [DecodeSide: Outcome] = [:]
        var isEqual = true
        for run in 0...runs {
            for side in sides {
                let result = try await runner.run(side, checksum: run == 0)
                if run == 0 { outcomes[side] = result.outcome }
                // A job's later runs only count.
                isEqual =
                    isEqual && result.outcome.rows == input.records
                    && (side == .job || result.outcome == outcomes[side])
                if run > 0 {
                    times[side, default: []].append(result.nanoseconds / Double(input.records))
                }
            }
        }
        isEqual = isEqual && Set(outcomes.values.map(\.checksum)).count == 1
        let fields = RowFormat(Row.self).fields.count
        let measured = sides.map { side in
            DecodeMeasurement(
                format: input.format.rawValue, data: input.data.rawValue, side: side,
                records: input.records, fields: fields, bytes: input.count,
                times: Times(times[side] ?? []), outcome: outcomes[side] ?? Outcome())
        }
        return (measured, isEqual)
    }
}

extension DecodeSide: ExpressibleByArgument {}
