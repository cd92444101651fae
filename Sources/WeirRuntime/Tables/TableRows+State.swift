public import WeirCore

// How what tables keep is written to checkpoints.

extension TableEntry: StateComposite {
    public static func stateCodec() throws -> StateCodec<TableEntry> {
        try .record(
            "TableEntry", StateField("state") { $0.state }, StateField("time") { $0.time },
            StateField("updated") { $0.updated }, StateField("isTouched") { $0.isTouched },
            StateField("isNew") { $0.isNew }
        ) { state, time, updated, isTouched, isNew in
            var entry = TableEntry(state)
            entry.time = time
            entry.updated = updated
            entry.isTouched = isTouched
            entry.isNew = isNew
            return entry
        }
    }
}

extension LatestRow: StateComposite {
    public static func stateCodec() throws -> StateCodec<LatestRow> {
        try .record("LatestRow", StateField("row") { $0.row }) {
            var latest = LatestRow()
            latest.row = $0
            return latest
        }
    }
}

extension AggregateRow: StateComposite {
    public static func stateCodec() throws -> StateCodec<AggregateRow> {
        try .record(
            "AggregateRow", StateField("accumulator") { $0.accumulator },
            StateField("emitted") { $0.emitted }
        ) { accumulator, emitted in
            var row = AggregateRow(accumulator)
            row.emitted = emitted
            return row
        }
    }
}

extension GroupState: StateComposite {
    public static func stateCodec() throws -> StateCodec<GroupState> {
        try .record(
            "GroupState", StateField("accumulator") { $0.accumulator },
            StateField("count") { $0.count }, StateField("emitted") { $0.emitted }
        ) { accumulator, count, emitted in
            var group = GroupState(accumulator)
            group.count = count
            group.emitted = emitted
            return group
        }
    }
}

extension JoinedTableRow: StateComposite {
    public static func stateCodec() throws -> StateCodec<JoinedTableRow> {
        try .record(
            "JoinedTableRow", StateField("left") { $0.left }, StateField("right") { $0.right },
            StateField("emitted") { $0.emitted }
        ) { left, right, emitted in
            var row = JoinedTableRow()
            row.left = left
            row.right = right
            row.emitted = emitted
            return row
        }
    }
}

extension TopRows: StateComposite {
    public static func stateCodec() throws -> StateCodec<TopRows> {
        try .record(
            "TopRows", StateField("rows") { $0.rows },
            StateField("firstChanged") { $0.firstChanged }
        ) { rows, firstChanged in
            var top = TopRows()
            top.rows = rows
            top.firstChanged = firstChanged
            return top
        }
    }
}

extension SettledRow: StateComposite {
    public static func stateCodec() throws -> StateCodec<SettledRow> {
        try .record(
            "SettledRow", StateField("row") { $0.row }, StateField("number") { $0.number },
            StateField("isThere") { $0.isThere }
        ) { row, number, isThere in
            var settled = SettledRow()
            settled.row = row
            settled.number = number
            settled.isThere = isThere
            return settled
        }
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
        ) { standings, rows, emitted, changes in
            var state = StandingRows()
            state.standings = standings
            state.rows = rows
            state.emitted = emitted
            state.changes = changes
            return state
        }
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
        ) { right, time, subscribers in
            var group = ForeignGroups.Group()
            group.right = right
            group.time = time
            group.subscribers = subscribers
            return group
        }
    }
}
