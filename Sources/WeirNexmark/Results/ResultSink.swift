import Weir

/// Counts and hashes the rows of a result, on the worker.
struct ResultSink<Row: NexmarkRow>: Sink {
    typealias Element = Row
    let results: NexmarkResults

    var summary: String { "counted and hashed" }
    var writeMode: WriteMode { .inline }

    func writer(context: SubtaskContext) -> ResultWriter<Row> {
        ResultWriter(tally: RowTally(results))
    }
}

struct ResultWriter<Row: NexmarkRow>: SinkWriter {
    typealias Element = Row
    let tally: RowTally

    func write(_ batch: inout Batch<Row>) throws {
        for row in batch.indices { tally.note(batch[row]) }
        try tally.commit()
        batch.removeAll()
    }

    func finish() { tally.finish() }
}
