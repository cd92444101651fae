public import WeirCore

// Places in the buffer are numbers that partial matches and nodes refer to, so that the buffer is
// written place by place, the free ones included.

extension PatternState.Pending: StateComposite {
    @usableFromInline static func stateCodec() throws -> StateCodec<PatternState.Pending> {
        try .record(
            "Pending", StateField("record") { $0.record }, StateField("time") { $0.time },
            StateField("arrival") { $0.arrival }
        ) { PatternState.Pending(record: $0, time: $1, arrival: $2) }
    }
}

extension PatternState.Run: StateValue {
    @usableFromInline static var stateShape: StateShape {
        .record(
            "Run",
            [
                .init("node", .signed(bits: 32)), .init("stage", .signed(bits: 32)),
                .init("count", .signed(bits: 32)), .init("isFresh", .bool),
                .init("awaitsDeadline", .bool), .init("awaitsNext", .bool),
                .init("isComplete", .bool), .init("open", .unsigned(bits: 64)),
                .init("start", .signed(bits: 64)), .init("startTime", .timestamp),
            ])
    }

    @usableFromInline func write(to output: inout StateWriter) {
        for number in [node, stage, count] { number.write(to: &output) }
        for flag in [isFresh, awaitsDeadline, awaitsNext, isComplete] { flag.write(to: &output) }
        open.write(to: &output)
        start.write(to: &output)
        startTime.write(to: &output)
    }

    @usableFromInline static func read(from input: inout StateReader) throws -> PatternState.Run {
        let numbers = try (0..<3).map { _ in try Int32.read(from: &input) }
        let flags = try (0..<4).map { _ in try Bool.read(from: &input) }
        let open = try UInt64.read(from: &input)
        var run = PatternState.Run(
            node: numbers[0], stage: numbers[1], count: numbers[2],
            start: try Int.read(from: &input), startTime: try Timestamp.read(from: &input))
        run.isFresh = flags[0]
        run.awaitsDeadline = flags[1]
        run.awaitsNext = flags[2]
        run.isComplete = flags[3]
        run.open = open
        return run
    }
}

extension PatternState.Found: StateValue {
    @usableFromInline static var stateShape: StateShape {
        .record(
            "Found", [.init("node", .signed(bits: 32)), .init("start", .signed(bits: 64))])
    }
    @usableFromInline func write(to output: inout StateWriter) {
        node.write(to: &output)
        start.write(to: &output)
    }
    @usableFromInline static func read(from input: inout StateReader) throws -> PatternState.Found {
        PatternState.Found(node: try Int32.read(from: &input), start: try Int.read(from: &input))
    }
}

extension MatchBuffer.Event: StateComposite {
    @usableFromInline static func stateCodec() throws -> StateCodec<MatchBuffer.Event> {
        try .record(
            "Event", StateField("record") { $0.record }, StateField("time") { $0.time },
            StateField("sequence") { $0.sequence }, StateField("references") { $0.references },
            StateField("isInResult") { $0.isInResult }
        ) { record, time, sequence, references, isInResult in
            var event = MatchBuffer.Event(at: time, sequence: sequence)
            event.record = record
            event.references = references
            event.isInResult = isInResult
            return event
        }
    }
}

extension MatchBuffer.Node: StateValue {
    @usableFromInline static var stateShape: StateShape {
        .record(
            "Node", ["event", "stage", "parent", "references"].map { .init($0, .signed(bits: 32)) })
    }
    @usableFromInline func write(to output: inout StateWriter) {
        for number in [event, stage, parent, references] { number.write(to: &output) }
    }
    @usableFromInline static func read(from input: inout StateReader) throws -> MatchBuffer.Node {
        let numbers = try (0..<4).map { _ in try Int32.read(from: &input) }
        var node = MatchBuffer.Node(event: numbers[0], stage: numbers[1], parent: numbers[2])
        node.references = numbers[3]
        return node
    }
}

extension MatchBuffer: StateComposite {
    @usableFromInline static func stateCodec() throws -> StateCodec<MatchBuffer> {
        try .record(
            "MatchBuffer", StateField("events") { $0.events }, StateField("nodes") { $0.nodes },
            StateField("freeEvents") { $0.freeEvents }, StateField("freeNodes") { $0.freeNodes }
        ) { events, nodes, freeEvents, freeNodes in
            var buffer = MatchBuffer()
            buffer.events = events
            buffer.nodes = nodes
            buffer.freeEvents = freeEvents
            buffer.freeNodes = freeNodes
            try buffer.checkPlaces()
            return buffer
        }
    }

    /// Whether all places that are referred to are there: what was read may be corrupt.
    private func checkPlaces() throws {
        let eventsAreThere =
            nodes.allSatisfy { events.indices.contains(Int($0.event)) }
            && freeEvents.allSatisfy { events.indices.contains(Int($0)) }
        let nodesAreThere =
            nodes.allSatisfy { $0.parent < 0 || nodes.indices.contains(Int($0.parent)) }
            && freeNodes.allSatisfy { nodes.indices.contains(Int($0)) }
        guard eventsAreThere && nodesAreThere else {
            throw StateFormatError("the records of a pattern's partial matches are not all there")
        }
    }
}

/// Where a key is in the order of its records.
private struct PatternProgress {
    var arrivals: Int
    var sequence: Int
    var isSorted: Bool
    var timer: Timestamp?
}

extension PatternProgress: StateComposite {
    static func stateCodec() throws -> StateCodec<PatternProgress> {
        try .record(
            "Progress", StateField("arrivals") { $0.arrivals },
            StateField("sequence") { $0.sequence }, StateField("isSorted") { $0.isSorted },
            StateField("timer") { $0.timer }
        ) { PatternProgress(arrivals: $0, sequence: $1, isSorted: $2, timer: $3) }
    }
}

extension PatternState: StateComposite {
    public static func stateCodec() throws -> StateCodec<PatternState> {
        try .record(
            "PatternState", StateField("pending") { $0.pending[$0.pendingHead...].map(\.self) },
            StateField("buffer") { $0.buffer }, StateField("runs") { $0.runs },
            StateField("held") { $0.held },
            StateField("progress") {
                PatternProgress(
                    arrivals: $0.arrivals, sequence: $0.sequence, isSorted: $0.isSorted,
                    timer: $0.timer)
            }
        ) { (pending: [Pending], buffer, runs, held, progress: PatternProgress) in
            var state = PatternState()
            state.pending = ContiguousArray(pending)
            state.buffer = buffer
            state.runs = runs
            state.held = held
            state.arrivals = progress.arrivals
            state.sequence = progress.sequence
            state.isSorted = progress.isSorted
            state.timer = progress.timer
            try state.checkPlaces()
            return state
        }
    }

    private func checkPlaces() throws {
        let nodes = buffer.nodes.indices
        guard runs.allSatisfy({ nodes.contains(Int($0.node)) }),
            held.allSatisfy({ nodes.contains(Int($0.node)) })
        else { throw StateFormatError("a pattern's partial matches are not all there") }
    }
}
