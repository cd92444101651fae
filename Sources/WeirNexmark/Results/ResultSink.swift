import Weir

/// Counts and hashes the rows of an append-only result, on the worker.
struct ResultSink<Row: NexmarkRow>: Sink {
    typealias Element = Row
    let results: NexmarkResults

    var summary: String { "counted and hashed" }
    var writeMode: WriteMode { .inline }

    func writer(context: SubtaskContext) -> ResultWriter<Row> { ResultWriter(results) }
}

struct ResultWriter<Row: NexmarkRow>: SinkWriter {
    typealias Element = Row
    private let results: NexmarkResults
    private let hasher: RowHasher

    init(_ results: NexmarkResults) {
        self.results = results
        hasher = RowHasher(hashesRows: results.hashesRows)
    }

    func write(_ batch: inout Batch<Row>) throws {
        let count = batch.count
        for row in batch.indices { hasher.note(batch[row]) }
        hasher.commit(count, isAdded: true)
        if results.keepsRows {
            var rows: [RowChange<Row>] = []
            try batch.drainRows { row, _ in rows.append(RowChange(row: row, isAdded: true)) }
            try results.write(rows)
        }
        batch.removeAll()
    }

    func finish() { results.add(hasher.total) }
}
