public import WeirCore

// A snapshot of slices is that of their tables, one after another: its cost is theirs, and an
// incremental one has the pages that have changed.
//
// Directory: the end of the last window fired; the number of slices; for each its start and end, the
// records folded into it, its table's directory, and the number of its table's blocks. Times are
// signed numbers, the directories bytes, the rest varints. A block's identity is its slice's serial
// number and the block's identity in the slice's table.

extension SliceStore: StatePart {
    public func layout() throws -> StateLayout {
        var layout = try tableLayout()
        layout.arrangement = "slices"
        return layout
    }

    private func tableLayout() throws -> StateLayout {
        try StateTable<Key, Accumulator>().layout()
    }

    public func snapshot(_ epoch: Epoch, since base: Epoch?) throws -> any StateSnapshot {
        var parts: [SlicesSnapshot.Part] = []
        var directory = StateWriter()
        directory.write(signed: fired.microseconds)
        directory.write(varint: UInt64(live.count))
        for slice in live {
            let snapshot = try slice.table.snapshot(epoch, since: base)
            let blocks = snapshot.blocks
            directory.write(signed: slice.start.microseconds)
            directory.write(signed: slice.end.microseconds)
            directory.write(varint: UInt64(slice.records))
            directory.write(snapshot.directory)
            directory.write(varint: UInt64(blocks.count))
            parts.append(.init(snapshot: snapshot, blocks: blocks, serial: slice.serial))
        }
        return SlicesSnapshot(directory: directory.bytes, parts)
    }

    public func restore(_ saved: [SavedState], owning ownership: KeyOwnership) throws {
        var found: [Timestamp: [SavedSlice]] = [:]
        let layout = try tableLayout()
        for state in saved {
            let read = try SavedSlices(state, tableArrangement: layout.arrangement)
            fired = max(fired, read.fired)
            for slice in read.slices {
                found[slice.start, default: []].append(slice)
            }
        }
        // Blocks are found in the checkpoint under the numbers that slices had. Those of several old
        // subtasks were given out by each on its own, and would be there twice.
        let keepsSerials = saved.count == 1
        let serials = found.values.joined().compactMap(\.serial)
        slicesMade = serials.max().map { $0 + 1 } ?? 0
        for (start, parts) in found.sorted(by: { $0.key < $1.key }) {
            let slice = try restored(
                start, parts, owning: ownership, keepsSerials: keepsSerials)
            if !slice.table.isEmpty || slice.records > 0 { slices.append(slice) }
        }
    }

    public var heldBytes: Int {
        live.reduce(0) { sum, slice in
            sum + slice.table.heldBytes
                + slice.saved.capacity * MemoryLayout<Accumulator?>.stride
        }
    }

    private func restored(
        _ start: Timestamp, _ parts: [SavedSlice], owning ownership: KeyOwnership,
        keepsSerials: Bool
    ) throws -> Slice<Key, Accumulator> {
        let end = assigner.sliceEnd(of: start)
        guard assigner.sliceStart(of: start) == start, parts.allSatisfy({ $0.end == end }) else {
            throw StateFormatError(
                "the state is of other windows than \(assigner): one of its slices is from "
                    + "\(start) to \(parts[0].end). Give the changed windows another name, or keep "
                    + "the windows as they were")
        }
        let kept = keepsSerials ? parts[0].serial : nil
        let slice = Slice<Key, Accumulator>(
            start: start, end: end, table: makeTable(capacity: 16), serial: kept ?? slicesMade)
        if kept == nil { slicesMade += 1 }
        try slice.table.restore(parts.map(\.table), owning: ownership)
        // Records are counted, not kept, so they go where the counters of the subtask go.
        slice.records = parts.reduce(0) { sum, part in
            part.table.subtask % ownership.parallelism == ownership.subtask
                ? sum + part.records : sum
        }
        return slice
    }
}

/// The slices as one old subtask saved them.
struct SavedSlices {
    /// The end of the last window fired.
    let fired: Timestamp
    let slices: [SavedSlice]

    /// Reads the directory.
    init(_ state: SavedState, tableArrangement: String = "table") throws {
        guard state.layout.arrangement == "slices" else {
            throw StateFormatError(
                "windows in slices were expected, and '\(state.layout.arrangement)' found")
        }
        var layout = state.layout
        layout.arrangement = tableArrangement
        (fired, slices) = try StateReader.reading(state.directory) { reader in
            let fired = Timestamp(microseconds: try reader.readSigned())
            var nextBlock = 0
            let slices = try (0..<(try reader.readCount(atLeast: 5))).map { _ in
                let slice = try SavedSlice(&reader, of: state, layout, firstBlock: nextBlock)
                nextBlock += slice.table.blockCount
                return slice
            }
            return (fired, slices)
        }
    }
}

/// A slice as one old subtask saved it.
struct SavedSlice {
    let start: Timestamp
    let end: Timestamp
    let records: Int
    let table: SavedState
    /// The number that tells it from others of its store; `nil` where it has no blocks.
    let serial: Int?

    init(
        _ reader: inout StateReader, of state: SavedState, _ layout: StateLayout, firstBlock: Int
    ) throws {
        start = Timestamp(microseconds: try reader.readSigned())
        end = Timestamp(microseconds: try reader.readSigned())
        records = Int(truncatingIfNeeded: try reader.readVarint())
        let directory = try reader.readBytes()
        let count = try reader.readVarint()
        guard count <= UInt64(max(0, state.blockCount - firstBlock)) else {
            throw StateFormatError(
                "a slice of windows has \(count) blocks, but \(state.blockCount) were saved in all")
        }
        let origin = state.origin.map { origin in
            SavedState.Origin(
                epoch: origin.epoch,
                ids: Array(origin.ids[firstBlock..<firstBlock + Int(count)]))
        }
        serial = origin?.ids.first.map { Int($0 >> Self.serialShift) }
        table = SavedState(
            subtask: state.subtask, parallelism: state.parallelism, layout: layout,
            directory: directory, blockCount: Int(count), origin: origin
        ) { try state.block(firstBlock + $0) }
    }

    /// A table's blocks are numbered from 0, and far from 2³²; the slice's number stands above.
    static let serialShift: UInt64 = 32
}

/// The slices as they were at a barrier.
private final class SlicesSnapshot: StateSnapshot {
    struct Part: Sendable {
        let snapshot: any StateSnapshot
        let blocks: [StateBlock]
        let serial: Int
    }

    let directory: [UInt8]
    let blocks: [StateBlock]
    private let parts: [Part]
    /// The index of each part's first block.
    private let firsts: [Int]

    init(directory: [UInt8], _ parts: [Part]) {
        self.directory = directory
        self.parts = parts
        var blocks: [StateBlock] = []
        var firsts: [Int] = []
        for part in parts {
            firsts.append(blocks.count)
            blocks += part.blocks.map {
                StateBlock(
                    id: UInt64(truncatingIfNeeded: part.serial) << SavedSlice.serialShift | $0.id,
                    isChanged: $0.isChanged)
            }
        }
        self.blocks = blocks
        self.firsts = firsts
    }

    func write(_ index: Int, to output: inout StateWriter) throws {
        // The last part that begins there or before; one without blocks has another behind it.
        let part = firsts.partitionIndex { $0 > index } - 1
        try parts[part].snapshot.write(index - firsts[part], to: &output)
    }

    func release() { for part in parts { part.snapshot.release() } }
}

extension [Int] {
    /// The index of the first element for which `isBehind` holds; they are sorted by that.
    fileprivate func partitionIndex(_ isBehind: (Int) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

extension SubtaskContext {
    /// Has checkpoints save and restore the slices of windows, and keeps them where the job's backend
    /// says; they are kept alive.
    ///
    /// - Parameter name: Their name within the operator, the same in every version of the job.
    public func keep<Key: StreamKey, Accumulator>(
        _ name: String, _ store: SliceStore<Key, Accumulator>
    ) {
        kept.keep(name, store)
        store.spillPlace = spillPlace(of: name)
    }
}
