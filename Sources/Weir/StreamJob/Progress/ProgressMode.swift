import WeirGraph

/// How a run shows its progress.
enum ProgressMode: String, CaseIterable, Sendable {
    case auto, live, lines, none

    /// What is done in the end: a block needs a terminal of its own, in which the job does not
    /// print too.
    func resolved(for graph: LogicalGraph, on console: Console) -> ProgressMode {
        switch self {
        case .lines, .none: return self
        case .live: return console.errorIsTerminal ? .live : .lines
        case .auto:
            let printsHere = graph.operators.contains { node in
                node.kind == .sink
                    && (node.detail.contains("standard error")
                        || node.detail.contains("standard output") && console.outputMayBeSeen)
            }
            return console.errorIsTerminal && !printsHere ? .live : .lines
        }
    }
}
