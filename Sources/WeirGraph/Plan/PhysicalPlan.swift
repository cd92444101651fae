public import WeirCore

/// What is executed: operators fused into chains, chains times subtasks, and the queues between.
///
/// A value: it prints, compares and serialises. Execution takes a plan, never the DSL.
public struct PhysicalPlan: Sendable {
    /// The graph that the plan was made from.
    public let graph: LogicalGraph
    /// The number of workers.
    public let parallelism: Int
    /// How keys are spread.
    public let keyGroups: KeyGroups
    /// The chains; each one's inputs come before it.
    public let chains: [Chain]
    /// The edges that became queues.
    public let connections: [Connection]

    /// The number of subtasks of an operator.
    public func subtasks(of id: OperatorID) -> Int {
        graph[id]?.parallelism.resolved(parallelism) ?? 0
    }

    /// The chain that an operator belongs to.
    public func chain(of id: OperatorID) -> Chain? {
        chains.first { $0.operators.contains(id) }
    }
}

/// Operators that run as one: no queue lies between them.
public struct Chain: Hashable, Sendable, Identifiable {
    /// Its position in the plan.
    public let id: Int
    /// The operators, the head first; all others are fed by one before them.
    public let operators: [OperatorID]
    /// The number of its tasklets.
    public let subtasks: Int
    /// Where its tasklets run.
    public let placement: Placement

    /// Where a chain can run.
    public enum Placement: String, Hashable, Sendable {
        /// Tasklet *n* on worker *n*.
        case workers
        /// Each on a queue of its own, since it may block.
        case lanes
    }

    /// The operator that the chain's input goes to.
    public var head: OperatorID { operators[0] }
}

/// An edge that became queues: one for each pair of subtasks that it joins.
public struct Connection: Sendable {
    /// The output that its records come from.
    public let from: OutputReference
    /// The operator that it leads to, the head of a chain.
    public let to: OperatorID
    /// The input port that it leads to.
    public let port: Int
    /// Which consumer each record goes to.
    public let partitioning: Partitioning
    /// The number of subtasks that feed it.
    public let producers: Int
    /// The number of subtasks that it feeds.
    public let consumers: Int

    /// The consumer subtasks that a producer's subtask is joined to.
    public func targets(of producer: Int) -> [Int] {
        switch partitioning {
        case .forward: [producer % consumers]
        case .keyed, .rebalance, .broadcast: Array(0..<consumers)
        }
    }
}
