import WeirCore

/// A sink in memory that outlives the runs that write to it, as a store outlives a process: what is
/// prepared stays, what is committed is visible, everything else is lost with the writer.
final class EpochSink<Element: Sendable>: Sink {
    private struct State {
        var visible: [Element] = []
        var prepared: [String: [Element]] = [:]
        var applied: Set<String> = []
        var commits = 0
    }
    private let state = Locked(State())
    let writeMode: WriteMode
    /// Called before each of the writer's steps; may throw.
    let onStep: @Sendable (String) throws -> Void

    init(
        mode: WriteMode = .blocking, onStep: @escaping @Sendable (String) throws -> Void = { _ in }
    ) {
        writeMode = mode
        self.onStep = onStep
    }

    var summary: String { "a test's store" }
    var guarantee: DeliveryGuarantee { .transactional }
    var records: [Element] { state.withLock { $0.visible } }
    var commits: Int { state.withLock { $0.commits } }
    var preparedCount: Int { state.withLock { $0.prepared.count } }

    func writer(context: SubtaskContext) -> Writer { Writer(sink: self, subtask: context.subtask) }

    struct Writer: SinkWriter {
        let sink: EpochSink
        let subtask: Int
        private var rows: [Element] = []

        init(sink: EpochSink, subtask: Int) {
            self.sink = sink
            self.subtask = subtask
        }

        mutating func write(_ batch: inout Batch<Element>) throws {
            try sink.onStep("write")
            try batch.drainRows { record, _ in rows.append(record) }
        }

        mutating func finish() throws {
            let rows = self.rows
            sink.state.withLock { $0.visible += rows }
            self.rows = []
        }

        mutating func prepare(_ epoch: Epoch) throws -> [UInt8]? {
            try sink.onStep("prepare")
            guard !rows.isEmpty else { return nil }
            let name = "\(epoch)-\(subtask)"
            let rows = self.rows
            sink.state.withLock { $0.prepared[name] = rows }
            self.rows = []
            return Array(name.utf8)
        }

        mutating func commit(_ transaction: PreparedTransaction) throws {
            try sink.onStep("commit")
            apply(transaction)
            try sink.onStep("committed")
        }

        private func apply(_ transaction: PreparedTransaction) {
            let name = String(decoding: transaction.content, as: UTF8.self)
            sink.state.withLock { state in
                guard state.applied.insert(name).inserted else { return }
                state.visible += state.prepared[name] ?? []
                state.prepared[name] = nil
                state.commits += 1
            }
        }

        mutating func validateRecovery(
            _ transactions: [PreparedTransaction], after epoch: Epoch
        ) throws {
            try sink.onStep("validateRecovery")
        }

        mutating func recover(_ transactions: [PreparedTransaction], after epoch: Epoch) throws {
            try sink.onStep("recover")
            for transaction in transactions { apply(transaction) }
            let own = "-\(subtask)"
            sink.state.withLock { state in
                for name in state.prepared.keys where name.hasSuffix(own) {
                    let prepared = Int(name.dropLast(own.count)) ?? 0
                    if prepared > epoch.number { state.prepared[name] = nil }
                }
            }
        }
    }
}
