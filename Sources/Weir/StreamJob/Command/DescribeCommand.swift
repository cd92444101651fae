internal import ArgumentParser
import WeirCore
import WeirGraph
import WeirRuntime

/// `describe`: what the job reads and writes.
struct DescribeCommand<Arguments: JobArguments>: ParsableCommand, JobAction {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "describe", abstract: "Show what the job reads and writes.",
            discussion: """
                Sources and sinks with the fields of their records, what becomes of bad and of \
                late records, how watermarks are made, and what each sink promises after a failure.
                """)
    }

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    @Option(help: "How to show it.") var format = Format.text
    @OptionGroup var arguments: Arguments

    func perform(_ given: [String], on console: Console) async -> Int32 {
        do {
            let description = JobDescription(try arguments.graph().validated())
            switch format {
            case .text: console.writeOutput(description.text)
            case .json: console.writeOutput(description.json + "\n")
            }
            return 0
        } catch {
            console.writeError(failureText(error))
            return 1
        }
    }
}
