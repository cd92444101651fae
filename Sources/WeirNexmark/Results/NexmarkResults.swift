import Weir

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
    private let output: RowFile?

    /// Starts with nothing.
    ///
    /// - Parameters:
    ///   - hashesRows: Whether a checksum is wanted.
    ///   - output: Where the rows are to be written, too.
    public init(hashesRows: Bool = true, output: RowFile? = nil) {
        self.hashesRows = hashesRows
        self.output = output
    }

    /// What all rows so far came to; those of a subtask count once it has finished.
    public var total: NexmarkTotal { sum.withLock { $0 } }

    func add(_ part: NexmarkTotal) {
        sum.withLock {
            $0.rows += part.rows
            $0.checksum &+= part.checksum
        }
    }

    /// Writes rows, as lines of JSON, to the file; retracted ones are taken out again.
    func write(_ rows: [(line: String, isAdded: Bool)]) throws { try output?.write(rows) }

    /// Whether rows are wanted, not only what they come to.
    var keepsRows: Bool { output != nil }
}
