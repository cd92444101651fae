import WeirCore

/// What a plan says, without the functions in it: for tools, and for comparing two plans.
public struct PlanDescription: Hashable, Sendable, Codable {
    /// The job's name.
    public var job: String
    /// The number of workers.
    public var parallelism: Int
    /// The number of groups that keys are spread over.
    public var keyGroups: Int
    /// The chains; each one's inputs come before it.
    public var chains: [ChainEntry]
    /// The edges of the graph, in the order of the operators that they lead to.
    public var edges: [EdgeEntry]

    /// Operators that run as one.
    public struct ChainEntry: Hashable, Sendable, Codable {
        /// Its position in the plan.
        public var id: Int
        /// The number of its tasklets.
        public var subtasks: Int
        /// `workers`, or `lanes` where it may block.
        public var placement: String
        /// What runs in it, the head first.
        public var operators: [OperatorEntry]
    }

    /// One operator.
    public struct OperatorEntry: Hashable, Sendable, Codable {
        /// Its name, which is its identity.
        public var name: String
        /// What it does: `map`, `aggregate`, `sink`.
        public var kind: String
        /// The window, the file; empty where there is nothing to say.
        public var detail: String
        /// Whether the job gave it its name.
        public var isNamed: Bool
        /// The types of the records that it puts out, by port.
        public var outputTypes: [String]
    }

    /// One edge.
    public struct EdgeEntry: Hashable, Sendable, Codable {
        /// The operator that it leaves.
        public var from: String
        /// 0: the main output; 1: late records.
        public var fromPort: Int
        /// The operator that it leads to.
        public var to: String
        /// The input port there; edges to one port are merged.
        public var toPort: Int
        /// `forward`, `by key String`, `rebalance`.
        public var partitioning: String
        /// The queues that it became; 0 where both ends run in one chain.
        public var queues: Int
    }
}

extension PhysicalPlan {
    /// What this plan says, as a value that can be compared and encoded.
    public var planDescription: PlanDescription {
        PlanDescription(
            job: graph.job, parallelism: parallelism, keyGroups: keyGroups.count,
            chains: chains.map { chain in
                PlanDescription.ChainEntry(
                    id: chain.id, subtasks: chain.subtasks, placement: chain.placement.rawValue,
                    operators: chain.operators.compactMap { graph[$0].map(Self.entry) })
            },
            edges: graph.operators.flatMap { node in
                node.inputs.map { edge in
                    PlanDescription.EdgeEntry(
                        from: edge.from.operatorID.name, fromPort: edge.from.port,
                        to: node.id.name, toPort: edge.port,
                        partitioning: edge.partitioning.description,
                        queues: connection(of: edge, to: node)?.queues ?? 0)
                }
            })
    }

    private static func entry(_ node: OperatorNode) -> PlanDescription.OperatorEntry {
        PlanDescription.OperatorEntry(
            name: node.id.name, kind: node.kind.rawValue, detail: node.detail,
            isNamed: node.isNamed, outputTypes: node.outputTypes.map { String(describing: $0) })
    }

    /// The connection that an edge became; `nil` where it was fused.
    func connection(of edge: GraphEdge, to node: OperatorNode) -> Connection? {
        connections.first { $0.to == node.id && $0.from == edge.from && $0.port == edge.port }
    }
}

extension Connection {
    /// The number of queues.
    var queues: Int { (0..<producers).reduce(0) { $0 + targets(of: $1).count } }
}
