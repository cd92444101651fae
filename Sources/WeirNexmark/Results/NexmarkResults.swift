public import Weir

/// What a query's result came to: the number of its rows, and a checksum over them.
///
/// The checksum is the wrapping sum of the rows' hashes, which no order of the rows changes. A row
/// that is retracted is taken away again.
public struct NexmarkTotal: Hashable, Sendable {
    /// Rows put out, less those retracted.
    public var rows = 0
    /// The wrapping sum of the hashes.
    public var checksum: UInt64 = 0

    /// A total that may be compared with a computed one.
    public init(rows: Int = 0, checksum: UInt64 = 0) {
        self.rows = rows
        self.checksum = checksum
    }

    /// This total and another's rows.
    func adding(_ other: NexmarkTotal) -> NexmarkTotal {
        NexmarkTotal(rows: rows + other.rows, checksum: checksum &+ other.checksum)
    }

    /// The checksum as 16 digits.
    public var checksumText: String {
        let digits = String(checksum, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// Where the subtasks of a run leave what their rows came to.
public final class NexmarkResults: Sendable {
    /// Whether rows are hashed; without, only their number is known.
    public let hashesRows: Bool
    private let sum = Locked(NexmarkTotal())
    /// What the writers of jobs with checkpoints have committed.
    private let committed = Locked<[Writer: Commitment]>([:])
    private let output: RowFile?
    /// Where the rows of an append-only result go instead; `nil`: they are counted and hashed.
    let transactionalPath: String?

    /// Told the event times of rows as they come; `nil`: nobody wants to know.
    let onRows: (@Sendable (_ times: [Timestamp]) -> Void)?

    /// Starts with nothing.
    ///
    /// - Parameters:
    ///   - hashesRows: Whether a checksum is wanted.
    ///   - output: Where the rows are to be written, too.
    ///   - transactionalPath: A file for the rows of an append-only result, that each gets into once
    ///     whatever fails and starts again; these rows are not counted here.
    ///   - onRows: Told the event times of rows as they come to the sink, by its subtasks' workers.
    public init(
        hashesRows: Bool = true, output: RowFile? = nil, transactionalPath: String? = nil,
        onRows: (@Sendable (_ times: [Timestamp]) -> Void)? = nil
    ) {
        self.onRows = onRows
        self.transactionalPath = transactionalPath
        self.hashesRows = hashesRows
        self.output = output
    }

    /// What all rows so far came to; those of a subtask count once it has finished, and in a job with
    /// checkpoints once their epoch is committed.
    public var total: NexmarkTotal {
        let parts = committed.withLock { $0.values.map(\.total) }
        return parts.reduce(sum.withLock { $0 }) { $0.adding($1) }
    }

    func add(_ part: NexmarkTotal) { sum.withLock { $0 = $0.adding(part) } }

    /// Writes rows, as lines of JSON, to the file; retracted ones are taken out again.
    func write(_ rows: [(line: String, isAdded: Bool)]) throws { try output?.write(rows) }

    /// Which writer a total is of.
    struct Writer: Hashable {
        let operatorName: String
        let subtask: Int
    }

    private struct Commitment {
        var epoch: Epoch
        var total: NexmarkTotal
    }

    /// Replaces what a writer has committed before by its total up to an epoch.
    func commit(_ total: NexmarkTotal, of writer: Writer, _ epoch: Epoch) {
        committed.withLock { committed in
            if let last = committed[writer], last.epoch > epoch { return }
            committed[writer] = Commitment(epoch: epoch, total: total)
        }
    }

    /// Goes back to what the writer's total was at an epoch; the first writer forgets subtasks that
    /// there no longer are.
    func goBack(to total: NexmarkTotal, of writer: Writer, _ epoch: Epoch, parallelism: Int) {
        committed.withLock { committed in
            committed[writer] = Commitment(epoch: epoch, total: total)
            guard writer.subtask == 0 else { return }
            committed = committed.filter { other, _ in
                other.operatorName != writer.operatorName || other.subtask < parallelism
            }
        }
    }

    /// Whether rows are wanted, not only what they come to.
    var keepsRows: Bool { output != nil }
}
