/// A job as the DSL recorded it: operators and the edges between them, in the order of definition.
///
/// A value without threads or I/O. ``validated()`` must have passed before it is planned.
public struct LogicalGraph: Sendable {
    /// The job's name.
    public let job: String
    /// The operators; each one's inputs come before it.
    public let operators: [OperatorNode]
    /// What the DSL itself found wrong while it recorded.
    public let problems: [GraphProblem]

    /// Puts a graph together; ``JobBuilder/graph`` is the usual way to get one.
    public init(job: String, operators: [OperatorNode], problems: [GraphProblem] = []) {
        self.job = job
        self.operators = operators
        self.problems = problems
    }

    /// The operator with that id.
    public subscript(_ id: OperatorID) -> OperatorNode? { operators.first { $0.id == id } }

    /// The edges that leave an operator, with where they lead.
    public func outgoing(_ id: OperatorID) -> [(edge: GraphEdge, to: OperatorNode)] {
        operators.flatMap { node in
            node.inputs.filter { $0.from.operatorID == id }.map { ($0, node) }
        }
    }
}

/// One thing that is wrong with a job: which operator, what, and how to mend it.
public struct GraphProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The operator; `nil` where the problem is the job's.
    public let operatorID: OperatorID?
    /// What is wrong, in words.
    public let problem: String
    /// How to mend it, in words.
    public let mend: String

    /// Says what is wrong, and how to mend it.
    public init(_ operatorID: OperatorID?, _ problem: String, mend: String) {
        self.operatorID = operatorID
        self.problem = problem
        self.mend = mend
    }

    public var description: String {
        let place = operatorID.map { "operator '\($0)': " } ?? ""
        return "\(place)\(problem). \(mend)."
    }
}

/// All that is wrong with a job.
public struct ValidationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The name of the job.
    public let job: String
    /// The problems, all that were found.
    public let problems: [GraphProblem]

    public var description: String {
        let list = problems.map { "  - \($0)" }.joined(separator: "\n")
        return "job '\(job)' cannot run:\n\(list)"
    }
}
