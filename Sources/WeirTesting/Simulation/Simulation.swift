import WeirCore

/// Runs jobs in a simulated world under every fault, and checks that none shows in their results.
///
/// Each seed is one run of the job on a ``ManualExecutor``: in virtual time, in an order that the seed
/// decides, with a plan of faults that the seed draws, through as many processes as it takes. After
/// it, and in part while it runs, these are checked:
/// - each sink has the rows of a run without faults, and at no time a row too many: what was shown is
///   never shown again and never disappears;
/// - the ledger is balanced, over all processes, and has each record read once;
/// - queues keep to their bounds, watermarks and epochs never go back, nothing follows the end;
/// - no state is left at the end that is not left without faults;
/// - the job ends, in bounded time, and also when it is aborted;
/// - from each savepoint a copy of the job comes to the same result.
///
/// ```swift
/// @Test func `keeps its results under faults`() throws {
///     let report = try Simulation.run(totals, seeds: 1...1_000, faults: .all)
///     #expect(report.runs == 1_000)
/// }
/// ```
///
/// The same seed makes the same run, to the last turn. A seed that fails is reported with the fewest
/// faults that still make it fail, and the line that runs just that again.
///
/// Source: Wilson, "Testing Distributed Systems w/ Deterministic Simulation", Strange Loop 2014
/// (FoundationDB); Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002.
public struct Simulation: Sendable {
    private let job: SimulatedJob
    private let reference: SimulationReference
    private let extent: [FaultKind.Domain: Int]
    private let mutation: EngineMutation?

    /// Runs the job without faults, to know what it comes to.
    ///
    /// - Throws: What the job throws then.
    public init(_ job: SimulatedJob) throws { try self.init(job, mutation: nil) }

    package init(_ job: SimulatedJob, mutation: EngineMutation?) throws {
        self.job = job
        self.mutation = mutation
        let reference = try SimulationReference(job)
        self.reference = reference
        var extent: [FaultKind.Domain: Int] = [:]
        for seed in UInt64(0)..<4 {
            let run = SimulatedRun(job, seed: seed, plan: FaultPlan([]), reference: nil)
            _ = try run.run()
            extent.merge(run.extent, uniquingKeysWith: max)
        }
        self.extent = extent
    }

    /// Runs a job once for each seed.
    ///
    /// - Parameter faults: What may go wrong; `.all` unless said otherwise.
    /// - Returns: What came about, so that a test can see that something did.
    /// - Throws: ``SimulationFailure`` at the first seed that fails a check; what the job throws when
    ///   it is run without faults.
    @discardableResult
    public static func run(
        _ job: SimulatedJob, seeds: some Sequence<UInt64>, faults: Set<FaultKind> = .all
    ) throws -> SimulationReport {
        let simulation = try Simulation(job)
        var report = SimulationReport()
        for seed in seeds { report.add(try simulation.run(seed: seed, faults: faults)) }
        return report
    }

    /// Runs a job with one seed and just these faults: what the report of a failure says.
    ///
    /// - Throws: ``SimulationFailure``; ``FaultPlanError`` when `plan` is none.
    @discardableResult
    public static func replay(
        _ job: SimulatedJob, seed: UInt64, plan: String
    ) throws -> SimulationReport {
        try Simulation(job).replay(seed: seed, plan: try FaultPlan(plan))
    }

    /// Runs the job with one seed.
    ///
    /// - Throws: ``SimulationFailure``.
    public func run(
        seed: UInt64, faults: Set<FaultKind> = .all
    ) throws(SimulationFailure) -> SimulationReport {
        let plan = plan(seed: seed, faults: faults)
        do {
            return SimulationReport(try outcome(seed, plan))
        } catch {
            throw shrunk(seed, plan, "\(error)")
        }
    }

    /// Runs the job with one seed and just these faults.
    ///
    /// - Throws: ``SimulationFailure``.
    public func replay(
        seed: UInt64, plan: FaultPlan
    ) throws(SimulationFailure) -> SimulationReport {
        do {
            return SimulationReport(try outcome(seed, plan))
        } catch {
            throw failure(seed, plan, "\(error)")
        }
    }

    /// Runs a seed again, which must go as it did before.
    ///
    /// - Parameter report: What the seed came to before.
    /// - Throws: ``SimulationFailure`` where it came to something else.
    func repeatRun(
        _ seed: UInt64, _ faults: Set<FaultKind>, of report: SimulationReport
    ) throws(SimulationFailure) {
        let trace = try run(seed: seed, faults: faults).trace
        guard trace != report.trace else { return }
        throw failure(
            seed, plan(seed: seed, faults: faults),
            "the same seed made two runs, with traces \(report.trace) and \(trace): the job depends "
                + "on something that the simulation does not decide, such as a clock or a Hasher")
    }

    /// The faults that a seed draws.
    public func plan(seed: UInt64, faults: Set<FaultKind> = .all) -> FaultPlan {
        var random = SeededGenerator(seed: seed ^ 0xfa17)
        return FaultPlan(faults, extent: extent, using: &random)
    }

    func outcome(
        _ seed: UInt64, _ plan: FaultPlan, log: SimulatedLog? = nil
    ) throws -> SimulatedRun.Outcome {
        try SimulatedRun(
            job, seed: seed, plan: plan, reference: reference, mutation: mutation, log: log
        ).run()
    }

    /// Leaves out faults one after the other, as long as the run still fails.
    private func shrunk(_ seed: UInt64, _ plan: FaultPlan, _ problem: String) -> SimulationFailure {
        var (plan, problem) = (plan, problem)
        var index = 0
        while index < plan.faults.count {
            var smaller = plan
            smaller.faults.remove(at: index)
            do {
                _ = try outcome(seed, smaller)
                index += 1
            } catch {
                (plan, problem) = (smaller, "\(error)")
                index = 0
            }
        }
        return failure(seed, plan, problem)
    }

    /// Runs what has failed once more, to see how.
    private func failure(
        _ seed: UInt64, _ plan: FaultPlan, _ problem: String
    ) -> SimulationFailure {
        let log = SimulatedLog()
        _ = try? outcome(seed, plan, log: log)
        return SimulationFailure(
            job: job.name, seed: seed, plan: plan, problem: problem, traceEnd: log.lines)
    }
}

/// A seed with which a job does not come to what it should.
public struct SimulationFailure: Error, Sendable, CustomStringConvertible {
    /// The name of the job.
    public let job: String
    /// The seed.
    public let seed: UInt64
    /// The fewest faults that were found to make the run fail.
    public let plan: FaultPlan
    /// What is wrong.
    public let problem: String
    /// The last things that happened in the run, the oldest first: starts and deaths of processes,
    /// faults, checkpoints, transactions; each with its process, step and virtual time.
    public let traceEnd: [String]

    public var description: String {
        """
        job '\(job)', seed \(seed): \(problem)
        with these faults: \(plan.faults.isEmpty ? "none" : plan.description)
        the end of the trace:
        \(traceEnd.map { "  \($0)\n" }.joined())\
        again: Simulation.replay(job, seed: \(seed), plan: "\(plan)")
        """
    }
}
