public import WeirCore

/// What a checkpoint consists of: the content of its `manifest.json`.
public struct CheckpointManifest: Hashable, Sendable, Codable {
    /// The version of the format that this version of Weir writes, and the highest it reads.
    public static let currentFormat = 1

    /// The version of the format.
    public var format: Int
    /// The job's name.
    public var job: String
    /// The checkpoint's number.
    public var epoch: Epoch
    /// Whether the directory may remove it.
    public var kind: CheckpointKind
    /// When it was completed.
    public var createdAt: Timestamp
    /// The job's parallelism.
    public var parallelism: Int
    /// The job's number of key groups.
    public var keyGroups: Int
    /// The operators that keep something, or whose counts are kept.
    public var operators: [OperatorManifest]
    /// The segments that the blocks lie in, by ascending number.
    public var segments: [SegmentManifest]

    /// The size of all that it refers to. Unit: bytes, compressed.
    public var totalBytes: Int { segments.reduce(0) { $0 + $1.liveBytes } }
    /// The size of what was written for it alone. Unit: bytes, compressed.
    public var newBytes: Int {
        segments.reduce(0) { $0 + ($1.epoch == epoch ? $1.bytes : 0) }
    }
}

/// Who decides when a checkpoint goes.
public enum CheckpointKind: String, Hashable, Sendable, Codable {
    /// The directory removes it when enough newer ones are complete.
    case checkpoint
    /// It stays until someone removes it by hand.
    case savepoint
}

/// A file of blocks that a checkpoint refers to.
public struct SegmentManifest: Hashable, Sendable, Codable {
    /// What references call it; kept from a checkpoint to the next that refers to it.
    public var number: Int
    /// Its content's hash, 32 hexadecimal digits: the file is `segments/<name>.segment`.
    public var name: String
    /// The file's length.
    public var bytes: Int
    /// How many of its bytes this checkpoint refers to.
    public var liveBytes: Int
    /// The checkpoint that wrote it.
    public var epoch: Epoch
}

/// What one operator saved.
public struct OperatorManifest: Hashable, Sendable, Codable {
    /// Its id: its name in the job.
    public var id: String
    /// What it is: `window`, `source`.
    public var kind: String
    /// The number of its subtasks.
    public var parallelism: Int
    /// The counts of each subtask, by name; empty where none were given.
    public var counters: [[String: Int]]
    /// Its pieces of state.
    public var parts: [PartManifest]
    /// The results that its writers had prepared and that may not be visible yet.
    public var transactions: [TransactionManifest]
}

/// A piece of an operator's state.
public struct PartManifest: Hashable, Sendable, Codable {
    /// Its name within the operator.
    public var name: String
    /// How it is laid out.
    public var layout: StateLayout
    /// What each subtask saved of it, by ascending subtask.
    public var pieces: [PieceManifest]
}

/// A piece of state as one subtask saved it.
public struct PieceManifest: Hashable, Sendable, Codable {
    /// The subtask.
    public var subtask: Int
    /// What the snapshot gave as its directory; `nil`: no bytes.
    public var directory: BlockReference?
    /// The number of blocks.
    public var blockCount: Int
    /// Their length, unpacked. Unit: bytes.
    public var rawBytes: Int
    /// The list of the blocks, itself a block; `nil` where there are none.
    public var blocks: BlockReference?
}

/// A transaction that a sink's writer had prepared.
public struct TransactionManifest: Hashable, Sendable, Codable {
    /// The epoch whose results it holds.
    public var epoch: Epoch
    /// The subtask that prepared it.
    public var subtask: Int
    /// What the writer said it needs; `nil`: no bytes.
    public var content: BlockReference?
}

/// What the runtime says about a checkpoint when it is complete; the state itself comes through
/// ``SegmentWriter``.
public struct CheckpointDescription: Hashable, Sendable {
    /// One operator.
    public struct Operator: Hashable, Sendable {
        /// Its id: its name in the job.
        public var id: String
        /// What it is: `window`, `source`.
        public var kind: String
        /// The number of its subtasks.
        public var parallelism: Int
        /// The counts of each subtask, by name.
        public var counters: [[String: Int]]

        /// Describes an operator.
        public init(
            id: String, kind: String, parallelism: Int, counters: [[String: Int]] = []
        ) {
            self.id = id
            self.kind = kind
            self.parallelism = parallelism
            self.counters = counters
        }
    }

    /// When it was completed.
    public var createdAt: Timestamp
    /// The job's parallelism.
    public var parallelism: Int
    /// The job's number of key groups.
    public var keyGroups: Int
    /// All operators that saved something, or whose counts are to be kept.
    public var operators: [Operator]

    /// Describes a checkpoint.
    public init(
        createdAt: Timestamp, parallelism: Int, keyGroups: Int, operators: [Operator]
    ) {
        self.createdAt = createdAt
        self.parallelism = parallelism
        self.keyGroups = keyGroups
        self.operators = operators
    }
}
