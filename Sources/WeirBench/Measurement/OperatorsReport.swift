import Foundation

/// All measurements of a run, and what is derived from several of them.
struct OperatorsReport: Codable {
    var machine: Machine
    /// What times were taken by.
    var clock: String
    var runs: Int
    var measurements: [Measurement]
    var findings: [Finding]

    /// A figure that a bar is set for.
    struct Finding: Codable {
        var name: String
        var value: Double
        var unit: String
        /// What it must be; `nil`: it is only shown.
        var bar: String?
        var isMet: Bool
    }

    init(machine: Machine, clock: String, runs: Int, measurements: [Measurement]) {
        self.machine = machine
        self.clock = clock
        self.runs = runs
        self.measurements = measurements
        findings = []
        findings = chainFindings() + ratioFindings() + exchangeFindings()
    }

    private subscript(name: String) -> Measurement? { measurements.first { $0.name == name } }

    /// What source and sink add, and what each further map or filter adds.
    private func chainFindings() -> [Finding] {
        var found: [Finding] = []
        if let ends = self["source+sink"] {
            found.append(atMost(10, "source and sink, over the loop", ends.added))
            for name in ["map", "filter", "map that captures"] {
                guard let one = self[name] else { continue }
                found.append(atMost(4, "a \(name), over the loop", one.added - ends.added))
            }
        }
        let chain = ["map+filter", "2 maps+filter", "3 maps+filter", "4 maps+filter"]
            .compactMap { self[$0]?.added }
        if chain.count == 4 {
            // The slope of a line through four points, by least squares.
            let slope = (3 * (chain[3] - chain[0]) + chain[2] - chain[1]) / 10
            found.append(atMost(4, "each map of a chain, over the loop", slope))
        }
        if let chain = self["map+filter"] {
            found.append(atMost(10, "source, map, filter and sink, over the loop", chain.added))
        }
        return found
    }

    private func ratioFindings() -> [Finding] {
        let bars = [
            ("tumbling count", 0.5), ("tumbling mean, String keys", 0.6),
            ("sliding count 60 s/1 s", 0.5),
        ]
        return bars.compactMap { name, bar in
            self[name].map { atLeast(bar, "\(name), throughput over the loop's", $0.ratio) }
        }
    }

    private func exchangeFindings() -> [Finding] {
        guard let two = self["exchange P=2"] else { return [] }
        var found: [Finding] = []
        if let one = self["exchange P=1"] {
            let gain = one.engine.median / two.engine.median
            found.append(atLeast(1.5, "two workers over one, both exchanging", gain))
        }
        if let fused = self["exchange P=1 fused"] {
            let gain = fused.engine.median / two.engine.median
            found.append(
                Finding(
                    name: "two workers over one that needs no exchange", value: gain, unit: "×",
                    bar: nil, isMet: true))
        }
        return found
    }

    private func atMost(_ bar: Double, _ name: String, _ value: Double) -> Finding {
        Finding(
            name: name, value: value, unit: "ns/record", bar: "≤ \(bar)", isMet: value <= bar)
    }

    private func atLeast(_ bar: Double, _ name: String, _ value: Double) -> Finding {
        Finding(name: name, value: value, unit: "×", bar: "≥ \(bar)", isMet: value >= bar)
    }
}

// MARK: - As text

extension OperatorsReport {
    static let header =
        "benchmark".padded(28) + "records".padded(-12) + "engine ns (min–max)".padded(-24)
        + "loop ns (min–max)".padded(-24) + "M rec/s".padded(-9) + "loop".padded(-8)
        + "ratio".padded(-7) + "added ns".padded(-10) + "allocs/rec".padded(-12)
        + "loop".padded(-8) + "  rows, equal?"

    static func line(_ measured: Measurement) -> String {
        let equality = measured.isEqual ? "equal" : "NOT EQUAL"
        return measured.name.padded(28) + "\(measured.records)".padded(-12)
            + text(measured.engine).padded(-24) + text(measured.loop).padded(-24)
            + (measured.engine.perSecond / 1e6).text(1).padded(-9)
            + (measured.loop.perSecond / 1e6).text(1).padded(-8)
            + measured.ratio.text(2).padded(-7) + measured.added.text(2).padded(-10)
            + measured.engineAllocations.text(3).padded(-12)
            + measured.loopAllocations.text(3).padded(-8)
            + "  \(measured.engineOutcome.rows), \(equality)"
    }

    private static func text(_ times: Times) -> String {
        "\(times.median.text(2)) (\(times.least.text(2))–\(times.most.text(2)))"
    }

    /// The findings, each with its bar.
    var findingLines: [String] {
        findings.map { finding in
            let figure =
                finding.name.padded(56) + "\(finding.value.text(2)) \(finding.unit)".padded(-16)
            guard let bar = finding.bar else { return figure }
            return figure + "  bar \(bar)".padded(14) + (finding.isMet ? "met" : "missed")
        }
    }
}
