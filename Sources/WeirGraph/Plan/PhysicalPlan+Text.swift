import WeirCore

extension PhysicalPlan {
    /// The plan as a tree for people: sources at the top, what they feed below them.
    ///
    /// Operators of one chain stand below one another; `→ chain` marks where queues lie. An
    /// operator with several inputs is shown below the first of them, and referred to by `↳ joins`
    /// below the others.
    public var text: String {
        var tree = PlanTree(plan: self)
        return tree.render()
    }
}

/// Draws a plan, walking from each source downward.
private struct PlanTree {
    let plan: PhysicalPlan
    private var lines: [String] = []
    private var shown: Set<OperatorID> = []

    init(plan: PhysicalPlan) { self.plan = plan }

    mutating func render() -> String {
        lines = [title]
        for node in plan.graph.operators where node.inputs.isEmpty {
            lines += ["", plan.chain(of: node.id).map(Self.header) ?? ""]
            show(node, indent: "  ")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private var title: String {
        let queues = plan.connections.reduce(0) { $0 + $1.queues }
        return "job '\(plan.graph.job)': " + count(plan.parallelism, "worker") + ", "
            + count(plan.chains.count, "chain") + ", " + count(queues, "queue") + ", "
            + count(plan.keyGroups.count, "key group")
    }

    private static func header(_ chain: Chain) -> String {
        let place = chain.placement == .lanes ? " on lanes: may block" : ""
        return "chain \(chain.id) ×\(chain.subtasks)\(place)"
    }

    private mutating func show(_ node: OperatorNode, indent: String) {
        lines.append(indent + Self.label(node))
        shown.insert(node.id)
        let below = plan.graph.outgoing(node.id).sorted { $0.edge.from.port < $1.edge.from.port }
        if below.count == 1, below[0].edge.from.port == 0, isFused(below[0]) {
            return show(below[0].to, indent: indent)
        }
        for (index, branch) in below.enumerated() {
            show(branch, indent: indent, isLast: index == below.count - 1)
        }
    }

    private mutating func show(
        _ branch: (edge: GraphEdge, to: OperatorNode), indent: String, isLast: Bool
    ) {
        let stem = indent + (isLast ? "└─ " : "├─ ")
        let inner = indent + (isLast ? "   " : "│  ")
        let output = outputLabel(branch.edge.from)
        guard let connection = plan.connection(of: branch.edge, to: branch.to) else {
            if !output.isEmpty { lines.append(stem + output + "in the same chain") }
            let start = lines.count
            show(branch.to, indent: inner)
            if output.isEmpty {
                lines[start] = stem + lines[start].dropFirst(inner.count)
            }
            return
        }
        let way =
            output + connection.partitioning.description + ", " + count(connection.queues, "queue")
        let port = inputLabel(branch)
        if shown.contains(branch.to.id) {
            lines.append(stem + way + " ↳ joins '\(branch.to.id)'" + port)
            return
        }
        lines.append(
            stem + way + " → " + (plan.chain(of: branch.to.id).map(Self.header) ?? "") + port)
        show(branch.to, indent: inner + "  ")
    }

    private func isFused(_ branch: (edge: GraphEdge, to: OperatorNode)) -> Bool {
        plan.connection(of: branch.edge, to: branch.to) == nil
    }

    private static func label(_ node: OperatorNode) -> String {
        let name = node.isNamed ? "\(node.kind.rawValue) '\(node.id)'" : node.id.name
        return node.detail.isEmpty ? name : "\(name): \(node.detail)"
    }

    private func outputLabel(_ output: OutputReference) -> String {
        let name = plan.graph[output.operatorID]?.outputName(output.port) ?? ""
        return name.isEmpty ? "" : name + ", "
    }

    /// Which of several inputs an edge leads to.
    private func inputLabel(_ branch: (edge: GraphEdge, to: OperatorNode)) -> String {
        let ports = Set(branch.to.inputs.map(\.port)).count
        return ports > 1 ? " (input \(branch.edge.port + 1) of \(ports))" : ""
    }

    private func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }
}
