/// Runs several jobs with many seeds, on all cores, and goes on after a failure.
///
/// ``Simulation/run(_:seeds:faults:)`` is for a test: one job, and the first failure ends it. A sweep
/// is for a long search: it tells how far it is, and collects what fails.
///
/// ```swift
/// let sweep = SimulationSweep(jobs: SimulatedJob.examples, seeds: 1...10_000)
/// let result = try await sweep.run { print("\($0.runs) of \($0.allRuns)") }
/// ```
public struct SimulationSweep: Sendable {
    /// What is run; each with every seed.
    public var jobs: [SimulatedJob]
    /// The seeds.
    public var seeds: ClosedRange<UInt64>
    /// What may go wrong. Default: everything.
    public var faults = Set<FaultKind>.all
    /// Whether each run is made twice, which must be the same to the last turn. Default: that of the
    /// first seed alone, for each job.
    public var repeatsEachRun = false
    /// The failures after which the sweep is given up. Default: ten.
    public var maximumFailures = 10
    /// The runs that are made at a time; at least 1. Default: two.
    public var width = 2

    /// How far a sweep is.
    public struct Progress: Sendable {
        /// The runs made, and those to be made.
        public let runs: Int, allRuns: Int
        /// The failures that are new since the last call.
        public let failures: [SimulationFailure]
    }

    /// What a sweep came to.
    public struct Result: Sendable {
        /// What came about in the runs of each job that failed no check, in the order of the jobs.
        public fileprivate(set) var reports: [SimulationReport]
        /// What failed, by seed.
        public fileprivate(set) var failures: [SimulationFailure] = []
        /// The runs that were made twice and were the same.
        public fileprivate(set) var repeatedRuns = 0
    }

    /// Runs these jobs with each of these seeds.
    public init(jobs: [SimulatedJob], seeds: ClosedRange<UInt64>) {
        self.jobs = jobs
        self.seeds = seeds
    }

    /// Runs all of it.
    ///
    /// - Parameter onProgress: Called from time to time, after some runs of every job.
    /// - Returns: What came about; the same for the same seeds, whatever the width.
    /// - Throws: What a job throws when it is run without faults.
    public func run(_ onProgress: (Progress) -> Void = { _ in }) async throws -> Result {
        let simulations = try jobs.map { try Simulation($0) }
        var result = Result(reports: jobs.map { _ in SimulationReport() })
        var next = seeds.lowerBound
        let allRuns = jobs.count * seeds.count
        var runs = 0
        while result.failures.count < maximumFailures {
            let last = seeds.upperBound - next < 16 ? seeds.upperBound : next + 15
            let round = (next...last).flatMap { seed in
                simulations.indices.map { Run(job: $0, seed: seed) }
            }
            let known = result.failures.count
            for outcome in await outcomes(of: round, simulations) { result.add(outcome) }
            runs += round.count
            onProgress(
                Progress(
                    runs: runs, allRuns: allRuns, failures: Array(result.failures[known...])))
            guard last < seeds.upperBound else { break }
            next = last + 1
        }
        return result
    }

    fileprivate struct Run {
        let job: Int
        let seed: UInt64
    }

    fileprivate struct Outcome {
        let run: Run
        let report: Swift.Result<SimulationReport, SimulationFailure>
        let wasRepeated: Bool
    }

    /// Makes runs side by side.
    ///
    /// - Returns: Their outcomes, in the order of the runs.
    private func outcomes(of runs: [Run], _ simulations: [Simulation]) async -> [Outcome] {
        let width = max(1, width)
        return await withTaskGroup(of: [(Int, Outcome)].self) { group in
            for lane in 0..<width {
                group.addTask {
                    stride(from: lane, to: runs.count, by: width).map { index in
                        (index, outcome(of: runs[index], simulations[runs[index].job]))
                    }
                }
            }
            return await group.reduce(into: []) { $0 += $1 }.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func outcome(of run: Run, _ simulation: Simulation) -> Outcome {
        let isRepeated = repeatsEachRun || run.seed == seeds.lowerBound
        let report = Swift.Result { () throws(SimulationFailure) in
            let report = try simulation.run(seed: run.seed, faults: faults)
            if isRepeated { try simulation.repeatRun(run.seed, faults, of: report) }
            return report
        }
        return Outcome(run: run, report: report, wasRepeated: isRepeated)
    }
}

extension SimulationSweep.Result {
    fileprivate mutating func add(_ outcome: SimulationSweep.Outcome) {
        switch outcome.report {
        case .success(let report):
            reports[outcome.run.job].add(report)
            if outcome.wasRepeated { repeatedRuns += 1 }
        case .failure(let failure): failures.append(failure)
        }
    }
}
