import Foundation
import WeirTesting

/// The texts of `simulate`.
enum SimulateReport {
    /// The jobs and the kinds of fault there are.
    static var listing: String {
        "jobs:\n" + SimulatedJob.examples.map { "  \($0.name)\n" }.joined()
            + "faults:\n" + FaultKind.allCases.map { "  \($0.rawValue)\n" }.joined()
            + "groups of faults:\n  all\n  crashes\n  none"
    }

    /// What failed, how it came about, and how to run it again.
    ///
    /// - Parameter faults: The option with which it was run.
    static func text(of failure: SimulationFailure, faults: [String]) -> String {
        let program = URL(fileURLWithPath: CommandLine.arguments.first ?? "weir-bench")
            .lastPathComponent
        let again = "\(program) simulate --from \(failure.seed) --seeds 1 --job \(failure.job)"
        let drawn = faults == ["all"] ? "" : " --faults " + faults.joined(separator: " ")
        let plan = failure.plan.description
        return """
            FAILED: job '\(failure.job)', seed \(failure.seed)
              violated: \(failure.problem)
              the fewest faults: \(plan.isEmpty ? "none" : plan)
              the end of the trace:
            \(failure.traceEnd.map { "    \($0)\n" }.joined())\
              replay: \(again)\(drawn)
              replay with just these faults: \(again) --plan "\(plan)"

            """
    }

    /// What a sweep came to, by job and by kind of fault.
    static func text(
        of result: SimulationSweep.Result, of sweep: SimulationSweep, seconds: Double
    ) -> String {
        let runs = result.reports.map(\.runs).reduce(0, +)
        let problems =
            result.failures.isEmpty
            ? "no violation" : "\(result.failures.count) seeds FAILED"
        var lines = [header]
        for (job, report) in zip(sweep.jobs, result.reports) { lines.append(line(job, report)) }
        lines += ["", faultText(result, sweep)]
        lines.append(
            "\(runs) runs of \(sweep.jobs.count) jobs, seeds \(sweep.seeds.lowerBound) to "
                + "\(sweep.seeds.upperBound), in \(seconds.text(1)) s: \(problems); "
                + "\(result.repeatedRuns) runs made twice, with the same trace")
        return lines.joined(separator: "\n")
    }

    private static let header =
        "job".padded(12) + "runs".padded(-8) + "processes".padded(-11) + "restarts".padded(-10)
        + "checkpoints".padded(-13) + "failed".padded(-8) + "commits".padded(-10)
        + "repeated".padded(-10) + "faults".padded(-9) + "  trace"

    private static func line(_ job: SimulatedJob, _ report: SimulationReport) -> String {
        let digits = String(report.trace, radix: 16)
        return job.name.padded(12) + "\(report.runs)".padded(-8)
            + "\(report.processes)".padded(-11) + "\(report.restarts)".padded(-10)
            + "\(report.checkpoints)".padded(-13) + "\(report.failedCheckpoints)".padded(-8)
            + "\(report.commits)".padded(-10) + "\(report.repeatedCommits)".padded(-10)
            + "\(report.faults.values.reduce(0, +))".padded(-9)
            + "  " + String(repeating: "0", count: 16 - digits.count) + digits
    }

    private static func faultText(
        _ result: SimulationSweep.Result, _ sweep: SimulationSweep
    ) -> String {
        let met = result.reports.reduce(into: [FaultKind: Int]()) {
            $0.merge($1.faults, uniquingKeysWith: +)
        }
        let chosen = FaultKind.allCases.filter(sweep.faults.contains)
        if chosen.isEmpty { return "faults met: none were to be" }
        return "faults met: "
            + chosen.map { "\($0.rawValue) \(met[$0, default: 0])" }.joined(separator: ", ")
    }
}
