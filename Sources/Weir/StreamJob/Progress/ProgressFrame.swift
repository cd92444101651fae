import WeirCore

/// What a running job looks like at one moment, and how that is put into lines.
struct ProgressFrame: Equatable {
    /// One operator.
    struct Row: Equatable {
        var name: String
        /// Records in.
        var received: Int
        /// Records a second, over the last one.
        var rate: Double
        var watermark: Timestamp?
        /// Behind the wall clock; `nil` where that says nothing.
        var lag: Duration?
        /// The share of the last second that it waited for room below, 0 … 1.
        var backPressure: Double
        /// The memory that its state takes.
        var stateBytes = 0
    }

    var job: String
    var isStopping = false
    var elapsedSeconds: Double
    /// By all sources.
    var recordsRead: Int
    var rate: Double
    var rows: [Row]
    /// What became of the checkpoints; `nil` in a job that takes none.
    var checkpoints: String?

    // MARK: - One line

    /// The line for a pipe: totals, the lowest watermark, and where back-pressure is highest.
    var line: String {
        var parts = [title]
        if let watermark = rows.compactMap(\.watermark).min() {
            parts.append("watermark \(Self.text(watermark))")
        }
        if let lag = rows.compactMap(\.lag).max() { parts.append("lag \(NumberText.span(lag))") }
        if let worst = rows.max(by: { $0.backPressure < $1.backPressure }),
            worst.backPressure >= 0.01
        {
            parts.append(
                "back-pressure \(NumberText.percent(worst.backPressure)) on '\(worst.name)'")
        }
        if let largest = rows.max(by: { $0.stateBytes < $1.stateBytes }),
            largest.stateBytes >= 1_000_000
        {
            let total = rows.reduce(0) { $0 + $1.stateBytes }
            parts.append("state \(NumberText.bytes(total)), most in '\(largest.name)'")
        }
        if let checkpoints { parts.append(checkpoints) }
        return parts.joined(separator: "  ")
    }

    private var title: String {
        rows.isEmpty
            ? "\(job)  starting…"
            : "\(job)  \(NumberText.clock(seconds: elapsedSeconds))  "
                + "\(NumberText.count(recordsRead)) records  \(NumberText.rate(rate))"
                + (isStopping
                    ? "  stopping: " + (checkpoints == nil ? "draining…" : "last checkpoint…") : "")
    }

    // MARK: - A block

    /// The lines of the block, none wider than `columns` and no more of them than `rows`.
    ///
    /// Where the width is short the columns that tell least go first.
    func lines(columns: Int, rows height: Int, hasColour: Bool) -> [String] {
        // The last column of a terminal wraps, and the block needs a line for the cursor.
        let width = max(1, columns - 1)
        let fitting = max(0, height - (checkpoints == nil ? 4 : 5))
        let shown = rows.count <= fitting ? rows[...] : rows.prefix(max(0, fitting - 1))
        let table = Self.layouts.lazy.map { $0.table(shown) }.first { $0.width + 2 <= width }
        let fallback = Layout(columns: [.received]).table(shown)
        var body = (table ?? fallback).lines.map { ("  " + $0).cut(to: width) }
        if shown.count < rows.count {
            body.append("  … and \(rows.count - shown.count) more operators".cut(to: width))
        }
        let head = title.cut(to: width)
        if rows.isEmpty || fitting < 2 { return [Self.bold(head, hasColour)] }
        body[0] = Self.dim(body[0], hasColour)
        for (index, row) in shown.enumerated() where row.backPressure >= 0.5 {
            body[index + 1] = Self.warm(body[index + 1], hasColour)
        }
        let foot = checkpoints.map { [("  " + $0).cut(to: width)] } ?? []
        return [Self.bold(head, hasColour)] + body + foot
    }

    /// From the richest to the poorest.
    private static let layouts = [
        Layout(columns: [.received, .rate, .watermark, .lag, .state, .bar]),
        Layout(columns: [.received, .rate, .watermark, .lag, .state, .share]),
        Layout(columns: [.received, .rate, .watermark, .lag, .share]),
        Layout(columns: [.received, .rate, .watermark, .share]),
        Layout(columns: [.received, .rate, .share]),
        Layout(columns: [.received, .rate]),
    ]

    private static func bold(_ line: String, _ isOn: Bool) -> String {
        isOn ? "\u{1B}[1m\(line)\u{1B}[0m" : line
    }

    private static func dim(_ line: String, _ isOn: Bool) -> String {
        isOn ? "\u{1B}[2m\(line)\u{1B}[0m" : line
    }

    private static func warm(_ line: String, _ isOn: Bool) -> String {
        isOn ? "\u{1B}[33m\(line)\u{1B}[0m" : line
    }

    /// A watermark to the second.
    fileprivate static func text(_ watermark: Timestamp) -> String {
        switch watermark {
        case .latest: "end"
        case .earliest: "–"
        default: watermark.floor(to: .seconds(1)).iso8601
        }
    }
}

/// Which columns a block has besides the operators' names.
private struct Layout {
    enum Column { case received, rate, watermark, lag, state, bar, share }
    let columns: [Column]

    func table(_ rows: ArraySlice<ProgressFrame.Row>) -> TextTable {
        let columns = self.columns.filter { column in
            switch column {
            case .lag: rows.contains { $0.lag != nil }
            case .state: rows.contains { $0.stateBytes > 0 }
            default: true
            }
        }
        var table = TextTable(
            alignments: [.left] + columns.map { $0 == .bar ? .left : .right })
        table.rows.append(["operator"] + columns.map(title))
        for row in rows {
            table.rows.append([row.name.cut(to: 24)] + columns.map { cell($0, row) })
        }
        return table
    }

    private func title(_ column: Column) -> String {
        switch column {
        case .received: "records in"
        case .rate: "rate"
        case .watermark: "watermark"
        case .lag: "lag"
        case .state: "state"
        case .bar, .share: "back-pressure"
        }
    }

    private func cell(_ column: Column, _ row: ProgressFrame.Row) -> String {
        switch column {
        case .received: NumberText.count(row.received)
        case .rate: NumberText.rate(row.rate)
        case .watermark: row.watermark.map(ProgressFrame.text) ?? "–"
        case .lag: row.lag.map { NumberText.span($0) } ?? "–"
        case .state: row.stateBytes > 0 ? NumberText.bytes(row.stateBytes) : "–"
        case .bar: Self.bar(row.backPressure) + " " + NumberText.percent(row.backPressure)
        case .share: NumberText.percent(row.backPressure)
        }
    }

    /// Eight characters, filled by eighths of one.
    private static func bar(_ share: Double) -> String {
        let partial = Array("▏▎▍▌▋▊▉")
        let eighths = Int((min(1, max(0, share)) * 64).rounded())
        var bar = String(repeating: "█", count: eighths / 8)
        if eighths % 8 > 0 { bar.append(partial[eighths % 8 - 1]) }
        return bar + String(repeating: "·", count: 8 - bar.count)
    }
}
