internal import ArgumentParser
import WeirCore
import WeirGraph
import WeirRuntime
import WeirState

/// `plan`: what would run where.
struct PlanCommand<Arguments: JobArguments>: ParsableCommand, JobAction {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "plan", abstract: "Show how the job would run, without running it.",
            discussion: """
                The text form shows chains of operators that run as one, the number of their \
                subtasks, and the queues between chains. JSON is for tools; DOT is drawn by \
                Graphviz: plan --format dot | dot -Tsvg > plan.svg

                With --against it shows instead what a restore of that checkpoint would make of \
                each operator's state: carried as it is, migrated to another form, rebuilt from \
                nothing, dropped, or refused. Status 1 where run --restore would refuse it. To \
                find out what the job keeps, its operators are made: small tables are read, and \
                functions opened and closed.
                """)
    }

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, dot }

    @Option(help: "How to show it.") var format = Format.text
    @Option(
        help: ArgumentHelp(
            "Compare with the state in this checkpoint directory, checkpoint or savepoint.",
            valueName: "path"))
    var against: String?
    @Flag(
        name: .customLong("allow-dropped-state"),
        help: "With --against: state of operators that are gone may be lost.")
    var allowsDroppedState = false
    @OptionGroup var parallelism: ParallelismOption
    @OptionGroup var arguments: Arguments

    func validate() throws {
        if against != nil, format == .dot {
            throw ArgumentParser.ValidationError("--against is shown as text or json, not as dot.")
        }
        if against == nil, allowsDroppedState {
            throw ArgumentParser.ValidationError("--allow-dropped-state needs --against.")
        }
    }

    func perform(_ given: [String], on console: Console) async -> Int32 {
        do {
            let plan = try Planner(parallelism: parallelism.workers).plan(arguments.graph())
            if let against { return try compare(plan, with: against, on: console) }
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

    private func compare(
        _ plan: PhysicalPlan, with path: String, on console: Console
    ) throws -> Int32 {
        let comparison = UpgradeComparison(
            from: try SavedCheckpoint.open(path), to: plan,
            layouts: try StateLayouts(of: plan.graph))
        let report = UpgradeReport(comparison, allowsDroppedState: allowsDroppedState)
        console.writeOutput(format == .json ? report.json + "\n" : report.text)
        guard let refusal = report.refusal else { return 0 }
        console.writeError("error: a restore would be refused: \(refusal)\n")
        return 1
    }
}
