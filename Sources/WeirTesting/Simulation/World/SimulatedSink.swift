public import WeirCore

/// A sink of a ``SimulatedEnvironment``: commits in two phases, with faults.
///
/// What was prepared outlasts a crash, as it would in a database or a file system; a transaction that
/// was committed already is recognised by its epoch and subtask, and changes nothing.
public struct SimulatedSink<Element: Sendable>: Sink {
    let world: SimulatedEnvironment
    let store: SimulatedStore<Element>
    let process: Int

    public var summary: String { "simulated store" }
    public var guarantee: DeliveryGuarantee { .transactional }
    public var writeMode: WriteMode {
        var random = SeededGenerator(seed: world.seed ^ store.name.stableHash &+ 1)
        return !world.isCalm && Bool.random(using: &random) ? .blocking : .inline
    }

    public func writer(context: SubtaskContext) -> Writer { Writer(self, context) }

    /// Writes the rows of one subtask.
    public struct Writer: SinkWriter {
        private let sink: SimulatedSink
        private let subtask: Int
        private let parallelism: Int
        private let isCheckpointed: Bool
        private var rows: [Element] = []

        init(_ sink: SimulatedSink, _ context: SubtaskContext) {
            self.sink = sink
            subtask = context.subtask
            parallelism = context.parallelism
            isCheckpointed = context.isCheckpointed
        }

        public mutating func write(_ batch: inout Batch<Element>) throws {
            try batch.drainRows { record, _ in rows.append(record) }
            try call("write") {}
        }

        public mutating func finish() throws {
            // With checkpoints, what no epoch has taken is lost, and so will be missed.
            if !isCheckpointed { sink.store.show(rows) }
            rows = []
        }

        public mutating func prepare(_ epoch: Epoch) throws -> [UInt8]? {
            guard !rows.isEmpty else { return nil }
            let rows = self.rows
            self.rows = []
            let name = TransactionName(epoch: epoch.number, subtask: subtask)
            let store = sink.store
            sink.world.log?.note("sink '\(store.name)' prepares \(name), rows: \(rows.count)")
            try call("prepare") { store.prepare(name, rows) }
            return Array(name.description.utf8)
        }

        public mutating func commit(_ transaction: PreparedTransaction) throws {
            let (store, world) = (sink.store, sink.world)
            try call("commit") { store.commit(transaction, in: world) }
        }

        public mutating func recover(
            _ transactions: [PreparedTransaction], after epoch: Epoch
        ) throws {
            let (store, world) = (sink.store, sink.world)
            let (subtask, parallelism) = (self.subtask, self.parallelism)
            world.log?.note(
                "sink '\(store.name)' recovers \(transactions.count) transactions after \(epoch)")
            try call("recover") {
                for transaction in transactions { store.commit(transaction, in: world) }
                store.forget(after: epoch) { $0.subtask % parallelism == subtask }
            }
        }

        /// Has an effect on the store, unless something goes wrong.
        private func call(_ name: String, _ effect: () -> Void) throws {
            guard !sink.world.isCalm else { return effect() }
            let fault = try sink.world.call(.sink, by: sink.process)
            switch fault?.kind {
            case .sinkFails: break
            case .sinkTimesOut: effect()
            case .crashInSink:
                if let fault, fault.amount % 2 == 0 { effect() }
                sink.world.die()
            default: return effect()
            }
            throw SimulatedFailure(reason: "\(name) of sink '\(sink.store.name)' fails")
        }
    }
}

/// What a prepared transaction is called in the store.
struct TransactionName: Hashable, Comparable, CustomStringConvertible {
    let epoch: Int, subtask: Int

    init(epoch: Int, subtask: Int) {
        self.epoch = epoch
        self.subtask = subtask
    }

    init?(_ bytes: [UInt8]) {
        let numbers = String(decoding: bytes, as: UTF8.self).split(separator: "-").map { Int($0) }
        guard numbers.count == 2, let epoch = numbers[0], let subtask = numbers[1] else {
            return nil
        }
        self.init(epoch: epoch, subtask: subtask)
    }

    var description: String { "\(epoch)-\(subtask)" }
    static func < (left: Self, right: Self) -> Bool {
        (left.epoch, left.subtask) < (right.epoch, right.subtask)
    }
}
