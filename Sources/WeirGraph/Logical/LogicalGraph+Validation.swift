extension LogicalGraph {
    /// This graph, when it can be planned.
    ///
    /// - Throws: ``ValidationError`` with every problem found, not only the first.
    public func validated() throws(ValidationError) -> LogicalGraph {
        let found =
            problems + emptiness() + duplicateNames() + unnamedState() + missingWatermarks()
            + deadEnds()
        guard found.isEmpty else { throw ValidationError(job: job, problems: found) }
        return self
    }

    private func emptiness() -> [GraphProblem] {
        guard operators.isEmpty else { return [] }
        return [
            GraphProblem(
                nil, "the job has no operators",
                mend: "Define a source and a sink in `define(_:)`")
        ]
    }

    private func duplicateNames() -> [GraphProblem] {
        let byID = Dictionary(grouping: operators, by: \.id)
        return byID.filter { $0.value.count > 1 }.keys.sorted().map { id in
            let kinds = operators.filter { $0.id == id }.map(\.kind.rawValue).joined(
                separator: ", ")
            return GraphProblem(
                id, "\(byID[id]?.count ?? 0) operators have this name (\(kinds))",
                mend: "Give each its own with `as:`; saved state is found by it")
        }
    }

    private func unnamedState() -> [GraphProblem] {
        operators.filter { $0.kind.keepsState && $0.id.name.isEmpty }.map {
            GraphProblem(
                $0.id, "it keeps state and has an empty name",
                mend: "Name it with `as:`, so that its state is found again")
        }
    }

    private func missingWatermarks() -> [GraphProblem] {
        operators.filter { $0.needsWatermarks }.flatMap { node in
            sourcesWithoutWatermarks(above: node).map { source in
                GraphProblem(
                    node.id,
                    "\(neverDone(node.kind)): records from '\(source)' reach it without watermarks",
                    mend: "Put `.watermarked(.boundedOutOfOrderness(…)) { $0.time }` between "
                        + "'\(source)' and '\(node.id)'")
            }
        }
    }

    private func neverDone(_ kind: OperatorKind) -> String {
        kind == .pattern ? "it would never find a match" : "its windows would never close"
    }

    private func sourcesWithoutWatermarks(above node: OperatorNode) -> [OperatorID] {
        var found: [OperatorID] = []
        var open = node.inputs.map(\.from.operatorID)
        var seen: Set<OperatorID> = []
        while let id = open.popLast() {
            guard seen.insert(id).inserted, let above = self[id] else { continue }
            if above.kind == .watermarked { continue }
            if above.kind == .source { found.append(id) }
            open += above.inputs.map(\.from.operatorID)
        }
        return found.sorted()
    }

    private func deadEnds() -> [GraphProblem] {
        operators.filter { $0.kind != .sink && outgoing($0.id).isEmpty }.map {
            GraphProblem(
                $0.id, "nothing reads what it puts out",
                mend: "End the stream in a sink, or remove the operator")
        }
    }
}
