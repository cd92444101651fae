public import WeirCore

/// Turns a logical graph into a physical plan: validates it, fuses what can be fused, and decides
/// where queues lie.
public struct Planner: Sendable {
    /// The number of workers.
    public var parallelism: Int
    /// How keys are spread.
    public var keyGroups: KeyGroups
    /// Whether a keyed edge between single subtasks is fused: there is nothing to exchange.
    public var fusesKeyedEdges: Bool

    /// Plans for so many workers; what makes no sense is reported by ``plan(_:)``.
    public init(
        parallelism: Int, keyGroups: KeyGroups = KeyGroups(), fusesKeyedEdges: Bool = true
    ) {
        self.parallelism = parallelism
        self.keyGroups = keyGroups
        self.fusesKeyedEdges = fusesKeyedEdges
    }

    /// Plans a graph.
    ///
    /// - Throws: ``ValidationError`` with all that is wrong.
    public func plan(_ graph: LogicalGraph) throws(ValidationError) -> PhysicalPlan {
        let problems = parallelismProblems()
        guard problems.isEmpty else { throw ValidationError(job: graph.job, problems: problems) }
        let graph = try graph.validated()
        var chainOf: [OperatorID: Int] = [:]
        var chains: [[OperatorID]] = []
        for node in graph.operators {
            if let above = fusableInput(of: node, in: graph), let chain = chainOf[above] {
                chains[chain].append(node.id)
                chainOf[node.id] = chain
            } else {
                chainOf[node.id] = chains.count
                chains.append([node.id])
            }
        }
        return PhysicalPlan(
            graph: graph, parallelism: parallelism, keyGroups: keyGroups,
            chains: chains.enumerated().map { chain($0.offset, $0.element, graph) },
            connections: connections(graph, chainOf))
    }

    private func parallelismProblems() -> [GraphProblem] {
        if parallelism < 1 {
            return [
                GraphProblem(
                    nil, "the parallelism is \(parallelism)",
                    mend: "Ask for at least one worker: `--parallelism 1`")
            ]
        }
        guard parallelism > keyGroups.count else { return [] }
        return [
            GraphProblem(
                nil,
                "the parallelism is \(parallelism), but keys are spread over \(keyGroups.count) "
                    + "key groups, and a worker without one would idle",
                mend:
                    "Ask for at most \(keyGroups.count) workers, or raise the number of key groups")
        ]
    }

    /// The operator above that this one joins the chain of; `nil`: it starts a chain.
    private func fusableInput(of node: OperatorNode, in graph: LogicalGraph) -> OperatorID? {
        guard node.inputs.count == 1, !blocks(node) else { return nil }
        let edge = node.inputs[0]
        guard let above = graph[edge.from.operatorID], !blocks(above) else { return nil }
        let producers = above.parallelism.resolved(parallelism)
        let consumers = node.parallelism.resolved(parallelism)
        guard producers == consumers else { return nil }
        switch edge.partitioning {
        case .forward: return above.id
        case .keyed, .rebalance, .broadcast:
            return consumers == 1 && fusesKeyedEdges ? above.id : nil
        }
    }

    private func blocks(_ node: OperatorNode) -> Bool {
        guard case .sink(let sink) = node.body else { return false }
        return sink.writeMode == .blocking
    }

    private func chain(_ id: Int, _ operators: [OperatorID], _ graph: LogicalGraph) -> Chain {
        let head = graph[operators[0]]
        return Chain(
            id: id, operators: operators, subtasks: head?.parallelism.resolved(parallelism) ?? 1,
            placement: head.map(blocks) == true ? .lanes : .workers)
    }

    private func connections(
        _ graph: LogicalGraph, _ chainOf: [OperatorID: Int]
    ) -> [Connection] {
        graph.operators.flatMap { node in
            node.inputs.compactMap { edge in
                let isFused =
                    node.inputs.count == 1 && chainOf[node.id] == chainOf[edge.from.operatorID]
                guard !isFused, let above = graph[edge.from.operatorID] else { return nil }
                return Connection(
                    from: edge.from, to: node.id, port: edge.port, partitioning: edge.partitioning,
                    producers: above.parallelism.resolved(parallelism),
                    consumers: node.parallelism.resolved(parallelism))
            }
        }
    }
}
