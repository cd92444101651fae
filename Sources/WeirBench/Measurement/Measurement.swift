/// The times of one side of a benchmark, in nanoseconds a record.
struct Times: Codable, Sendable {
    var median: Double
    var least: Double
    var most: Double

    init(_ nanoseconds: [Double]) {
        let sorted = nanoseconds.sorted()
        median =
            sorted.isEmpty ? .nan : (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
        least = sorted.first ?? .nan
        most = sorted.last ?? .nan
    }

    /// Records a second, by the median.
    var perSecond: Double { 1e9 / median }
}

/// What a benchmark came to.
struct Measurement: Codable, Sendable {
    var name: String
    var records: Int
    var engine: Times
    var loop: Times
    /// The rows and checksum of the engine's last run.
    var engineOutcome: Outcome
    var loopOutcome: Outcome
    /// Whether every run of either side gave the same rows.
    var isEqual: Bool

    /// The engine's throughput as a share of the loop's.
    var ratio: Double { loop.median / engine.median }
    /// What the engine adds, in nanoseconds a record.
    var added: Double { engine.median - loop.median }

    /// Runs engine and loop in turns, after one run of each that is not counted.
    ///
    /// - Parameter prepare: Called before each run; its time does not count.
    static func take(
        _ name: String, records: Int, runs: Int, side: Side = .both,
        clock: BenchmarkClock = .wall, prepare: () -> Void = {},
        engine: () async throws -> Outcome, loop: () -> Outcome
    ) async throws -> Measurement {
        var engineTimes: [Double] = []
        var loopTimes: [Double] = []
        var engineOutcomes: [Outcome] = []
        var loopOutcomes: [Outcome] = []
        for run in 0...runs {
            if side != .loop {
                prepare()
                let start = clock.now()
                engineOutcomes.append(try await engine())
                if run > 0 { engineTimes.append((clock.now() - start) / Double(records)) }
            }
            if side != .engine {
                prepare()
                let start = clock.now()
                loopOutcomes.append(loop())
                if run > 0 { loopTimes.append((clock.now() - start) / Double(records)) }
            }
        }
        let outcomes = engineOutcomes + loopOutcomes
        return Measurement(
            name: name, records: records, engine: Times(engineTimes),
            loop: Times(loopTimes), engineOutcome: engineOutcomes.last ?? Outcome(),
            loopOutcome: loopOutcomes.last ?? Outcome(),
            isEqual: outcomes.allSatisfy { $0 == outcomes[0] })
    }
}

/// Which side is run; one alone is for profiles and instruction counts.
enum Side: String, CaseIterable, Sendable {
    case both, engine, loop
}
