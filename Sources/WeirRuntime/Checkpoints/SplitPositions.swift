import WeirCore

/// How far a source's subtask has read its splits, and their watermarks: the part of state that a
/// restore starts reading from.
final class SplitPositions: StatePart {
    /// What was saved of a split.
    struct Saved {
        var position: SplitPosition?
        var isEnded: Bool
        /// The watermark that each step which keeps some has for the split.
        var marks: [Timestamp]
    }

    private let splits: [SourceSplit]
    private let marks: SplitWatermarks
    /// Asks the chain how far a split has been taken; set when the chain is put together.
    var progress: (Int) -> (position: SplitPosition?, isEnded: Bool) = { _ in (nil, false) }
    /// What a restore has found, by the split's id.
    private(set) var restored: [String: Saved] = [:]

    init(_ splits: [SourceSplit], marks: SplitWatermarks) {
        self.splits = splits
        self.marks = marks
    }

    /// The split, to be opened where a restore goes on.
    func resumed(_ split: SourceSplit) -> SourceSplit {
        var resumed = split
        resumed.position = restored[split.id]?.position
        return resumed
    }

    /// The splits that a restore has found, not read to their ends, and that the source has no more.
    func missing(from all: [SourceSplit]) -> [String] {
        let known = Set(all.map(\.id))
        return restored.filter { !$0.value.isEnded && !known.contains($0.key) }.keys.sorted()
    }

    /// Whether a restore has found the split read to its end.
    func isEnded(_ index: Int) -> Bool { restored[splits[index].id]?.isEnded == true }

    func layout() throws -> StateLayout {
        StateLayout(
            arrangement: "splits", distribution: .shared,
            value: .array(
                .record(
                    "SavedSplit",
                    [
                        StateShape.Field("id", .string), StateShape.Field("isEnded", .bool),
                        StateShape.Field(
                            "position",
                            .optional(
                                .record(
                                    "SplitPosition",
                                    [
                                        StateShape.Field("offset", .signed(bits: 64)),
                                        StateShape.Field("records", .signed(bits: 64)),
                                        StateShape.Field("details", .bytes),
                                    ]))),
                        StateShape.Field("watermarks", .array(.timestamp)),
                    ])))
    }

    func snapshot(_ epoch: Epoch, since base: Epoch?) throws -> any StateSnapshot {
        var writer = StateWriter()
        writer.write(varint: UInt64(splits.count))
        for (index, split) in splits.enumerated() {
            let progress = progress(index)
            let isEnded = progress.isEnded
            // What has not been read since the restore is where it was then.
            let position = progress.position ?? restored[split.id]?.position
            writer.write(split.id)
            writer.write(byte: isEnded ? 1 : 0)
            writer.write(byte: position == nil ? 0 : 1)
            if let position {
                writer.write(signed: position.offset)
                writer.write(signed: position.records)
                writer.write(position.details)
            }
            let trackers = marks.all
            writer.write(varint: UInt64(trackers.count))
            for tracker in trackers { writer.write(signed: tracker[index].microseconds) }
        }
        return WrittenSnapshot(writer.bytes)
    }

    func restore(_ saved: [SavedState], owning ownership: KeyOwnership) throws {
        for part in saved {
            try StateReader.reading(try part.block(0)) { reader in
                for _ in 0..<(try reader.readCount(atLeast: 4)) {
                    let id = try reader.readString()
                    restored[id] = try readSplit(&reader)
                }
            }
        }
        for (index, split) in splits.enumerated() {
            guard let saved = restored[split.id] else { continue }
            for (tracker, mark) in zip(marks.all, saved.marks) {
                tracker.advance(index, to: mark)
            }
        }
    }

    private func readSplit(_ reader: inout StateReader) throws -> Saved {
        let isEnded = try reader.readByte() == 1
        var position: SplitPosition?
        if try reader.readByte() == 1 {
            position = SplitPosition(
                offset: try reader.readSigned(), records: try reader.readSigned(),
                details: try reader.readBytes())
        }
        let count = try reader.readCount()
        var marks: [Timestamp] = []
        for _ in 0..<count { marks.append(Timestamp(microseconds: try reader.readSigned())) }
        return Saved(position: position, isEnded: isEnded, marks: marks)
    }
}
