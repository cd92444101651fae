import WeirCore
import WeirGraph
import WeirRuntime

/// What a run came to, as text for people and as JSON for programs.
struct SummaryReport {
    private let summary: JobSummary
    private let graph: LogicalGraph
    private let failure: String?
    private let checkpoints: CheckpointHistory?
    private let notices: [String]

    /// - Parameters:
    ///   - failure: Why it failed; `nil` where it did not.
    ///   - checkpoints: What became of its checkpoints; `nil` where it took none.
    ///   - notices: What its user was told while it ran; for the JSON form.
    init(
        _ summary: JobSummary, graph: LogicalGraph, failure: String? = nil,
        checkpoints: CheckpointHistory? = nil, notices: [String] = []
    ) {
        self.summary = summary
        self.graph = graph
        self.failure = failure
        self.checkpoints = checkpoints
        self.notices = notices
    }

    // MARK: - Text

    /// A headline, the ledger, and where dead letters went; ends with a line break.
    var text: String {
        var lines = [headline]
        if !summary.ledger.operators.isEmpty {
            lines += table.lines.map { "  " + $0 }
            lines += balance.map { "  " + $0 }
        }
        lines += setAside.map { "  " + $0.text }
        if let checkpoints { lines.append("  " + CheckpointText(checkpoints).summary) }
        return lines.joined(separator: "\n") + "\n"
    }

    private var headline: String {
        let outcome =
            switch summary.outcome {
            case .finished: "finished"
            case .stopped: checkpoints == nil ? "stopped, drained" : "stopped, state kept"
            case .failed: "failed"
            case .aborted: "stopped at once"
            }
        let before = summary.recordsRestored
        let restored = before > 0 ? ", \(NumberText.count(before)) of them before the restore," : ""
        let rate = NumberText.count(Int(clamping: Int64(summary.recordsPerSecond.rounded())))
        return
            "\(summary.job) \(outcome): "
            + "\(NumberText.count(summary.recordsRead)) records read\(restored) in "
            + "\(NumberText.span(seconds: summary.seconds)), \(rate) records/s, "
            + "\(summary.parallelism) worker\(summary.parallelism == 1 ? "" : "s")"
    }

    /// The columns of the ledger; those that are always empty in most jobs only where they are not.
    private var table: TextTable {
        typealias Column = (title: String, value: (LedgerCounts) -> Int)
        let peaks = summary.peakStateBytes
        let entries = summary.ledger.operators
        var columns: [Column] = [
            ("in", { $0.received }), ("out", { $0.passed }), ("filtered", { $0.filtered }),
            ("late", { $0.late }),
        ]
        if entries.contains(where: { $0.counts.shed != 0 }) {
            columns.append(("shed", { $0.shed }))
        }
        columns += [("dead letters", { $0.deadLettered }), ("held", { $0.held })]
        let makesOthers = entries.contains {
            $0.counts.emitted != $0.counts.passed && $0.counts.emitted > 0
        }
        if makesOthers { columns.append(("emitted", { $0.emitted })) }
        if entries.contains(where: { $0.counts.unread != 0 }) {
            columns.append(("unread", { $0.unread }))
        }

        let titles = columns.map(\.title) + (peaks.isEmpty ? [] : ["most state"])
        var table = TextTable(alignments: [.left] + titles.map { _ in .right })
        table.rows = [["operator"] + titles]
        for entry in entries {
            table.rows.append(
                [entry.name.cut(to: 32)]
                    + columns.map { column in
                        let value = column.value(entry.counts)
                        return value == 0 ? "–" : NumberText.count(value)
                    }
                    + (peaks.isEmpty ? [] : [peaks[entry.name].map(NumberText.bytes) ?? "–"]))
        }
        return table
    }

    private var balance: [String] {
        let imbalances = summary.ledger.imbalances
        if imbalances.isEmpty {
            return ["balanced ✓  in = out + filtered + late + dead letters + held, and every edge"]
        }
        // A batch that was on its way when the run failed is counted on one side only.
        let title =
            failure == nil ? "NOT BALANCED:" : "not settled, since the run did not reach its end:"
        return [title] + imbalances.map { "  " + $0 }
    }

    /// The sources with dead letters, and what became of these.
    private var setAside: [(name: String, count: Int, path: String?, text: String)] {
        summary.ledger.operators.compactMap { entry in
            guard entry.counts.deadLettered > 0,
                case .source(let source) = graph[OperatorID(entry.name)]?.body
            else { return nil }
            let count = entry.counts.deadLettered
            let letters =
                "\(NumberText.count(count)) bad record\(count == 1 ? "" : "s") of '\(entry.name)' "
            guard case .deadLetter(let path) = source.badRecords else {
                return (entry.name, count, nil, letters + "passed over")
            }
            let file = path ?? deadLetterPath(for: entry.name)
            return (entry.name, count, file, letters + "set aside in \(file)")
        }
    }

    // MARK: - JSON

    /// One JSON object on one line, without a line break.
    var json: String {
        JSONTree.object([
            ("job", .string(summary.job)),
            ("outcome", .string(summary.outcome.rawValue)),
            ("error", .optional(failure)),
            ("parallelism", .integer(summary.parallelism)),
            ("recordsRead", .integer(summary.recordsRead)),
            ("recordsRestored", .integer(summary.recordsRestored)),
            ("seconds", .number(summary.seconds)),
            ("recordsPerSecond", .number(summary.recordsPerSecond)),
            ("isBalanced", .bool(summary.ledger.isBalanced)),
            ("imbalances", .array(summary.ledger.imbalances.map(JSONTree.string))),
            (
                "deadLetters",
                .array(
                    setAside.map {
                        .object([
                            ("operator", .string($0.name)), ("count", .integer($0.count)),
                            ("path", .optional($0.path)),
                        ])
                    })
            ),
            ("operators", .array(summary.ledger.operators.map(tree))),
            ("edges", .array(summary.ledger.edges.map(Self.tree))),
            ("checkpoints", checkpoints.map { CheckpointText($0).tree } ?? .null),
            ("notices", .array(notices.map(JSONTree.string))),
        ]).text(isIndented: false)
    }

    private func tree(_ entry: Ledger.OperatorEntry) -> JSONTree {
        let counts = entry.counts
        return .object([
            ("name", .string(entry.name)), ("kind", .string(entry.kind)),
            ("received", .integer(counts.received)), ("passed", .integer(counts.passed)),
            ("filtered", .integer(counts.filtered)), ("late", .integer(counts.late)),
            ("shed", .integer(counts.shed)), ("deadLettered", .integer(counts.deadLettered)),
            ("held", .integer(counts.held)), ("emitted", .integer(counts.emitted)),
            ("unread", .integer(counts.unread)),
            ("peakStateBytes", .integer(summary.peakStateBytes[entry.name] ?? 0)),
        ])
    }

    private static func tree(_ edge: Ledger.EdgeEntry) -> JSONTree {
        .object([
            ("from", .string(edge.from)), ("port", .integer(edge.port)), ("to", .string(edge.to)),
            ("sent", .integer(edge.sent)), ("received", .integer(edge.received)),
            ("held", .integer(edge.held)),
        ])
    }
}
