public import WeirCore

/// A sink that keeps a table in memory: reads its changes and has its rows.
///
/// ```swift
/// let totals = CollectTable<String, Total>()
/// table.sink(to: totals, as: "totals")
/// // during the run or after it:
/// print(totals.rows["ann"])
/// ```
///
/// A change that does not fit the rows so far stops the job, which says that the changes do not come
/// from one table. May be read at any time; it then has the rows as of the changes written last.
///
/// In a job with checkpoints it has the rows as of the epoch committed last, and a job that is
/// restarted in this process applies each change once (``DeliveryGuarantee/transactional``). It cannot
/// go back behind an epoch that is committed: such a restart fails. Another process begins with an
/// empty table, which the changes after a checkpoint do not fit; there, keep the table in a store.
public final class CollectTable<Key: Hashable & Sendable, Row: Sendable>: Sink {
    private let contents = Locked(Contents())

    fileprivate struct Contents {
        var view = TableView<Key, Row>()
        var staged = StagedRows<KeyedChange<Key, Row>>()
        var committed = Epoch.none
    }

    /// Makes an empty table.
    public init() {}

    /// The rows by key.
    public var rows: [Key: Row] { contents.withLock { $0.view.rows } }

    public var summary: String { "a table in memory" }
    public var writeMode: WriteMode { .inline }
    public var guarantee: DeliveryGuarantee { .transactional }

    public func writer(context: SubtaskContext) -> CollectTableWriter<Key, Row> {
        CollectTableWriter(table: self, context: context)
    }

    fileprivate func access<Result>(
        _ body: (inout Contents) throws -> sending Result
    ) rethrows -> Result { try contents.withLock(body) }
}

/// Writes the changes of one subtask to a ``CollectTable``.
public struct CollectTableWriter<Key: Hashable & Sendable, Row: Sendable>: SinkWriter {
    private let table: CollectTable<Key, Row>
    private let context: SubtaskContext
    /// The changes of the epoch, in a job with checkpoints.
    private var pending: [KeyedChange<Key, Row>] = []
    private var hasStarted = false

    init(table: CollectTable<Key, Row>, context: SubtaskContext) {
        self.table = table
        self.context = context
    }

    public mutating func write(_ batch: inout Batch<KeyedChange<Key, Row>>) throws {
        guard context.isCheckpointed else {
            return try table.access { contents in
                try batch.drainRows { change, _ in try contents.view.apply(change) }
            }
        }
        try batch.drainRows { change, _ in pending.append(change) }
    }

    public mutating func finish() {}

    public mutating func begin(_ epoch: Epoch) throws {
        if !hasStarted { try recover([], after: .none) }
    }

    public mutating func prepare(_ epoch: Epoch) -> [UInt8]? {
        if pending.isEmpty { return nil }
        table.access { $0.staged.stage(pending, epoch, subtask: context.subtask) }
        pending = []
        return []
    }

    /// - Throws: When a change does not fit the rows.
    public mutating func commit(_ transaction: PreparedTransaction) throws {
        try table.access { try $0.commit(transaction) }
    }

    /// - Throws: ``CollectTableError`` when an epoch after this one has been committed.
    public mutating func validateRecovery(
        _ transactions: [PreparedTransaction], after epoch: Epoch
    ) throws {
        try table.access { try $0.checkNothingCommitted(after: epoch) }
    }

    /// - Throws: As ``validateRecovery(_:after:)``.
    public mutating func recover(_ transactions: [PreparedTransaction], after epoch: Epoch) throws {
        hasStarted = true
        try table.access { contents in
            if epoch == .none { contents.committed = .none }
            try contents.checkNothingCommitted(after: epoch)
            for transaction in transactions { try contents.commit(transaction) }
            contents.staged.drop(
                after: epoch, subtask: context.subtask, parallelism: context.parallelism)
        }
    }
}

extension CollectTable.Contents {
    fileprivate func checkNothingCommitted(after epoch: Epoch) throws(CollectTableError) {
        guard committed <= epoch else { throw .committed(committed, after: epoch) }
    }

    fileprivate mutating func commit(_ transaction: PreparedTransaction) throws {
        for change in staged.take(transaction) ?? [] { try view.apply(change) }
        committed = max(committed, transaction.epoch)
    }
}

/// A table in memory cannot go on from a checkpoint.
public enum CollectTableError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The table has the changes of a later epoch, and cannot take them back.
    case committed(Epoch, after: Epoch)

    public var description: String {
        switch self {
        case .committed(let committed, let epoch):
            "the table in memory has the changes of epoch \(committed) and cannot go back to the "
                + "checkpoint of epoch \(epoch). Restore the latest checkpoint, or start the job anew."
        }
    }
}

extension CollectTableError: RetryableError {
    /// No: the table stays as it is.
    public var isRetryable: Bool { false }
}
