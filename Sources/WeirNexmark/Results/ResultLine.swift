import Weir

/// A row as text, for a file that each row must get into once, failures or not.
struct ResultLine: Codable, Sendable {
    /// The fields, joined by `|`.
    let row: String

    init(_ row: borrowing some NexmarkRow) {
        var line = RowWriter(.canonical)
        row.putFields(into: &line)
        self.row = line.withBytes { String(decoding: $0, as: UTF8.self) }
    }
}
