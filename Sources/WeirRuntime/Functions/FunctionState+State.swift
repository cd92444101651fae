public import WeirCore

// How what functions keep is written to checkpoints. A state of one of these kinds alone need not be
// `Codable`: what is in it may be a `Record` or a `StateValue`.

extension KeyedEntry: StateComposite {
    public static func stateCodec() throws -> StateCodec<KeyedEntry> {
        try .record(
            "KeyedEntry", StateField("state") { $0.state }, StateField("expiry") { $0.expiry },
            StateField("look") { $0.look }
        ) { state, expiry, look in
            var entry = KeyedEntry(state: state)
            entry.expiry = expiry
            entry.look = look
            return entry
        }
    }
}

extension NoState: StateValue {
    public static var stateShape: StateShape { .unit }
    public func write(to output: inout StateWriter) {}
    public static func read(from input: inout StateReader) -> NoState { NoState() }
}

extension ReducingState: StateComposite {
    public static func stateCodec() throws -> StateCodec<ReducingState> {
        try .record("ReducingState", StateField("value") { $0.value }) {
            var state = ReducingState()
            state.value = $0
            return state
        }
    }
}

extension AggregatingState: StateComposite {
    public static func stateCodec() throws -> StateCodec<AggregatingState> {
        try .record("AggregatingState", StateField("accumulator") { $0.accumulator }) {
            var state = AggregatingState()
            state.accumulator = $0
            return state
        }
    }
}

extension ExpiringState: StateComposite {
    public static func stateCodec() throws -> StateCodec<ExpiringState> {
        try .record(
            "ExpiringState", StateField("value") { $0.stored }, StateField("expiry") { $0.expiry }
        ) { stored, expiry in
            var state = ExpiringState()
            state.stored = stored
            state.expiry = expiry
            return state
        }
    }
}
