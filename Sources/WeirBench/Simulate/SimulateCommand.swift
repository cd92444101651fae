import ArgumentParser
import Foundation
import WeirTesting

/// Runs jobs in a simulated world under every fault.
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Runs jobs of different shapes in a simulated world under every fault.",
        discussion: """
            Each seed is one run of a job, on one thread and in virtual time: the seed decides the \
            order of turns, the parallelism, the sizes of batches and a plan of up to six faults. \
            The job is started again from its checkpoints as often as it takes; its results must \
            be those of a run without faults. The same seed makes the same run, to the last turn.

            A seed that fails is printed with what was violated, the fewest faults that still make \
            it fail, the end of the trace, and the command that runs just that again. The exit \
            status is then 1.

              weir-bench simulate --seeds 1000
              weir-bench simulate --job windows joins --from 5000 --seeds 200 --faults crashes
              weir-bench simulate --list

            Your own jobs go under the same faults from a test: Simulation.run in WeirTesting.
            """)

    @Option(help: "How many seeds each job is run with.")
    var seeds = 100

    @Option(help: "The first seed.")
    var from: UInt64 = 1

    @Option(parsing: .upToNextOption, help: "Only these jobs; see --list.")
    var job: [String] = []

    @Option(
        parsing: .upToNextOption,
        help: "Only these kinds of fault, or 'crashes', 'all' or 'none'; see --list.")
    var faults: [String] = ["all"]

    @Option(
        help: """
            Just these faults instead of drawn ones, as a failure prints them, such as \
            'crash@120:7 diskFails@3:0'; of one job with one seed.
            """)
    var plan: String?

    @Flag(
        help: """
            Make each run twice and compare the traces; without, the first seed of each job alone \
            is run twice.
            """)
    var replayTwice = false

    @Option(help: "Runs at a time. Default: one for each core.")
    var width: Int?

    @Flag(help: "Name the jobs and the kinds of fault, and run nothing.")
    var list = false

    func validate() throws {
        if seeds < 1 { throw ValidationError("--seeds must be at least 1, not \(seeds)") }
        if let width, width < 1 {
            throw ValidationError("--width must be at least 1, not \(width)")
        }
        guard UInt64(seeds - 1) <= .max - from else {
            throw ValidationError("there are no \(seeds) seeds from \(from) on")
        }
        let jobs = try jobs
        _ = try kinds
        guard let plan else { return }
        if jobs.count != 1 || seeds != 1 {
            throw ValidationError("--plan is for one run: name it with --job and --seeds 1")
        }
        do { _ = try FaultPlan(plan) } catch { throw ValidationError("--plan: \(error)") }
    }

    private var jobs: [SimulatedJob] {
        get throws {
            if job.isEmpty { return SimulatedJob.examples }
            return try job.map { name in
                if let found = SimulatedJob.example(name) { return found }
                let known = SimulatedJob.examples.map(\.name).joined(separator: ", ")
                throw ValidationError("there is no job '\(name)'; choose among: \(known)")
            }
        }
    }

    private var kinds: Set<FaultKind> {
        get throws {
            try faults.reduce(into: []) { kinds, name in
                switch name {
                case "all": kinds.formUnion(Set<FaultKind>.all)
                case "crashes": kinds.formUnion(Set<FaultKind>.crashes)
                case "none": break
                default:
                    guard let kind = FaultKind(rawValue: name) else {
                        let known = FaultKind.allCases.map(\.rawValue).joined(separator: ", ")
                        throw ValidationError(
                            "there is no fault '\(name)'; choose all, crashes, none, or among: "
                                + known)
                    }
                    kinds.insert(kind)
                }
            }
        }
    }

    func run() async throws {
        if list { return print(SimulateReport.listing) }
        if let plan { return try replay(plan) }
        let jobs = try jobs
        var sweep = SimulationSweep(jobs: jobs, seeds: from...(from + UInt64(seeds - 1)))
        sweep.faults = try kinds
        sweep.repeatsEachRun = replayTwice
        sweep.width = width ?? ProcessInfo.processInfo.activeProcessorCount
        var progress = SimulateProgress()
        let start = ContinuousClock.now
        let result = try await sweep.run { state in
            for failure in state.failures {
                progress.clear()
                print(SimulateReport.text(of: failure, faults: faults))
            }
            progress.show(state)
        }
        progress.clear()
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        print(SimulateReport.text(of: result, of: sweep, seconds: seconds))
        if !result.failures.isEmpty { throw ExitCode.failure }
    }

    /// Runs one seed with just the faults that a failure has named.
    private func replay(_ plan: String) throws {
        guard let job = try jobs.first else { return }
        do {
            let report = try Simulation.replay(job, seed: from, plan: plan)
            print(
                "job '\(job.name)', seed \(from): no violation; \(report.processes) processes, "
                    + "\(report.checkpoints) checkpoints, trace \(report.trace)")
        } catch let failure as SimulationFailure {
            print(SimulateReport.text(of: failure, faults: faults))
            throw ExitCode.failure
        }
    }
}
