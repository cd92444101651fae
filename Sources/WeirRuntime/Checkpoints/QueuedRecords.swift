import WeirCore
import WeirGraph

/// The records that a barrier overtakes in the queues of one edge, as a part of the state of the operator
/// that it leads to; and, after a restore, those that the operator is to be given before all others.
///
/// Source: Chandy and Lamport, "Distributed Snapshots", ACM TOCS 3(1), 1985: the state of a channel.
final class QueuedRecords<Element: Sendable>: AnyQueuedRecords {
    private let batchSize: Int
    private var codec = LazyStateCodec<QueuedRecord<Element>>()
    /// Copies what the barrier that goes through overtakes; `nil` where it overtakes nothing.
    var overtaken: () -> OvertakenRecords<Element>? = { nil }
    /// What a restore has found and the operator has not been given.
    private var restored: [BatchSlot<Element>] = []
    /// The watermark that followed them.
    private var restoredWatermark: Timestamp?
    let counts = QueuedRecordCounts()

    /// - Parameter batchSize: The rows that a batch of restored records has at most.
    init(batchSize: Int) { self.batchSize = batchSize }

    func layout() throws -> StateLayout {
        StateLayout(
            arrangement: "list", distribution: .subtask, value: try codec.get().shape)
    }

    // MARK: - Saving

    func overtakenSnapshot() throws -> (snapshot: any StateSnapshot, recordCount: Int)? {
        guard let records = overtaken() else { return nil }
        return (QueuedRecordsSnapshot(records, try codec.get()), records.count)
    }

    /// As if nothing were overtaken: the chain asks for ``overtakenSnapshot()``.
    func snapshot(_ epoch: Epoch, since base: Epoch?) throws -> any StateSnapshot {
        QueuedRecordsSnapshot(OvertakenRecords(), try codec.get())
    }

    // MARK: - Restoring

    func restore(_ saved: [SavedState], owning ownership: KeyOwnership) throws {
        let codec = try codec.get()
        for state in saved.sorted(by: { $0.subtask < $1.subtask }) {
            try checkParallelism(state, ownership)
            let read = try codec.reader(of: state.layout.value)
            for block in 0..<state.blockCount {
                try StateReader.reading(try state.block(block)) { reader in
                    for _ in 0..<(try reader.readCount(atLeast: 0)) { add(try read(&reader)) }
                }
            }
            if !state.directory.isEmpty {
                restoredWatermark = Timestamp(
                    microseconds: try StateReader.reading(state.directory) { try $0.readSigned() })
            }
        }
        finishBatch()
    }

    /// Where a barrier overtakes, each subtask saves its state at a watermark of its own, so that windows
    /// have fired in one and not in another: those states can't be joined in one subtask. And records of one
    /// key would race with later ones that come through the queue of its new owner.
    private func checkParallelism(_ state: SavedState, _ ownership: KeyOwnership) throws {
        guard state.parallelism != ownership.parallelism else { return }
        throw StateFormatError.inFlight(
            at: state.parallelism, restoredAt: ownership.parallelism)
    }

    private var rows: [QueuedRecord<Element>] = []

    private func add(_ record: QueuedRecord<Element>) {
        let isOther = rows.last.map { ($0.keyHash == nil) != (record.keyHash == nil) } ?? false
        if isOther || rows.count >= batchSize { finishBatch() }
        rows.append(record)
    }

    private func finishBatch() {
        guard let first = rows.first else { return }
        let slot = BatchSlot<Element>(capacity: rows.count)
        for row in rows { slot.batch.append(row.record, at: row.time) }
        if first.keyHash != nil {
            var hashes = rows.lazy.compactMap(\.keyHash).makeIterator()
            slot.batch.assignHashes { _ in hashes.next() ?? 0 }
        }
        restored.append(slot)
        counts.restored.add(rows.count)
        rows = []
    }

    // MARK: - Replaying

    /// Whether the operator has been given all that was restored.
    var isReplayed: Bool { restored.isEmpty }

    /// Takes the next batch that was restored; `nil` when there is none left.
    func takeBatch() -> BatchSlot<Element>? {
        guard !restored.isEmpty else { return nil }
        let slot = restored.removeFirst()
        counts.replayed.add(slot.batch.count)
        return slot
    }

    /// Takes the watermark that followed the records.
    func takeWatermark() -> Timestamp? {
        defer { restoredWatermark = nil }
        return restoredWatermark
    }
}

/// The records in flight of an edge, their type erased.
protocol AnyQueuedRecords: StatePart {
    /// A snapshot of what the barrier that goes through overtakes; `nil` where it overtakes nothing.
    func overtakenSnapshot() throws -> (snapshot: any StateSnapshot, recordCount: Int)?
    /// What became of the restored ones.
    var counts: QueuedRecordCounts { get }
}

/// What became of the records in flight of a restored checkpoint, for one subtask.
struct QueuedRecordCounts: Sendable {
    /// Those that the subtask was given.
    let restored = Counter()
    /// Those among them that its operator has taken.
    let replayed = Counter()
}

extension StateFormatError {
    /// Records in flight that were to be restored at another parallelism.
    static func inFlight(at saved: Int, restoredAt parallelism: Int) -> StateFormatError {
        StateFormatError(
            "a checkpoint with records in flight goes on at the parallelism that it was taken with, "
                + "here \(saved), not \(parallelism): restore at that and take a savepoint, which has "
                + "none, or restore a checkpoint that was aligned")
    }
}

/// A record that lay in a queue.
struct QueuedRecord<Element: Sendable>: StateComposite {
    let time: Timestamp
    /// The hash of its key, where an exchange has computed it.
    let keyHash: UInt64?
    let record: Element

    static func stateCodec() throws -> StateCodec<QueuedRecord> {
        try .record(
            "QueuedRecord", StateField("time") { $0.time }, StateField("keyHash") { $0.keyHash },
            StateField("record") { $0.record }
        ) { QueuedRecord(time: $0, keyHash: $1, record: $2) }
    }
}

/// How the parts of state are named that edges' records in flight are.
enum QueuedRecordsName {
    private static let prefix = "in flight from "

    /// The names of the parts that an operator's inputs can be, in their order; inputs that look alike are
    /// numbered.
    static func all(of node: OperatorNode) -> [String] {
        var seen: [String: Int] = [:]
        return node.inputs.map { edge in
            let port = edge.from.port == 0 ? "" : ", output \(edge.from.port)"
            let name = "\(prefix)\(edge.from.operatorID)\(port)"
            seen[name, default: 0] += 1
            return seen[name] == 1 ? name : "\(name) (\(seen[name] ?? 1))"
        }
    }

    /// Whether a part of state is one of records in flight.
    static func isOne(_ name: String) -> Bool { name.hasPrefix(prefix) }
}
