import Weir

/// Counts and hashes the rows of a result, on the worker.
struct ResultSink<Row: NexmarkRow>: Sink {
    typealias Element = Row
    let results: NexmarkResults

    var summary: String { "counted and hashed" }
    var writeMode: WriteMode { .inline }
    /// Rows that are written to a file besides may be there twice.
    var guarantee: DeliveryGuarantee { results.keepsRows ? .atLeastOnce : .transactional }

    func writer(context: SubtaskContext) -> ResultWriter<Row> {
        ResultWriter(tally: RowTally(results, context))
    }
}

struct ResultWriter<Row: NexmarkRow>: SinkWriter {
    typealias Element = Row
    let tally: RowTally

    func write(_ batch: inout Batch<Row>) throws {
        tally.noteTimes(of: batch)
        // Moved out, so that strings are not retained to be written.
        try batch.drainRows { row, _ in tally.note(row) }
        try tally.commit()
    }

    func finish() { tally.finish() }

    func prepare(_ epoch: Epoch) -> [UInt8]? { tally.prepare() }
    func commit(_ transaction: PreparedTransaction) throws { try tally.commit(transaction) }
    func recover(_ transactions: [PreparedTransaction], after epoch: Epoch) throws {
        try tally.recover(transactions, after: epoch)
    }
}

/// Counts and hashes the rows that are left of an updating result, on the worker.
struct ChangeSink<Row: NexmarkRow>: Sink {
    typealias Element = Change<Row>
    let results: NexmarkResults

    var summary: String { "counted and hashed, less what is taken back" }
    var writeMode: WriteMode { .inline }
    /// Rows that are written to a file besides may be there twice.
    var guarantee: DeliveryGuarantee { results.keepsRows ? .atLeastOnce : .transactional }

    func writer(context: SubtaskContext) -> ChangeWriter<Row> {
        ChangeWriter(tally: RowTally(results, context))
    }
}

struct ChangeWriter<Row: NexmarkRow>: SinkWriter {
    typealias Element = Change<Row>
    let tally: RowTally

    func write(_ batch: inout Batch<Change<Row>>) throws {
        tally.noteTimes(of: batch)
        for row in batch.indices {
            if let old = batch[row].old { tally.note(old, isAdded: false) }
            if let new = batch[row].new { tally.note(new) }
        }
        try tally.commit()
        batch.removeAll()
    }

    func finish() { tally.finish() }

    func prepare(_ epoch: Epoch) -> [UInt8]? { tally.prepare() }
    func commit(_ transaction: PreparedTransaction) throws { try tally.commit(transaction) }
    func recover(_ transactions: [PreparedTransaction], after epoch: Epoch) throws {
        try tally.recover(transactions, after: epoch)
    }
}
