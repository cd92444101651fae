import WeirGraph

/// The conservation ledger of a run: where every record went, by operator and by edge.
///
/// For every operator, `received = passed + filtered + late + shed + deadLettered + held`. For every
/// edge, what the producer counted as sent is what the consumer counted as received, and what is
/// still in the queue. The two sides of an edge count on their own, so a record that is lost or
/// doubled between them shows.
public struct Ledger: Hashable, Sendable, Codable {
    /// One operator's entry.
    public struct OperatorEntry: Hashable, Sendable, Codable {
        /// The operator's name.
        public var name: String
        /// What it does, in one word of the DSL.
        public var kind: String
        /// Its subtasks' counts, added up.
        public var counts: LedgerCounts
    }

    /// One edge's entry.
    public struct EdgeEntry: Hashable, Sendable, Codable {
        /// The operator whose output it is.
        public var from: String
        /// The output port; those from 1 on are side outputs.
        public var port: Int
        /// The operator that it leads to.
        public var to: String
        /// Records the producer handed over.
        public var sent: Int
        /// Records the consumer took.
        public var received: Int
        /// Records still on the way.
        public var held: Int
        /// Whether both sides agree.
        public var isBalanced: Bool { sent == received + held }
    }

    /// The operators, in the order of the graph.
    public var operators: [OperatorEntry]
    /// The edges, by the operator that they lead to.
    public var edges: [EdgeEntry]

    /// Puts a ledger together.
    public init(operators: [OperatorEntry], edges: [EdgeEntry]) {
        self.operators = operators
        self.edges = edges
    }

    /// Whether every record is accounted for.
    public var isBalanced: Bool { imbalances.isEmpty }

    /// What does not add up, in words.
    public var imbalances: [String] {
        operators.filter { !$0.counts.isBalanced }.map {
            "operator '\($0.name)' received \($0.counts.received) records "
                + "and accounts for \($0.counts.accountedFor)"
        }
            + edges.filter { !$0.isBalanced }.map {
                "edge '\($0.from)' → '\($0.to)': \($0.sent) sent, \($0.received) received, "
                    + "\($0.held) on the way"
            }
            + inflows()
    }

    /// Operators whose own count of what came in differs from what their edges delivered.
    private func inflows() -> [String] {
        operators.filter { $0.kind != OperatorKind.source.rawValue }.compactMap { entry in
            let delivered = edges.filter { $0.to == entry.name }.reduce(0) { $0 + $1.received }
            guard delivered != entry.counts.received else { return nil }
            return "operator '\(entry.name)' received \(entry.counts.received) records, "
                + "but its edges delivered \(delivered)"
        }
    }
}
