/// Rows of text in columns of equal width.
struct TextTable: Equatable {
    enum Alignment { case left, right }

    var alignments: [Alignment]
    var rows: [[String]] = []
    /// What stands between two columns.
    var gap = "  "

    /// The width of each column, in characters.
    var widths: [Int] {
        alignments.indices.map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
    }

    /// The width of a line, in characters.
    var width: Int { widths.reduce(0, +) + gap.count * max(0, alignments.count - 1) }

    /// The rows as lines, without blanks at their ends.
    var lines: [String] {
        let widths = self.widths
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() where column < widths.count {
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                if column > 0 { line += gap }
                line += alignments[column] == .left ? cell + padding : padding + cell
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}

extension String {
    /// This text, its end replaced by `…` where it has more characters than that.
    func cut(to width: Int) -> String {
        guard count > width else { return self }
        return width < 1 ? "" : prefix(width - 1) + "…"
    }
}
