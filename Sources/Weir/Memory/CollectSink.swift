public import WeirCore

/// A sink that gathers the results in memory, for tests and for embedding.
///
/// ```swift
/// let totals = CollectSink<Total>()
/// stream.sink(to: totals, as: "totals")
/// // after the run:
/// print(totals.elements)
/// ```
///
/// Results of one subtask stay in order; those of several are mixed batch by batch. Memory grows
/// with the number of results.
///
/// In a job with checkpoints, results show with the commit of their epoch, and a job that is restarted
/// in this process shows each result once (``DeliveryGuarantee/transactional``); it can go back to any
/// checkpoint. Another process begins without results. Without checkpoints results show as they are
/// written, and what a failed run wrote stays.
public final class CollectSink<Element: Sendable>: Sink {
    @usableFromInline let collected = Locked(CollectedRows<Element>())

    /// Makes a sink without results.
    public init() {}

    /// The results so far.
    public var elements: [Element] { collected.withLock { $0.elements } }

    public var summary: String { "collected in memory" }
    public var writeMode: WriteMode { .inline }
    public var guarantee: DeliveryGuarantee { .transactional }

    public func writer(context: SubtaskContext) -> CollectWriter<Element> {
        CollectWriter(sink: self, context: context)
    }
}

/// Writes the results of one subtask to a ``CollectSink``.
public struct CollectWriter<Element: Sendable>: SinkWriter {
    private let sink: CollectSink<Element>
    private let context: SubtaskContext
    /// The rows of the epoch, in a job with checkpoints.
    private var pending: [Element] = []
    private var hasStarted = false

    init(sink: CollectSink<Element>, context: SubtaskContext) {
        self.sink = sink
        self.context = context
    }

    public mutating func write(_ batch: inout Batch<Element>) throws {
        pending.reserveCapacity(pending.count + batch.count)
        try batch.drainRows { element, _ in pending.append(element) }
        guard !context.isCheckpointed else { return }
        // Drained outside the lock, so that it is held for one append.
        sink.collected.withLock { $0.elements.append(contentsOf: pending) }
        pending.removeAll(keepingCapacity: true)
    }

    public mutating func finish() {}

    public mutating func begin(_ epoch: Epoch) throws {
        if !hasStarted { try recover([], after: .none) }
    }

    public mutating func prepare(_ epoch: Epoch) -> [UInt8]? {
        if pending.isEmpty { return nil }
        sink.collected.withLock { $0.staged.stage(pending, epoch, subtask: context.subtask) }
        pending = []
        return []
    }

    public mutating func commit(_ transaction: PreparedTransaction) {
        sink.collected.withLock { $0.commit(transaction) }
    }

    public mutating func recover(_ transactions: [PreparedTransaction], after epoch: Epoch) throws {
        hasStarted = true
        sink.collected.withLock { collected in
            for transaction in transactions { collected.commit(transaction) }
            collected.staged.drop(
                after: epoch, subtask: context.subtask, parallelism: context.parallelism)
            collected.goBack(to: epoch)
        }
    }
}

/// What a ``CollectSink`` holds.
@usableFromInline struct CollectedRows<Element: Sendable>: Sendable {
    /// What shows.
    var elements: [Element] = []
    var staged = StagedRows<Element>()
    /// The epochs that the last of ``elements`` belong to, in order, with the rows of each.
    private var committed: [(epoch: Epoch, rows: Int)] = []

    init() {}

    /// Shows the rows of an epoch, unless they show already or were prepared by another process.
    mutating func commit(_ transaction: PreparedTransaction) {
        guard let rows = staged.take(transaction) else { return }
        elements.append(contentsOf: rows)
        committed.append((transaction.epoch, rows.count))
    }

    /// Drops the rows of later epochs. A job that begins anew keeps what others have collected.
    mutating func goBack(to epoch: Epoch) {
        if epoch == .none { committed = [] }
        guard committed.contains(where: { $0.epoch > epoch }) else { return }
        var end = elements.count
        for (later, rows) in committed.reversed() {
            if later > epoch { elements.removeSubrange(end - rows..<end) }
            end -= rows
        }
        committed.removeAll { $0.epoch > epoch }
    }
}
