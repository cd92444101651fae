import Weir

/// Counts, hashes and hands on the rows of one subtask, a batch at a time.
///
/// Confined to the worker of the sink's writer that has it.
final class RowTally {
    private let results: NexmarkResults
    private let hashesRows: Bool
    private let keepsRows: Bool
    private var total = NexmarkTotal()
    private var added = RowTexts()
    private var retracted = RowTexts()
    private var line = RowWriter(.json)
    private var lines: [(line: String, isAdded: Bool)] = []

    init(_ results: NexmarkResults) {
        self.results = results
        hashesRows = results.hashesRows
        keepsRows = results.keepsRows
    }

    /// Notes a row; it counts from the next ``commit()`` on.
    @inline(__always) func note(_ row: borrowing some NexmarkRow, isAdded: Bool = true) {
        total.rows += isAdded ? 1 : -1
        if hashesRows {
            if isAdded { added.append(row) } else { retracted.append(row) }
        }
        if keepsRows { keep(row, isAdded: isAdded) }
    }

    private func keep(_ row: borrowing some NexmarkRow, isAdded: Bool) {
        row.putFields(into: &line)
        line.endRow()
        lines.append((line.withBytes { String(decoding: $0, as: UTF8.self) }, isAdded))
        line.removeAll()
    }

    /// Hashes the noted rows, and hands them on.
    func commit() throws {
        total.checksum &+= added.drainHashes() &- retracted.drainHashes()
        if !lines.isEmpty { try results.write(lines) }
        lines.removeAll(keepingCapacity: true)
    }

    /// Leaves the total where those of the other subtasks are.
    func finish() { results.add(total) }
}

/// The texts of some rows.
private struct RowTexts: ~Copyable {
    private var text = RowWriter(.canonical)
    /// Where each row ends, and thus the next one starts.
    private var ends: [Int] = []

    @inline(__always) mutating func append(_ row: borrowing some NexmarkRow) {
        row.putFields(into: &text)
        text.endRow()
        ends.append(text.count)
    }

    /// Drops the rows; answers the sum of their hashes.
    mutating func drainHashes() -> UInt64 {
        if ends.isEmpty { return 0 }
        let sum = text.withBytes { FNV1a.sum($0, ends: ends) }
        text.removeAll()
        ends.removeAll(keepingCapacity: true)
        return sum
    }
}
