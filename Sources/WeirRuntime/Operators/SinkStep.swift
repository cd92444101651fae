import WeirCore
import WeirGraph

/// Writes records to a sink: the end of a chain.
///
/// The writer is opened with the first call, which for a blocking sink is on its lane; in a job that
/// goes on from a checkpoint, before anything runs. In a job with checkpoints it writes epoch by epoch,
/// and the transactions that wait for their checkpoint are a part of the state.
final class SinkOperator<Element: Sendable>: SinkEpochs {
    private let context: SubtaskContext
    private let openWriter: @Sendable (SubtaskContext) throws -> any Sendable
    private var writing: SinkWriting<Element>?
    private var isFinished = false
    /// Prepared, and not yet committed.
    private var pending: [PreparedTransaction] = []

    init(
        _ context: SubtaskContext, of type: Element.Type,
        open: @escaping @Sendable (SubtaskContext) throws -> any Sendable
    ) {
        self.context = context
        openWriter = open
    }

    var step: Step<Element> {
        Step(process: { try self.write(&$0) }, signal: { try self.signal($0) }, resume: { .done })
    }

    private func opened() throws -> SinkWriting<Element> {
        if let writing { return writing }
        guard let made = try openWriter(context) as? SinkWriting<Element> else {
            throw StepTypeError(
                expected: String(describing: Element.self), found: "another writer's type")
        }
        writing = made
        return made
    }

    private func write(_ batch: inout Batch<Element>) throws -> Progress {
        let counters = context.counters
        let count = batch.count
        counters.received.add(count)
        counters.held.add(count)
        try context.attributing { try opened().write(&batch) }
        batch.removeAll()
        counters.held.add(-count)
        counters.passed.add(count)
        return .done
    }

    private func signal(_ signal: Signal) throws -> Progress {
        switch signal {
        case .flush: try context.attributing { try writing?.flush() }
        case .end:
            // With checkpoints, the last epoch has to be committed first.
            if !context.isCheckpointed { try finish() }
        case .watermark, .idle, .tick, .barrier: break
        }
        return .done
    }

    func abandon() {
        if !isFinished { writing?.abandon() }
        writing = nil
    }

    // MARK: - Epochs

    func validateRecovery(after epoch: Epoch) throws {
        try context.attributing { try opened().validateRecovery(pending, epoch) }
    }

    func open(restoredFrom epoch: Epoch) throws {
        try context.attributing {
            let writing = try opened()
            try writing.recover(pending, epoch)
            pending = []
            try writing.begin(epoch.next)
        }
    }

    func commit(upTo epoch: Epoch) throws {
        try context.attributing {
            while let first = pending.first, first.epoch <= epoch {
                try opened().commit(first)
                pending.removeFirst()
            }
        }
    }

    func finish() throws {
        try context.attributing { try opened().finish() }
        isFinished = true
    }

    func suspend() throws {
        try context.attributing { try opened().suspend() }
        isFinished = true
    }

    // MARK: - State

    func layout() throws -> StateLayout {
        StateLayout(
            arrangement: "transactions", distribution: .subtask,
            value: .array(
                .record(
                    "PreparedTransaction",
                    [
                        StateShape.Field("epoch", .signed(bits: 64)),
                        StateShape.Field("subtask", .signed(bits: 64)),
                        StateShape.Field("content", .bytes),
                    ])))
    }

    func snapshot(_ epoch: Epoch, since base: Epoch?) throws -> any StateSnapshot {
        let writing = try opened()
        if let content = try writing.prepare(epoch) {
            pending.append(
                PreparedTransaction(epoch: epoch, subtask: context.subtask, content: content))
        }
        try writing.begin(epoch.next)
        var writer = StateWriter()
        writer.write(varint: UInt64(pending.count))
        for transaction in pending {
            writer.write(signed: Int64(transaction.epoch.number))
            writer.write(signed: Int64(transaction.subtask))
            writer.write(transaction.content)
        }
        return WrittenSnapshot(writer.bytes)
    }

    func restore(_ saved: [SavedState], owning ownership: KeyOwnership) throws {
        for part in saved {
            try StateReader.reading(try part.block(0)) { reader in
                for _ in 0..<(try reader.readCount(atLeast: 3)) {
                    let epoch = Epoch(Int(try reader.readSigned()))
                    let subtask = Int(try reader.readSigned())
                    pending.append(
                        PreparedTransaction(
                            epoch: epoch, subtask: subtask, content: try reader.readBytes()))
                }
            }
        }
        pending.sort { ($0.epoch, $0.subtask) < ($1.epoch, $1.subtask) }
    }
}
