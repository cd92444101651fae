import WeirCore

/// Copies of the batches that a barrier overtakes in an edge's queues.
struct OvertakenRecords<Element: Sendable>: @unchecked Sendable {
    // Unchecked: made by the chain's worker, which hands them to the snapshot and keeps none.
    fileprivate private(set) var batches: [BatchSlot<Element>] = []
    /// The records in them.
    private(set) var count = 0
    /// The lowest watermark that the inputs come to behind these records.
    fileprivate private(set) var watermark: Timestamp?

    /// Copies a batch: one call for all its rows, whatever their type.
    mutating func add(_ batch: borrowing Batch<Element>) {
        guard !batch.isEmpty else { return }
        let slot = BatchSlot<Element>()
        slot.batch = batch.copy()
        batches.append(slot)
        count += slot.batch.count
    }

    /// Notes the watermark that an input comes to.
    mutating func noteWatermark(_ time: Timestamp) {
        watermark = watermark.map { min($0, time) } ?? time
    }
}

/// Records in flight as they were at a barrier, in the form of a list; the directory is the watermark that
/// follows them, where there is one.
final class QueuedRecordsSnapshot<Element: Sendable>: StateSnapshot {
    private let records: Locked<OvertakenRecords<Element>>
    private let codec: StateCodec<QueuedRecord<Element>>
    /// The batches of each block.
    private let ranges: [Range<Int>]
    let directory: [UInt8]
    private static var recordsOfBlock: Int { 4_096 }

    init(_ records: OvertakenRecords<Element>, _ codec: StateCodec<QueuedRecord<Element>>) {
        self.codec = codec
        ranges = Self.ranges(records.batches)
        var writer = StateWriter()
        if let watermark = records.watermark, watermark > .earliest {
            writer.write(signed: watermark.microseconds)
        }
        directory = writer.bytes
        self.records = Locked(records)
    }

    private static func ranges(_ batches: [BatchSlot<Element>]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start = 0
        var rows = 0
        for (index, slot) in batches.enumerated() {
            rows += slot.batch.count
            guard rows >= recordsOfBlock || index == batches.count - 1 else { continue }
            ranges.append(start..<index + 1)
            (start, rows) = (index + 1, 0)
        }
        return ranges
    }

    var blocks: [StateBlock] {
        ranges.indices.map { StateBlock(id: UInt64($0), isChanged: true) }
    }

    func write(_ index: Int, to output: inout StateWriter) throws {
        let batches = records.withLock { OvertakenBatches(slots: Array($0.batches[ranges[index]])) }
        output.write(varint: UInt64(batches.slots.reduce(0) { $0 + $1.batch.count }))
        for slot in batches.slots {
            for row in slot.batch.indices {
                let record = QueuedRecord(
                    time: slot.batch.time(at: row),
                    keyHash: slot.batch.hasHashes ? slot.batch.hash(at: row) : nil,
                    record: slot.batch[row])
                try codec.write(record, &output)
            }
        }
    }

    func release() { records.withLock { $0 = OvertakenRecords() } }

    private struct OvertakenBatches: @unchecked Sendable {
        // Unchecked: nobody changes them any more.
        let slots: [BatchSlot<Element>]
    }
}
