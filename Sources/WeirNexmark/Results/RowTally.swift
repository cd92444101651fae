import Weir

/// Counts, hashes and hands on the rows of one subtask, a batch at a time.
///
/// Confined to the worker of the sink's writer that has it.
final class RowTally {
    private let results: NexmarkResults
    private let context: SubtaskContext
    private let hashesRows: Bool
    private let keepsRows: Bool
    // Nothing that is called while these change comes back here; checked for each row, that cost 6 ns.
    @exclusivity(unchecked) private var total = NexmarkTotal()
    @exclusivity(unchecked) private var added = RowTexts()
    @exclusivity(unchecked) private var retracted = RowTexts()
    private var line = RowWriter(.json)
    private var lines: [(line: String, isAdded: Bool)] = []

    init(_ results: NexmarkResults, _ context: SubtaskContext) {
        self.results = results
        self.context = context
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

    /// Says when the rows of a batch were, where someone wants to know.
    @inline(__always) func noteTimes<Row>(of batch: borrowing Batch<Row>) {
        guard let onRows = results.onRows, !batch.isEmpty else { return }
        var times: [Timestamp] = []
        times.reserveCapacity(batch.count)
        for row in batch.indices { times.append(batch.time(at: row)) }
        onRows(times)
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
    func finish() {
        // With checkpoints it is there since the last commit.
        if !context.isCheckpointed { results.add(total) }
    }

    // MARK: - Epochs

    private var writer: NexmarkResults.Writer {
        NexmarkResults.Writer(operatorName: context.operatorName, subtask: context.subtask)
    }

    /// The total since the job began: a checkpoint of any epoch then says all that is needed, in
    /// another process too.
    func prepare() -> [UInt8] {
        var writer = StateWriter()
        writer.write(signed: Int64(total.rows))
        writer.write(word: total.checksum)
        return writer.bytes
    }

    func commit(_ transaction: PreparedTransaction) throws {
        results.commit(try NexmarkTotal(transaction), of: writer, transaction.epoch)
    }

    /// Goes on with the totals of those old subtasks whose transactions are given.
    func recover(_ transactions: [PreparedTransaction], after epoch: Epoch) throws {
        total = try transactions.filter { $0.epoch == epoch }.reduce(NexmarkTotal()) {
            $0.adding(try NexmarkTotal($1))
        }
        results.goBack(to: total, of: writer, epoch, parallelism: context.parallelism)
    }
}

extension NexmarkTotal {
    /// Reads what `prepare` has answered.
    fileprivate init(_ transaction: PreparedTransaction) throws {
        self = try StateReader.reading(transaction.content) {
            NexmarkTotal(
                rows: Int(truncatingIfNeeded: try $0.readSigned()), checksum: try $0.readWord())
        }
    }
}

/// The texts of some rows.
struct RowTexts: ~Copyable {
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
