import WeirCore
import WeirRuntime

/// What became of a run's checkpoints, in words.
struct CheckpointText {
    private let history: CheckpointHistory

    init(_ history: CheckpointHistory) { self.history = history }

    private var newest: CheckpointRecord? { history.latest.last { $0.failure == nil } }

    /// For a line of progress: `checkpoint 12, 1.2 MB of 34 MB in 85 ms`, with failures where there are
    /// some.
    var progress: String {
        var text =
            newest.map { "checkpoint \($0.epoch), \(Self.figures($0))" } ?? "no checkpoint yet"
        if history.failed > 0 { text += ", \(history.failed) failed" }
        if history.restarts > 0 { text += ", \(Self.restarts(history.restarts))" }
        return text
    }

    /// For the end of a run.
    var summary: String {
        let count = history.completed
        var text = "\(NumberText.count(count)) checkpoint\(count == 1 ? "" : "s") completed"
        text += ", \(NumberText.count(history.failed)) failed"
        if history.restarts > 0 { text += ", \(Self.restarts(history.restarts))" }
        if let newest { text += "; the last, \(newest.epoch), took \(Self.figures(newest))" }
        return text
    }

    /// For a checkpoint that has failed.
    static func failure(of record: CheckpointRecord) -> String? {
        record.failure.map {
            "checkpoint \(record.epoch) failed, the job goes on without it: \($0)"
        }
    }

    var tree: JSONTree {
        .object([
            ("completed", .integer(history.completed)), ("failed", .integer(history.failed)),
            ("restarts", .integer(history.restarts)),
            ("latest", .array(history.latest.map(Self.tree))),
        ])
    }

    private static func figures(_ record: CheckpointRecord) -> String {
        let (written, referenced) = (record.bytesWritten, record.bytesReferenced)
        // Files have bytes besides blocks of state, which show where there is little of that.
        var text = NumberText.bytes(written)
        if written < referenced { text += " of \(NumberText.bytes(referenced))" }
        text += " in \(NumberText.span(seconds: record.seconds))"
        if record.isUnaligned {
            text += ", unaligned, \(NumberText.count(record.recordsInFlight)) records in flight"
        }
        return text
    }

    private static func restarts(_ count: Int) -> String {
        "\(count) restart\(count == 1 ? "" : "s")"
    }

    private static func tree(_ record: CheckpointRecord) -> JSONTree {
        .object([
            ("epoch", .integer(record.epoch.number)), ("failure", .optional(record.failure)),
            ("seconds", .number(record.seconds)),
            ("alignmentSeconds", .number(record.alignmentSeconds)),
            ("longestPauseSeconds", .number(record.longestPauseSeconds)),
            ("bytesWritten", .integer(record.bytesWritten)),
            ("bytesReferenced", .integer(record.bytesReferenced)),
            ("isUnaligned", .bool(record.isUnaligned)),
            ("recordsInFlight", .integer(record.recordsInFlight)),
            ("bytesInFlight", .integer(record.bytesInFlight)),
        ])
    }
}
