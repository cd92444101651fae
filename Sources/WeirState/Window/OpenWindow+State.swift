public import WeirCore

extension WindowTriggerTimer: StateValue {
    public static var stateShape: StateShape {
        .record("Timer", [.init("time", .timestamp), .init("isProcessingTime", .bool)])
    }
    public func write(to output: inout StateWriter) {
        time.write(to: &output)
        (domain == .processingTime).write(to: &output)
    }
    public static func read(from input: inout StateReader) throws -> WindowTriggerTimer {
        let time = try Timestamp.read(from: &input)
        let isProcessingTime = try Bool.read(from: &input)
        return WindowTriggerTimer(
            time: time, domain: isProcessingTime ? .processingTime : .eventTime)
    }
}

extension WindowTimer: StateComposite {
    public static func stateCodec() throws -> StateCodec<WindowTimer> {
        try .record(
            "WindowTimer", StateField("key") { $0.key }, StateField("number") { $0.number },
            StateField("firstStart") { $0.firstStart }, StateField("isEnd") { $0.isEnd }
        ) { WindowTimer(key: $0, number: $1, firstStart: $2, isEnd: $3) }
    }
}

/// What a checkpoint has of a trigger's state: bytes that are read when the trigger is asked next,
/// since only the trigger knows the type.
public struct SavedTriggerState: Sendable {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Writes a state, or the bytes of one that has not been read.
    init(writing state: any Sendable) throws {
        if let saved = state as? SavedTriggerState {
            self = saved
            return
        }
        guard let codable = state as? any Codable else {
            throw StateFormatError.notCodable(type(of: state))
        }
        var output = StateWriter()
        try Self.write(codable, to: &output)
        bytes = output.bytes
    }

    private static func write<State: Codable>(
        _ state: State, to output: inout StateWriter
    ) throws {
        try StateCodec<State>.find().write(state, &output)
    }

    /// Reads the state.
    ///
    /// - Throws: ``StateFormatError`` when it is of another type.
    public func read<State>(as type: State.Type) throws -> State {
        let codec = try StateCodec<State>.find()
        return try StateReader.reading(bytes) { reader in
            let state = try codec.read(&reader)
            guard reader.left == 0 else {
                throw StateFormatError("the state of a window's trigger is not of type \(type)")
            }
            return state
        }
    }

    fileprivate func write(to output: inout StateWriter) { output.write(bytes) }
}

extension StateFormatError {
    fileprivate static func notCodable(_ type: Any.Type) -> StateFormatError {
        StateFormatError(
            "\(type) cannot be kept in a checkpoint: a trigger's state must be Codable")
    }
}

/// What is known of a window beside its records.
private struct WindowStanding {
    var window: Window
    var number: Int
    var firstStart: Timestamp
    var hasEnded: Bool
    var panes: Int
    var counts: WindowCounts
}

extension WindowStanding: StateComposite {
    static func stateCodec() throws -> StateCodec<WindowStanding> {
        try .record(
            "WindowStanding", StateField("window") { $0.window },
            StateField("number") { $0.number },
            StateField("firstStart") { $0.firstStart }, StateField("hasEnded") { $0.hasEnded },
            StateField("panes") { $0.panes }, StateField("counts") { $0.counts }
        ) {
            WindowStanding(
                window: $0, number: $1, firstStart: $2, hasEnded: $3, panes: $4, counts: $5)
        }
    }
}

private struct WindowCounts {
    var unfired: Int
    var recordsUnfired: Int
    var recordsFired: Int
}

extension WindowCounts: StateComposite {
    static func stateCodec() throws -> StateCodec<WindowCounts> {
        try .record(
            "WindowCounts", StateField("unfired") { $0.unfired },
            StateField("recordsUnfired") { $0.recordsUnfired },
            StateField("recordsFired") { $0.recordsFired }
        ) { WindowCounts(unfired: $0, recordsUnfired: $1, recordsFired: $2) }
    }
}

/// A trigger's state in a checkpoint.
private struct TriggerBytes: StateValue {
    let state: SavedTriggerState
    static var stateShape: StateShape { .opaque("trigger") }
    func write(to output: inout StateWriter) { state.write(to: &output) }
    static func read(from input: inout StateReader) throws -> TriggerBytes {
        TriggerBytes(state: SavedTriggerState(try input.readBytes()))
    }
}

extension OpenWindow: StateComposite {
    public static func stateCodec() throws -> StateCodec<OpenWindow> {
        let saved = try StateCodec<SavedOpenWindow<Accumulator>>.find()
        return saved.map(from: { try SavedOpenWindow($0) }, { $0.window })
    }
}

/// A window as it is written.
private struct SavedOpenWindow<Accumulator> {
    var standing: WindowStanding
    var accumulator: Accumulator?
    var endTimer: Timestamp?
    var triggerState: TriggerBytes?
    var triggerTimers: [WindowTriggerTimer]

    init(
        _ standing: WindowStanding, _ accumulator: Accumulator?, _ endTimer: Timestamp?,
        _ triggerState: TriggerBytes?, _ triggerTimers: [WindowTriggerTimer]
    ) {
        self.standing = standing
        self.accumulator = accumulator
        self.endTimer = endTimer
        self.triggerState = triggerState
        self.triggerTimers = triggerTimers
    }

    init(_ open: OpenWindow<Accumulator>) throws {
        let counts = WindowCounts(
            unfired: open.unfired, recordsUnfired: open.recordsUnfired,
            recordsFired: open.recordsFired)
        self.init(
            WindowStanding(
                window: open.window, number: open.number, firstStart: open.firstStart,
                hasEnded: open.hasEnded, panes: open.panes, counts: counts),
            open.accumulator, open.endTimer,
            try open.triggerState.map { TriggerBytes(state: try SavedTriggerState(writing: $0)) },
            open.triggerTimers)
    }

    var window: OpenWindow<Accumulator> {
        var open = OpenWindow<Accumulator>(
            standing.window, number: standing.number, firstStart: standing.firstStart)
        open.accumulator = accumulator
        open.unfired = standing.counts.unfired
        open.panes = standing.panes
        open.hasEnded = standing.hasEnded
        open.unfiredElsewhere = standing.counts.unfired &- standing.counts.recordsUnfired
        open.recordsFired = standing.counts.recordsFired
        open.endTimer = endTimer
        if let triggerState { open.triggerState = triggerState.state }
        if !triggerTimers.isEmpty { open.triggerTimers = triggerTimers }
        return open
    }
}

extension SavedOpenWindow: StateComposite {
    static func stateCodec() throws -> StateCodec<SavedOpenWindow> {
        try .record(
            "OpenWindow", StateField("standing") { $0.standing },
            StateField("accumulator") { $0.accumulator }, StateField("endTimer") { $0.endTimer },
            StateField("triggerState") { $0.triggerState },
            StateField("triggerTimers") { $0.triggerTimers }
        ) { SavedOpenWindow($0, $1, $2, $3, $4) }
    }
}

extension OpenWindows: StateComposite {
    public static func stateCodec() throws -> StateCodec<OpenWindows> {
        // As one list: where the latest lies is no concern of checkpoints.
        try .record("OpenWindows", StateField("windows") { $0.windows }) {
            OpenWindows(windows: $0)
        }
    }
}

extension CountedRecords.Run: StateComposite {
    public static func stateCodec() throws -> StateCodec<CountedRecords.Run> {
        try .record(
            "Run", StateField("accumulator") { $0.accumulator }, StateField("count") { $0.count },
            StateField("unfired") { $0.unfired }, StateField("earliest") { $0.earliest },
            StateField("latest") { $0.latest }
        ) { accumulator, count, unfired, earliest, latest in
            var run = CountedRecords.Run(accumulator, at: earliest)
            run.count = count
            run.unfired = unfired
            run.latest = latest
            return run
        }
    }
}

extension CountedRecords: StateComposite {
    public static func stateCodec() throws -> StateCodec<CountedRecords> {
        try .record(
            "CountedRecords", StateField("runs") { $0.runs },
            StateField("sinceWindow") { $0.sinceWindow }
        ) { CountedRecords(runs: $0, sinceWindow: $1) }
    }
}
