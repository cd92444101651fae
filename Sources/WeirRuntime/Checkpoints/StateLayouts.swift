public import WeirCore
public import WeirGraph

/// The parts of state that a job's operators keep, and their forms.
public struct StateLayouts: Sendable {
    /// The layout of each part of each operator, by its name; operators without state are left out.
    public let parts: [OperatorID: [String: StateLayout]]

    /// Finds them out without running the job: makes the operators of one subtask, asks each, and closes
    /// what was opened. Small tables that operators read when they start are read, and users' functions
    /// are opened and closed.
    ///
    /// - Throws: All that is wrong with the job; ``CheckpointSetupError`` for state that has no codec;
    ///   what preparing and opening throw.
    public init(of graph: LogicalGraph) throws {
        let plan = try Planner(parallelism: 1).plan(graph)
        var prepared: [OperatorID: any Sendable] = [:]
        for node in graph.operators {
            guard case .transform(let transform) = node.body else { continue }
            prepared[node.id] = try transform.prepare?()
        }
        var assembler = JobAssembler(
            plan: plan, executor: DispatchExecutor(), options: ExecutionOptions(),
            prepared: prepared, splits: [:], isStopping: { false }, onFailure: { _ in },
            onFinish: {})
        let made = try assembler.assemble()
        defer { made.discard() }
        var problems: [String] = []
        var parts: [OperatorID: [String: StateLayout]] = [:]
        for (id, subtasks) in made.contexts {
            for entry in subtasks.first?.kept.entries ?? [] {
                do { parts[id, default: [:]][entry.name] = try entry.part.layout() } catch {
                    problems.append("state '\(entry.name)' of operator '\(id)': \(error)")
                }
            }
        }
        guard problems.isEmpty else { throw CheckpointSetupError(problems: problems.sorted()) }
        self.parts = parts
    }
}
