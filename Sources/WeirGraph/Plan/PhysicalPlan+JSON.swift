extension PhysicalPlan {
    /// The plan as JSON: ``planDescription``, its members in the order of their declaration.
    public var json: String { planDescription.tree.text() }
}

extension PlanDescription {
    fileprivate var tree: JSONTree {
        .object([
            ("job", .string(job)),
            ("parallelism", .integer(parallelism)),
            ("keyGroups", .integer(keyGroups)),
            ("chains", .array(chains.map(\.tree))),
            ("edges", .array(edges.map(\.tree))),
        ])
    }
}

extension PlanDescription.ChainEntry {
    fileprivate var tree: JSONTree {
        .object([
            ("id", .integer(id)),
            ("subtasks", .integer(subtasks)),
            ("placement", .string(placement)),
            ("operators", .array(operators.map(\.tree))),
        ])
    }
}

extension PlanDescription.OperatorEntry {
    fileprivate var tree: JSONTree {
        .object([
            ("name", .string(name)),
            ("kind", .string(kind)),
            ("detail", .string(detail)),
            ("isNamed", .bool(isNamed)),
            ("outputTypes", .array(outputTypes.map(JSONTree.string))),
        ])
    }
}

extension PlanDescription.EdgeEntry {
    fileprivate var tree: JSONTree {
        .object([
            ("from", .string(from)),
            ("fromPort", .integer(fromPort)),
            ("to", .string(to)),
            ("toPort", .integer(toPort)),
            ("partitioning", .string(partitioning)),
            ("queues", .integer(queues)),
        ])
    }
}
