internal import ArgumentParser
import WeirCore
import WeirGraph
import WeirRuntime

/// `run`: the job, from its first record to its last.
struct RunCommand<Arguments: JobArguments>: ParsableCommand, JobAction {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "run", abstract: "Run the job to its end, or until it is stopped.",
            discussion: """
                Ends with status 0 when all sources have been read, or after a first SIGINT or \
                SIGTERM, when what had been read has been drained; 1 when the job failed; 130 or \
                143 when a second signal stopped it at once.

                With --checkpoints the job survives being killed: run it again with --restore, and \
                it goes on where its last checkpoint was. The first signal then takes one more \
                checkpoint and stands still, without ending the streams. SIGUSR1 takes a savepoint \
                into the directory's savepoints, and prints its path.

                State that is larger than memory goes to a disk in jobs that name a store for it; \
                --state-memory says how much of it stays. A job that comes to --memory-limit fails \
                with a word on what takes the memory, before the machine runs out of it.

                EXAMPLES:
                  \(Arguments.Job.jobName) run --checkpoints state --restore auto
                  \(Arguments.Job.jobName) run --checkpoints state --checkpoint-interval 1min \
                --restart fixed:5s:3
                  \(Arguments.Job.jobName) run --checkpoints state --restore \
                state/savepoints/20260131T120000Z -p 8
                  \(Arguments.Job.jobName) run --state-memory 512MB --memory-limit 4GB
                """)
    }

    @OptionGroup var parallelism: ParallelismOption

    @Flag(help: "Print no progress and no summary; errors only.") var quiet = false

    @Flag(help: "Print the summary as one JSON object on standard output.") var json = false

    @Option(
        help: """
            How to show progress: one block redrawn in place, one line a second, or nothing. \
            auto is live in a terminal, else lines.
            """)
    var progress = ProgressMode.auto

    @Option(
        help: ArgumentHelp(
            "Records handed over at a time. Default: \(ExecutionOptions().batchSize).",
            valueName: "records"))
    var batchSize: Int?

    @OptionGroup(title: "Options for state that survives") var checkpoints: CheckpointArguments
    @OptionGroup(title: "Options for memory") var memory: MemoryArguments
    @OptionGroup var arguments: Arguments

    func validate() throws {
        guard let batchSize else { return }
        guard (1...1_048_576).contains(batchSize) else {
            throw ArgumentParser.ValidationError(
                "--batch-size is \(batchSize); it must be between 1 and 1048576.")
        }
    }

    func perform(_ given: [String], on console: Console) async -> Int32 {
        let job = arguments.job
        do {
            let builder = JobBuilder(name: Arguments.Job.jobName)
            try job.define(builder)
            let plan = try Planner(parallelism: parallelism.workers).plan(builder.graph)
            let (summary, status) = await execute(plan, try options(of: job), given, on: console)
            guard let summary else { return status }
            if !json { try await job.report(summary) }
            return status
        } catch {
            console.writeError(failureText(error))
            return 1
        }
    }

    /// What the job asks for, and then the command line.
    func options(of job: Arguments.Job) throws -> ExecutionOptions {
        var options = ExecutionOptions()
        try job.configure(&options)
        if let batchSize { options.batchSize = batchSize }
        checkpoints.apply(to: &options)
        try memory.apply(to: &options)
        return options
    }

    /// Runs a plan with progress and signals; the summary is `nil` where the run has failed.
    private func execute(
        _ plan: PhysicalPlan, _ options: ExecutionOptions, _ given: [String], on console: Console
    ) async -> (summary: JobSummary?, status: Int32) {
        let execution = JobExecution(plan, options: options)
        let reporter = ProgressReporter(
            execution, mode: quiet ? .none : progress.resolved(for: plan.graph, on: console),
            console: console, isQuiet: quiet)
        let signals =
            console.handlesSignals
            ? SignalStop(execution, reporter, console, checkpoints: checkpoints.directory) : nil
        defer { signals?.cancel() }
        reporter.start()
        do {
            let summary = try await execution.run()
            reporter.finish()
            show(summary, failure: nil, execution, on: console)
            if summary.outcome == .stopped, checkpoints.directory != nil, !quiet {
                let program = CommandLine.arguments.first ?? Arguments.Job.jobName
                let call = ResumingCall(program, given)
                console.writeError("go on with: \(call.text)\n")
            }
            return (summary, 0)
        } catch {
            reporter.finish()
            let failure = error as? JobFailure
            if let failure { show(failure.summary, failure: failure, execution, on: console) }
            console.writeError(failureText(failure?.cause ?? error))
            return (nil, signals?.abortStatus ?? 1)
        }
    }

    private func show(
        _ summary: JobSummary, failure: JobFailure?, _ execution: JobExecution,
        on console: Console
    ) {
        let report = SummaryReport(
            summary, graph: execution.plan.graph, failure: failure.map { "\($0)" },
            checkpoints: execution.checkpointHistory, notices: execution.notices)
        if json { console.writeOutput(report.json + "\n") }
        if !quiet && !json { console.writeError(report.text) }
    }
}

extension ProgressMode: ExpressibleByArgument {}
