public import WeirCore

// How what joins keep is written to checkpoints. Hashes are not: they are those of the keys.

extension JoinAccumulator: StateComposite {
    public static func stateCodec() throws -> StateCodec<JoinAccumulator> {
        try .record(
            "JoinAccumulator", StateField("lefts") { $0.lefts },
            StateField("rights") { $0.rights },
            StateField("hasRight", default: { false }) { $0.hasRight }
        ) { JoinAccumulator(lefts: $0, rights: $1, hasRight: $2) }
    }
}

extension JoinSide: StateComposite {
    public static func stateCodec() throws -> StateCodec<JoinSide> {
        .variant(
            "JoinSide",
            [
                try StateCase("left") {
                    if case .left(let left) = $0 { left } else { nil }
                } make: {
                    .left($0)
                },
                try StateCase("right") {
                    if case .right(let right) = $0 { right } else { nil }
                } make: {
                    .right($0)
                },
            ])
    }
}

extension IntervalRows: StateComposite {
    public static func stateCodec() throws -> StateCodec<IntervalRows> {
        try .record(
            "IntervalRows", StateField("lefts") { $0.lefts }, StateField("rights") { $0.rights }
        ) { IntervalRows(lefts: $0, rights: $1) }
    }
}

extension JoinedRows: StateComposite {
    public static func stateCodec() throws -> StateCodec<JoinedRows> {
        try .record(
            "JoinedRows", StateField("lefts") { $0.lefts }, StateField("rights") { $0.rights }
        ) { JoinedRows(lefts: $0, rights: $1) }
    }
}

extension SemiJoinRows: StateComposite {
    public static func stateCodec() throws -> StateCodec<SemiJoinRows> {
        try .record(
            "SemiJoinRows", StateField("waiting") { $0.waiting },
            StateField("partner") { $0.partner }
        ) { SemiJoinRows(waiting: $0, partner: $1) }
    }
}

extension KeySide: StateComposite where Key: StreamKey {
    public static func stateCodec() throws -> StateCodec<KeySide> {
        try .record("KeySide", StateField("key") { $0.key }, StateField("isLeft") { $0.isLeft }) {
            KeySide(key: $0, hash: $0.stableHash, isLeft: $1)
        }
    }
}

extension DueKey: StateComposite where Key: StreamKey {
    public static func stateCodec() throws -> StateCodec<DueKey> {
        try .record("DueKey", StateField("key") { $0.key }) {
            DueKey(key: $0, hash: $0.stableHash)
        }
    }
}

extension WaitingRecord: StateComposite where Key: StreamKey {
    public static func stateCodec() throws -> StateCodec<WaitingRecord> {
        try .record(
            "WaitingRecord", StateField("key") { $0.key }, StateField("record") { $0.record }
        ) { WaitingRecord(key: $0, hash: $0.stableHash, record: $1) }
    }
}
