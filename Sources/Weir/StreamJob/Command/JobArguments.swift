internal import ArgumentParser
import WeirCore
import WeirGraph
import WeirRuntime

/// The arguments that make a job, for the commands to share: its own options, or none.
protocol JobArguments: ParsableArguments {
    associatedtype Job: StreamJob
    /// The job, with its options set.
    var job: Job { get }
}

/// For a job without options.
struct PlainArguments<Job: StreamJob>: JobArguments {
    var job: Job { Job() }
}

/// For a job whose options are its own properties.
struct OwnArguments<Job: StreamJob & ParsableArguments>: JobArguments {
    @OptionGroup(title: "Options of this job") var job: Job
}

extension JobArguments {
    /// What the job consists of.
    func graph() throws -> LogicalGraph {
        let builder = JobBuilder(name: Job.jobName)
        try job.define(builder)
        return builder.graph
    }
}

/// `--parallelism`, as all commands take it.
struct ParallelismOption: ParsableArguments {
    @Option(
        name: [.long, .customShort("p")],
        // Takes `-1` for the number that it is, so that the message says what is wrong with it.
        parsing: .unconditional,
        help: ArgumentHelp("Workers to run on. Default: one for each core.", valueName: "n"))
    var parallelism: Int?

    func validate() throws {
        guard let parallelism else { return }
        let most = KeyGroups.defaultCount
        guard (1...most).contains(parallelism) else {
            throw ArgumentParser.ValidationError(
                "--parallelism is \(parallelism); it must be between 1 and \(most).")
        }
    }

    /// The number asked for, or that of the machine's cores.
    var workers: Int { parallelism ?? Machine.defaultParallelism }
}
