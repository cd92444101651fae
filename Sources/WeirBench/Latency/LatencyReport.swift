import Foundation

/// The latencies of one query at one rate.
struct LatencyReport: Encodable {
    let query: String
    let parallelism: Int
    /// 0: no checkpoints.
    let checkpointMilliseconds: Int
    /// Events a second; `nil` where it was not searched for.
    let sustainableRate: Double?
    /// Events a second, asked for and achieved.
    let rate, achievedRate: Double
    /// The rows whose latency was measured.
    let rows: UInt64
    /// Milliseconds from when an event was due to the row that it completes.
    let p50, p90, p99, p999, p9999, most: Double
    let checkpoints: Int
    /// The furthest that the source was behind its schedule, in milliseconds: what held up the job, or
    /// the machine, shows there.
    let mostBehind: Double
    /// What the machine did meanwhile; `nil` where the run was too short to tell.
    let gaps: MachineGaps?
    let machine: Machine

    init(
        query: String, parallelism: Int, checkpointMilliseconds: Int, sustainableRate: Double?,
        measured: LatencyDriver.Measured, machine: Machine
    ) {
        self.query = query
        self.parallelism = parallelism
        self.checkpointMilliseconds = checkpointMilliseconds
        self.sustainableRate = sustainableRate
        self.machine = machine
        (rate, achievedRate, rows) = (measured.rate, measured.achievedRate, measured.rows)
        (p50, p90, p99) = (measured.p50, measured.p90, measured.p99)
        (p999, p9999, most) = (measured.p999, measured.p9999, measured.most)
        checkpoints = measured.checkpoints
        gaps = measured.gaps
        mostBehind = (measured.lags.map(\.lag).max() ?? 0) * 1e3
    }

    var text: String {
        let found = sustainableRate.map { " (of \(Int($0)) that the job keeps up with)" } ?? ""
        return """
            \(query): \(Int(rate)) events/s\(found), \(Int(achievedRate)) achieved; \
            \(rows) rows, \(checkpoints) checkpoints; source at most \(mostBehind.text(1)) ms behind
            p50 \(p50.text(3)) ms, p90 \(p90.text(3)), p99 \(p99.text(3)), p99.9 \(p999.text(3)), \
            p99.99 \(p9999.text(3)), most \(most.text(3))
            \(gaps.map { $0.text + "\n" } ?? "")\(machine.description)
            """
    }
}

extension LatencyDriver.Measured {
    /// Writes how far behind the source was, a line for each event that was looked at.
    func writeLags(to path: String) throws {
        let lines = lags.map { "\(($0.due * 1e3).text(3)) \(($0.lag * 1e3).text(3))\n" }
        try lines.joined().write(toFile: path, atomically: true, encoding: .utf8)
    }
}
