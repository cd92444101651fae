import Testing
import WeirCore
import WeirTesting

@testable import Weir

@Suite struct `Sinks in memory, under failures` {
    private let kinds: Set<SinkEvent> = [
        .completed, .checkpointFailed, .committed, .committedAgain, .crashed, .recovered, .rescaled,
        .finished,
    ]

    @Test func `collect each row once, with the commit of its epoch`() throws {
        let conformance = SinkConformance(isRewindable: true, row: { $0 }) {
            let sink = CollectSink<Int>()
            return (sink, { sink.elements })
        }
        let events = try conformance.check(seeds: 0..<500)
        #expect(Set(events.keys) == kinds.union([.wentBack]))
    }

    @Test func `keep a table of changes that are applied once`() throws {
        let conformance = SinkConformance(row: { KeyedChange(key: $0, .insert($0)) }) {
            let table = CollectTable<Int, Int>()
            return (table, { table.rows.map { KeyedChange(key: $0.key, .insert($0.value)) } })
        }
        let events = try conformance.check(seeds: 0..<500)
        #expect(Set(events.keys) == kinds)
    }

    @Test(arguments: SinkFault.allCases)
    func `are told apart from sinks that break their promise`(fault: SinkFault) {
        let conformance = SinkConformance(row: { $0 }) {
            let sink = FaultySink(fault: fault)
            return (sink, { sink.inner.elements })
        }
        let failure = #expect(throws: SinkConformanceFailure.self) {
            try conformance.check(seeds: 0..<200)
        }
        #expect(failure?.history.isEmpty == false)
        #expect(failure?.problem.contains("rows are") == true)
    }
}

/// A promise that a sink can break.
enum SinkFault: CaseIterable {
    case showsBeforeCommit, losesPreparedWhenAbandoned, forgetsToRecover, recoversOwnSubtaskOnly
    case committedAgainWhenRecovered, keepsLaterEpochs, losesRowsOfFailedCheckpoint
}

/// A ``CollectSink`` that breaks one.
struct FaultySink: Sink {
    let fault: SinkFault
    let inner = CollectSink<Int>()

    var summary: String { "faulty" }
    var guarantee: DeliveryGuarantee { .transactional }

    func writer(context: SubtaskContext) -> Writer {
        Writer(sink: self, context: context, inner: inner.writer(context: context))
    }

    struct Writer: SinkWriter {
        let sink: FaultySink
        let context: SubtaskContext
        var inner: CollectWriter<Int>
        var prepared: [PreparedTransaction] = []

        private func show(_ rows: [Int]) throws {
            let direct = SubtaskContext(
                job: context.job, operatorName: "direct", subtask: 0, parallelism: 1)
            var writer = sink.inner.writer(context: direct)
            var batch = Batch<Int>.of(rows)
            try writer.write(&batch)
        }

        mutating func write(_ batch: inout Batch<Int>) throws {
            guard sink.fault == .showsBeforeCommit else { return try inner.write(&batch) }
            try show(try batch.drained())
        }
        mutating func finish() { inner.finish() }
        mutating func abandon() {
            guard sink.fault == .losesPreparedWhenAbandoned else { return }
            // As if nothing had been prepared at all.
            try? inner.recover([], after: Epoch(0))
        }
        mutating func begin(_ epoch: Epoch) throws { try inner.begin(epoch) }
        mutating func prepare(_ epoch: Epoch) throws -> [UInt8]? {
            guard let content = inner.prepare(epoch) else { return nil }
            prepared.append(
                PreparedTransaction(epoch: epoch, subtask: context.subtask, content: content))
            return content
        }
        mutating func commit(_ transaction: PreparedTransaction) {
            if sink.fault == .losesRowsOfFailedCheckpoint,
                prepared.contains(where: { $0.epoch > transaction.epoch })
            {
                return
            }
            inner.commit(transaction)
        }
        mutating func recover(
            _ transactions: [PreparedTransaction], after epoch: Epoch
        ) throws {
            switch sink.fault {
            case .forgetsToRecover: try inner.recover([], after: epoch)
            case .recoversOwnSubtaskOnly:
                let own = transactions.filter { $0.subtask == context.subtask }
                try inner.recover(own, after: epoch)
            case .committedAgainWhenRecovered:
                let before = sink.inner.elements.count
                try inner.recover(transactions, after: epoch)
                let after = sink.inner.elements
                try show(Array(after[before...]))
            case .keepsLaterEpochs:
                let later = PreparedTransaction(
                    epoch: epoch.next, subtask: context.subtask, content: [])
                try inner.recover(transactions + [later], after: epoch.next)
            default: try inner.recover(transactions, after: epoch)
            }
        }
    }
}
