// The marks of several inputs in checkpoints: so that what comes after a restore is merged as it
// would have been, and no merged watermark goes back.
//
// Form: what was sent, whether the stream is idle, whether records came since; then the number of
// inputs, and for each its watermark and whether it is active, idle or ended. At another number of
// inputs each takes the lowest.

extension SignalMerger {
    /// Appends the marks of all inputs.
    public func write(to output: inout StateWriter) {
        output.write(signed: sent.microseconds)
        output.write(byte: sentIdle ? 1 : 0)
        output.write(byte: hasRecords ? 1 : 0)
        output.write(varint: UInt64(marks.count))
        for input in 0..<marks.count {
            output.write(signed: marks[input].microseconds)
            output.write(byte: marks.states[input].rawValue)
        }
    }

    /// The form in which they are written.
    public static var stateShape: StateShape { .opaque("merged marks, 1") }

    /// Takes the marks that were saved; those of several subtasks by what none was behind.
    ///
    /// An input that had ended says so again, since what is above it has been restored as well:
    /// until then it holds up nothing, and records or a watermark open it again.
    public mutating func restore(_ saved: [SavedState]) throws {
        var all = try saved.map { try $0.readCell { try SavedMarks(&$0) } }
        guard let first = all.popLast() else { return }
        let joined = all.reduce(first) { $0.joined(with: $1) }
        sent = joined.sent
        sentIdle = joined.sentIdle
        hasRecords = joined.hasRecords
        for input in 0..<marks.count {
            let (time, state) =
                joined.inputs.count == marks.count ? joined.inputs[input] : joined.lowest
            marks.restore(input, at: time, state)
            if state == .ended { hasRestoredEnds = true }
        }
    }
}

/// The marks of one subtask's inputs, as they were saved.
private struct SavedMarks {
    typealias Input = (time: Timestamp, state: SplitWatermarks.SplitState)
    var sent: Timestamp
    var sentIdle: Bool
    var hasRecords: Bool
    var inputs: [Input]

    init(_ reader: inout StateReader) throws {
        sent = Timestamp(microseconds: try reader.readSigned())
        sentIdle = try reader.readByte() != 0
        hasRecords = try reader.readByte() != 0
        inputs = try (0..<(try reader.readCount(atLeast: 2))).map { _ in
            let time = Timestamp(microseconds: try reader.readSigned())
            guard let state = SplitWatermarks.SplitState(rawValue: try reader.readByte()) else {
                throw StateFormatError("an input is neither active, idle nor ended")
            }
            return (time, state)
        }
    }

    var lowest: Input { inputs.reduce((.latest, .ended), Self.lower) }

    static func lower(_ one: Input, _ other: Input) -> Input {
        // Active counts, whatever the others; ended only when all are.
        let state: SplitWatermarks.SplitState =
            one.state == .active || other.state == .active
            ? .active : one.state == .idle || other.state == .idle ? .idle : .ended
        return (min(one.time, other.time), state)
    }

    func joined(with other: SavedMarks) -> SavedMarks {
        var joined = self
        joined.sent = min(sent, other.sent)
        joined.sentIdle = sentIdle && other.sentIdle
        joined.hasRecords = hasRecords || other.hasRecords
        joined.inputs =
            inputs.count == other.inputs.count
            ? zip(inputs, other.inputs).map { Self.lower($0, $1) }
            : [Self.lower(lowest, other.lowest)]
        return joined
    }
}

extension SubtaskContext {
    /// Has checkpoints save and restore the marks of an operator's inputs, as the part `inputs`.
    ///
    /// - Parameter owner: Has the merger; it is not kept alive.
    public func keepInputs<Owner: AnyObject>(
        of owner: Owner, _ merger: ReferenceWritableKeyPath<Owner, SignalMerger>
    ) {
        let cell = StateCell(
            layout: {
                StateLayout(
                    arrangement: "cell", distribution: .shared, value: SignalMerger.stateShape)
            },
            save: { [weak owner] output in owner?[keyPath: merger].write(to: &output) },
            load: { [weak owner] saved, ownership in
                try owner?[keyPath: merger].restore(saved.ownOrAll(ownership))
            })
        kept.keep("inputs", cell)
    }
}
