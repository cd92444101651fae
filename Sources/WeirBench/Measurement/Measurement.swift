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
    /// How often the engine asks for memory, for each record; the median over the runs, and not a number
    /// where it cannot be counted.
    var engineAllocations: Double
    var loopAllocations: Double
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
        var engineRuns = Runs(records: records)
        var loopRuns = Runs(records: records)
        for run in 0...runs {
            if side != .loop {
                prepare()
                let start = Reading(clock)
                engineRuns.add(try await engine(), from: start, to: Reading(clock), counts: run > 0)
            }
            if side != .engine {
                prepare()
                let start = Reading(clock)
                loopRuns.add(loop(), from: start, to: Reading(clock), counts: run > 0)
            }
        }
        let outcomes = engineRuns.outcomes + loopRuns.outcomes
        return Measurement(
            name: name, records: records, engine: Times(engineRuns.times),
            loop: Times(loopRuns.times),
            engineAllocations: Times(engineRuns.allocations).median,
            loopAllocations: Times(loopRuns.allocations).median,
            engineOutcome: engineRuns.outcomes.last ?? Outcome(),
            loopOutcome: loopRuns.outcomes.last ?? Outcome(),
            isEqual: outcomes.allSatisfy { $0 == outcomes[0] })
    }
}

/// What clock and counters say at one moment.
private struct Reading {
    let allocations = Allocations.count
    let nanoseconds: Double

    init(_ clock: BenchmarkClock) { nanoseconds = clock.now() }
}

/// The runs of one side; times and allocations of a record.
private struct Runs {
    let records: Int
    var times: [Double] = []
    var allocations: [Double] = []
    var outcomes: [Outcome] = []

    mutating func add(_ outcome: Outcome, from start: Reading, to end: Reading, counts: Bool) {
        outcomes.append(outcome)
        guard counts else { return }
        times.append((end.nanoseconds - start.nanoseconds) / Double(records))
        allocations.append((end.allocations - start.allocations) / Double(records))
    }
}

/// Which side is run; one alone is for profiles and instruction counts.
enum Side: String, CaseIterable, Sendable {
    case both, engine, loop
}
