extension PhysicalPlan {
    /// The plan in Graphviz's language, a cluster for each chain: `dot -Tsvg` draws it.
    ///
    /// Solid edges are queues, dotted ones run within a chain. Names may hold any character.
    ///
    /// Source: https://graphviz.org/doc/info/lang.html
    public var dot: String {
        let numbers = Dictionary(
            uniqueKeysWithValues: graph.operators.enumerated().map { ($0.element.id, $0.offset) })
        var lines = [
            "digraph \(quoted(graph.job)) {",
            "  rankdir=LR;",
            "  node [shape=box, style=rounded, fontname=\"Helvetica\"];",
            "  edge [fontname=\"Helvetica\", fontsize=10];",
        ]
        for chain in chains {
            let place = chain.placement == .lanes ? ", may block" : ""
            lines += [
                "  subgraph cluster_\(chain.id) {",
                "    label=\(quoted("chain \(chain.id) ×\(chain.subtasks)\(place)"));",
            ]
            for id in chain.operators {
                guard let node = graph[id], let number = numbers[id] else { continue }
                lines.append("    op\(number) [label=\(quoted(Self.dotLabel(node)))];")
            }
            lines.append("  }")
        }
        for node in graph.operators {
            for edge in node.inputs {
                guard let from = numbers[edge.from.operatorID], let to = numbers[node.id] else {
                    continue
                }
                lines.append("  op\(from) -> op\(to) [\(dotAttributes(edge, to: node))];")
            }
        }
        return (lines + ["}", ""]).joined(separator: "\n")
    }

    private static func dotLabel(_ node: OperatorNode) -> String {
        let name = node.isNamed ? "\(node.kind.rawValue) '\(node.id)'" : node.id.name
        return node.detail.isEmpty ? name : "\(name)\n\(node.detail)"
    }

    private func dotAttributes(_ edge: GraphEdge, to node: OperatorNode) -> String {
        let name = graph[edge.from.operatorID]?.outputName(edge.from.port) ?? ""
        let late = name == "late records" ? "late" : name
        guard let connection = connection(of: edge, to: node) else {
            return late.isEmpty ? "style=dotted" : "style=dotted, label=\(quoted(late))"
        }
        let queues = "\(connection.queues) queue\(connection.queues == 1 ? "" : "s")"
        let label = [late, edge.partitioning.description, queues].filter { !$0.isEmpty }
        return "label=\(quoted(label.joined(separator: "\n")))"
    }

    /// A double-quoted string; in labels a backslash would begin an escape.
    private func quoted(_ text: String) -> String {
        var output = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\u{0}": output += "\u{FFFD}"
            default: output.unicodeScalars.append(scalar)
            }
        }
        return output + "\""
    }
}
