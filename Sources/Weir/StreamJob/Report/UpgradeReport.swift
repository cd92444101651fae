import WeirCore
import WeirGraph
import WeirRuntime

/// What would become of each operator's state in a restore, as text and as JSON.
struct UpgradeReport {
    private let comparison: UpgradeComparison
    private let allowsDroppedState: Bool

    init(_ comparison: UpgradeComparison, allowsDroppedState: Bool) {
        self.comparison = comparison
        self.allowsDroppedState = allowsDroppedState
    }

    /// Why a restore would be refused; `nil` where it would not.
    var refusal: String? {
        if let problem = comparison.problem { return problem }
        if !comparison.refused.isEmpty {
            return "state can't be read: " + comparison.refused.joined(separator: "; ")
                + ". Change the types so that they can read it (see the article on state and "
                + "upgrades), or start from the beginning"
        }
        guard !comparison.dropped.isEmpty, !allowsDroppedState else { return nil }
        return "state would be lost: " + comparison.dropped.joined(separator: ", ")
            + ". Give the operators their names back, or allow it with --allow-dropped-state"
    }

    // MARK: - Text

    /// A table of the operators with state; ends with a line break.
    var text: String {
        var table = TextTable(alignments: [.left, .left, .right, .left])
        table.rows = [["operator", "state", "subtasks", "notes"]]
        for compared in comparison.operators {
            table.rows.append([
                compared.id.cut(to: 32), compared.outcome.rawValue, Self.subtasks(compared),
                Self.notes(compared),
            ])
        }
        var lines = ["state in \(comparison.path):"] + table.lines.map { "  " + $0 }
        if let hint { lines.append("  " + hint) }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func subtasks(_ compared: UpgradeComparison.Operator) -> String {
        let (old, new) = (compared.savedParallelism, compared.parallelism)
        if old == new, let new { return "\(new)" }
        return "\(old.map { "\($0)" } ?? "–") → \(new.map { "\($0)" } ?? "–")"
    }

    private static func notes(_ compared: UpgradeComparison.Operator) -> String {
        let notable = compared.parts.filter { $0.outcome != .carried }
        return notable.map { part in
            let what = part.reason ?? part.changes.map(\.description).joined(separator: ", ")
            return "\(part.name) \(part.outcome.rawValue)" + (what.isEmpty ? "" : ": \(what)")
        }.joined(separator: "; ")
    }

    /// An operator that went while another came may have been renamed.
    private var hint: String? {
        let gone = comparison.operators.filter { $0.parallelism == nil }.map(\.id)
        let new = comparison.operators.filter { $0.savedParallelism == nil }.map(\.id)
        guard let old = gone.first, let name = new.first else { return nil }
        return "if '\(name)' is what '\(old)' was, give it that name again: as: \"\(old)\""
    }

    // MARK: - JSON

    /// One JSON object, without a line break at its end.
    var json: String {
        JSONTree.object([
            ("against", .string(comparison.path)), ("refusal", .optional(refusal)),
            ("operators", .array(comparison.operators.map(Self.tree))),
        ]).text()
    }

    private static func tree(_ compared: UpgradeComparison.Operator) -> JSONTree {
        .object([
            ("id", .string(compared.id)), ("outcome", .string(compared.outcome.rawValue)),
            ("savedParallelism", compared.savedParallelism.map(JSONTree.integer) ?? .null),
            ("parallelism", compared.parallelism.map(JSONTree.integer) ?? .null),
            (
                "parts",
                .array(
                    compared.parts.map { part in
                        .object([
                            ("name", .string(part.name)),
                            ("outcome", .string(part.outcome.rawValue)),
                            ("changes", .array(part.changes.map { .string($0.description) })),
                            ("reason", .optional(part.reason)),
                        ])
                    })
            ),
        ])
    }
}
