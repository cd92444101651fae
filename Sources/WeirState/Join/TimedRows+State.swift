public import WeirCore

extension TimedRecord: StateComposite {
    public static func stateCodec() throws -> StateCodec<TimedRecord> {
        try .record(
            "TimedRecord", StateField("time") { $0.time }, StateField("record") { $0.record }
        ) {
            TimedRecord($1, at: $0)
        }
    }
}

extension TimedRows.Row: StateComposite {
    public static func stateCodec() throws -> StateCodec<TimedRows.Row> {
        try .record(
            "Row", StateField("time") { $0.time }, StateField("isMatched") { $0.isMatched },
            StateField("record") { $0.record }
        ) { TimedRows.Row($2, at: $0, isMatched: $1) }
    }
}

extension TimedRows: StateComposite {
    /// The live records, and when they are cleaned up.
    public static func stateCodec() throws -> StateCodec<TimedRows> {
        try .record(
            "TimedRows", StateField("rows") { $0.rows[$0.head...].map(\.self) },
            StateField("visit") { $0.visit }
        ) { (live: [Row], visit: Timestamp?) in
            var rows = TimedRows()
            rows.rows = ContiguousArray(live)
            rows.visit = visit
            return rows
        }
    }
}
