import WeirCore
import WeirGraph

extension JobDescription {
    /// The description for people; ends with a line break.
    public var text: String {
        var blocks = [["job '\(job)'"]]
        blocks += sources.map(\.lines) + windows.map(\.lines) + sinks.map(\.lines)
        return blocks.map { $0.joined(separator: "\n") }.joined(separator: "\n\n") + "\n"
    }

    /// The description as JSON, its members in the order of their declaration.
    public var json: String {
        JSONTree.object([
            ("job", .string(job)),
            ("sources", .array(sources.map(\.tree))),
            ("windows", .array(windows.map(\.tree))),
            ("sinks", .array(sinks.map(\.tree))),
        ]).text()
    }
}

extension JobDescription.SourceEntry {
    fileprivate var lines: [String] {
        let watermarks = self.watermarks.isEmpty ? ["none"] : self.watermarks
        return ["source '\(name)': \(reads)", "  bad records  \(badRecords)"]
            + ["  recovery     \(recovery)"] + watermarks.map { "  watermarks   \($0)" } + [
                "  record       \(recordType)"
            ]
            + fields.lines
    }

    private var recovery: String {
        isReplayable
            ? "reads on from where a checkpoint says"
            : "cannot be read again: what comes during a failure is lost"
    }

    fileprivate var tree: JSONTree {
        .object([
            ("name", .string(name)), ("reads", .string(reads)), ("recordType", .string(recordType)),
            ("badRecords", .string(badRecords)), ("isReplayable", .bool(isReplayable)),
            ("watermarks", .array(watermarks.map(JSONTree.string))),
            ("fields", .array(fields.map(\.tree))),
        ])
    }
}

extension JobDescription.WindowEntry {
    fileprivate var lines: [String] {
        ["\(kind) '\(name)': \(windows)", "  late         \(lateRecords)"]
    }

    fileprivate var tree: JSONTree {
        .object([
            ("name", .string(name)), ("kind", .string(kind)), ("windows", .string(windows)),
            ("lateRecords", .string(lateRecords)),
        ])
    }
}

extension JobDescription.SinkEntry {
    fileprivate var lines: [String] {
        let meaning =
            switch DeliveryGuarantee(rawValue: guarantee) {
            case .transactional: ": each result is there once, after a failure too"
            case .idempotent: ": a result written again after a failure replaces itself"
            case .atLeastOnce: ": after a failure results may be there again"
            case nil: ""
            }
        return ["sink '\(name)': \(writes)", "  guarantee    \(guarantee)\(meaning)"]
            + ["  record       \(recordType)"] + fields.lines
    }

    fileprivate var tree: JSONTree {
        .object([
            ("name", .string(name)), ("writes", .string(writes)),
            ("recordType", .string(recordType)), ("guarantee", .string(guarantee)),
            ("fields", .array(fields.map(\.tree))),
        ])
    }
}

extension JobDescription.FieldEntry {
    fileprivate var tree: JSONTree {
        .object([
            ("name", .string(name)), ("type", .string(type)), ("unit", .optional(unit)),
            ("documentation", .optional(documentation)),
            ("aliases", .array(aliases.map(JSONTree.string))),
        ])
    }
}

extension [JobDescription.FieldEntry] {
    /// A line for each field: name, type, unit, and what it means.
    fileprivate var lines: [String] {
        var table = TextTable(alignments: [.left, .left, .left, .left])
        if allSatisfy({ $0.unit == nil }) { table.alignments.removeLast() }
        table.rows = map { field in
            let also = field.aliases.isEmpty ? "" : "also: " + field.aliases.joined(separator: ", ")
            let notes = [field.documentation ?? "", also].filter { !$0.isEmpty }
            let unit = table.alignments.count == 4 ? [field.unit ?? ""] : []
            return [field.name, field.type] + unit + [notes.joined(separator: "; ")]
        }
        return table.lines.map { "    " + $0 }
    }
}
