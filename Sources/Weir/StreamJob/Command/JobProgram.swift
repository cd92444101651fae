internal import ArgumentParser

/// A command of a job's program, once its arguments have been read.
protocol JobAction {
    /// Does it.
    ///
    /// - Parameter arguments: What the program was called with, for advice on how to call it again.
    /// - Returns: The program's exit status.
    func perform(_ arguments: [String], on console: Console) async -> Int32
}

/// The program that every job is: reads the arguments, does what they ask for.
enum JobProgram<Arguments: JobArguments> {
    /// - Returns: The exit status.
    static func run(_ arguments: [String], on console: Console) async -> Int32 {
        // The run takes it; until it has begun, a savepoint that is asked for must not end the program.
        if console.handlesSignals { SignalStop.ignoreSavepoints() }
        do {
            var command = try JobCommand<Arguments>.parseAsRoot(arguments)
            if let action = command as? any JobAction {
                return await action.perform(arguments, on: console)
            }
            // The parser's own: it throws the help that was asked for.
            try command.run()
            return 0
        } catch {
            let text = JobCommand<Arguments>.fullMessage(for: error)
            let status = JobCommand<Arguments>.exitCode(for: error)
            (status.isSuccess ? console.writeOutput : console.writeError)(
                text.isEmpty ? "" : text + "\n")
            return status.rawValue
        }
    }
}

/// The root of the program's commands.
struct JobCommand<Arguments: JobArguments>: ParsableCommand {
    static var configuration: CommandConfiguration {
        let name = Arguments.Job.jobName
        return CommandConfiguration(
            commandName: name,
            abstract: Arguments.Job.overview.isEmpty
                ? "Runs the job \(name)." : Arguments.Job.overview,
            discussion: """
                A stream job. Without a command it runs.

                EXAMPLES:
                  \(name)                          run it, on all cores
                  \(name) run --parallelism 4      run it on four workers
                  \(name) run --json 2> log.txt    a summary for a program to read
                  \(name) plan                     show what runs where, without running it
                  \(name) plan --format dot | dot -Tsvg > plan.svg
                  \(name) describe                 what it reads and writes, field by field
                  \(name) run --checkpoints state --restore auto
                                                 survive being killed; see run --help
                  \(name) state dump state         show what is in a checkpoint; see state --help

                Ctrl-C (or SIGTERM) stops reading, and drains what has been read into the sinks; \
                a second one stops at once. Progress goes to standard error, so that standard \
                output is the job's own.
                """,
            version: "\(name) (Weir \(weirVersion))",
            subcommands: [
                RunCommand<Arguments>.self, PlanCommand<Arguments>.self,
                DescribeCommand<Arguments>.self, StateCommand.self,
            ],
            defaultSubcommand: RunCommand<Arguments>.self)
    }
}

/// The version of the engine.
let weirVersion = "0.1.0"
