internal import ArgumentParser
import WeirCore
import WeirGraph
import WeirRuntime

/// `plan`: what would run where.
struct PlanCommand<Arguments: JobArguments>: ParsableCommand, JobAction {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "plan", abstract: "Show how the job would run, without running it.",
            discussion: """
                The text form shows chains of operators that run as one, the number of their \
                subtasks, and the queues between chains. JSON is for tools; DOT is drawn by \
                Graphviz: plan --format dot | dot -Tsvg > plan.svg
                """)
    }

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, dot }

    @Option(help: "How to show it.") var format = Format.text
    @OptionGroup var parallelism: ParallelismOption
    @OptionGroup var arguments: Arguments

    func perform(on console: Console) async -> Int32 {
        do {
            let plan = try Planner(parallelism: parallelism.workers).plan(arguments.graph())
            switch format {
            case .text: console.writeOutput(plan.text)
            case .json: console.writeOutput(plan.json + "\n")
            case .dot: console.writeOutput(plan.dot)
            }
            return 0
        } catch {
            console.writeError(failureText(error))
            return 1
        }
    }
}
