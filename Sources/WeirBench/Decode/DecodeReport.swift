import Foundation

/// What one side came to on one input.
struct DecodeMeasurement: Codable, Sendable {
    var format: String
    var data: String
    var side: DecodeSide
    var records: Int
    var fields: Int
    /// The bytes of the records, the header aside.
    var bytes: Int
    /// Nanoseconds a record.
    var times: Times
    var outcome: Outcome

    /// Millions of bytes a second, by the median.
    var megabytesPerSecond: Double { Double(bytes) / Double(records) / times.median * 1e3 }
    var nanosecondsPerField: Double { times.median / Double(fields) }
}

/// All measurements of a run, and whether they meet their bars.
struct DecodeReport: Encodable {
    var machine: Machine
    var clock: String
    var runs: Int
    var measurements: [DecodeMeasurement]
    var findings: [Finding]

    /// A decoder's speed, which must be above one of two bars.
    struct Finding: Encodable {
        var format: String
        var data: String
        var megabytesPerSecond: Double
        var bar: Double
        /// Its speed over the yardstick's, where that was run.
        var overYardstick: Double?
        var isMet: Bool
    }

    init(machine: Machine, clock: String, runs: Int, measurements: [DecodeMeasurement]) {
        self.machine = machine
        self.clock = clock
        self.runs = runs
        self.measurements = measurements
        findings = measurements.filter { $0.side == .decoder }.map { measured in
            let yardstick = measurements.first {
                $0.side == .yardstick && $0.format == measured.format && $0.data == measured.data
            }
            let bar = DecodeFormat(rawValue: measured.format)?.bar ?? 0
            let ratio = yardstick.map { $0.times.median / measured.times.median }
            return Finding(
                format: measured.format, data: measured.data,
                megabytesPerSecond: measured.megabytesPerSecond, bar: bar, overYardstick: ratio,
                isMet: measured.megabytesPerSecond >= bar || (ratio ?? 0) >= 0.5)
        }
    }
}

// MARK: - As text

extension DecodeReport {
    static let header =
        "format".padded(8) + "data".padded(9) + "side".padded(11) + "records".padded(-9)
        + "B/record".padded(-10) + "MB/s".padded(-9) + "ns/record (min–max)".padded(-28)
        + "ns/field".padded(-10) + "  checksum"

    static func line(_ measured: DecodeMeasurement) -> String {
        let times = measured.times
        let spread = "\(times.median.text(1)) (\(times.least.text(1))–\(times.most.text(1)))"
        let size = Double(measured.bytes) / Double(measured.records)
        return measured.format.padded(8) + measured.data.padded(9)
            + measured.side.rawValue.padded(11) + "\(measured.records)".padded(-9)
            + size.text(1).padded(-10) + measured.megabytesPerSecond.text(0).padded(-9)
            + spread.padded(-28) + measured.nanosecondsPerField.text(1).padded(-10)
            + "  " + String(measured.outcome.checksum, radix: 16)
    }

    /// The decoders' speeds, each with its bar.
    var findingLines: [String] {
        findings.map { finding in
            let speed = finding.megabytesPerSecond.text(0)
            let ratio = finding.overYardstick.map { ", \($0.text(2)) of the yardstick's" } ?? ""
            return "\(finding.format) \(finding.data)".padded(18)
                + "\(speed) MB/s\(ratio)".padded(40)
                + "bar \(finding.bar.text(0)) MB/s or 0.50".padded(28)
                + (finding.isMet ? "met" : "missed")
        }
    }
}
