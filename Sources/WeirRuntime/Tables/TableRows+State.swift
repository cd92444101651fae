public import WeirCore

// How what tables keep is written to checkpoints.

extension TableEntry: StateComposite {
    public static func stateCodec() throws -> StateCodec<TableEntry> {
        try .record(
            "TableEntry", StateField("state") { $0.state }, StateField("time") { $0.time },
            StateField("updated") { $0.updated }, StateField("isTouched") { $0.isTouched },
            StateField("isNew") { $0.isNew }
        ) { TableEntry($0, time: $1, updated: $2, isTouched: $3, isNew: $4) }
    }
}

extension LatestRow: StateComposite {
    public static func stateCodec() throws -> StateCodec<LatestRow> {
        try .record("LatestRow", StateField("row") { $0.row }) { LatestRow(row: $0) }
    }
}

extension AggregateRow: StateComposite {
    public static func stateCodec() throws -> StateCodec<AggregateRow> {
        try .record(
            "AggregateRow", StateField("accumulator") { $0.accumulator },
            StateField("emitted") { $0.emitted }
        ) { AggregateRow($0, emitted: $1) }
    }
}

extension GroupState: StateComposite {
    public static func stateCodec() throws -> StateCodec<GroupState> {
        try .record(
            "GroupState", StateField("accumulator") { $0.accumulator },
            StateField("count") { $0.count }, StateField("emitted") { $0.emitted }
        ) { GroupState($0, count: $1, emitted: $2) }
    }
}

extension JoinedTableRow: StateComposite {
    public static func stateCodec() throws -> StateCodec<JoinedTableRow> {
        try .record(
            "JoinedTableRow", StateField("left") { $0.left }, StateField("right") { $0.right },
            StateField("emitted") { $0.emitted }
        ) { JoinedTableRow(left: $0, right: $1, emitted: $2) }
    }
}

extension TopRows: StateComposite {
    public static func stateCodec() throws -> StateCodec<TopRows> {
        try .record(
            "TopRows", StateField("rows") { $0.saved },
            StateField("firstChanged") { $0.savedFirstChanged },
            // Earlier versions kept it apart, among the changes held back.
            StateField("before", default: { [] }) { $0.before }
        ) { TopRows($0, firstChanged: $1, before: $2) }
    }
}

extension SettledRow: StateComposite {
    public static func stateCodec() throws -> StateCodec<SettledRow> {
        try .record(
            "SettledRow", StateField("row") { $0.row }, StateField("number") { $0.number },
            StateField("isThere") { $0.isThere }
        ) { SettledRow(row: $0, number: $1, isThere: $2) }
    }
}

extension Standing: StateComposite {
    @usableFromInline static func stateCodec() throws -> StateCodec<Standing> {
        try .record("Standing", StateField("value") { $0.value }, StateField("key") { $0.key }) {
            Standing(value: $0, key: $1)
        }
    }
}

extension StandingRows.Numbered: StateComposite {
    @usableFromInline static func stateCodec() throws -> StateCodec<StandingRows.Numbered> {
        try .record(
            "Numbered", StateField("key") { $0.key }, StateField("row") { $0.row },
            StateField("number") { $0.number }
        ) { StandingRows.Numbered(key: $0, row: $1, number: $2) }
    }
}

extension StandingRows: StateComposite {
    public static func stateCodec() throws -> StateCodec<StandingRows> {
        try .record(
            "StandingRows", StateField("standings") { $0.standings },
            StateField("rows") { $0.rows }, StateField("emitted") { $0.emitted },
            StateField("changes") { $0.changes }
        ) { StandingRows(standings: $0, rows: $1, emitted: $2, changes: $3) }
    }
}

extension RankedKey: StateComposite {
    public static func stateCodec() throws -> StateCodec<RankedKey> {
        try .record("RankedKey", StateField("key") { $0.key }, StateField("rank") { $0.rank }) {
            RankedKey($0, rank: $1)
        }
    }
}

extension KeyedRow: StateComposite {
    public static func stateCodec() throws -> StateCodec<KeyedRow> {
        try .record("KeyedRow", StateField("key") { $0.key }, StateField("row") { $0.row }) {
            KeyedRow(key: $0, row: $1)
        }
    }
}

extension FirstRecords.Candidate: StateComposite {
    @usableFromInline static func stateCodec() throws -> StateCodec<FirstRecords.Candidate> {
        try .record(
            "Candidate", StateField("record") { $0.record }, StateField("time") { $0.time }
        ) { FirstRecords.Candidate(record: $0, time: $1) }
    }
}

extension ForeignGroups.Subscriber: StateComposite {
    @usableFromInline static func stateCodec() throws -> StateCodec<ForeignGroups.Subscriber> {
        try .record(
            "Subscriber", StateField("left") { $0.left }, StateField("number") { $0.number },
            StateField("time") { $0.time }
        ) { ForeignGroups.Subscriber(left: $0, number: $1, time: $2) }
    }
}

extension ForeignGroups.Group: StateComposite {
    @usableFromInline static func stateCodec() throws -> StateCodec<ForeignGroups.Group> {
        try .record(
            "Group", StateField("right") { $0.right }, StateField("time") { $0.time },
            StateField("subscribers") { $0.subscribers }
        ) { ForeignGroups.Group(right: $0, time: $1, subscribers: $2) }
    }
}
