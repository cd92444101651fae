import Weir

/// Counts, hashes and writes the rows of one subtask, a batch at a time.
///
/// Confined to the worker of the sink's writer that has it.
final class RowTally {
    private let results: NexmarkResults
    private var total = NexmarkTotal()
    private var hashed = RowWriter(.canonical)
    private var ends: [Int] = []

    init(_ results: NexmarkResults) { self.results = results }

    /// Adds rows, or takes them away.
    func add<Row: NexmarkRow>(_ rows: borrowing Batch<Row>, isAdded: Bool) {
    }
}
