public import WeirCore

/// What became of one checkpoint.
public struct CheckpointRecord: Sendable, Codable {
    /// Its number.
    public var epoch: Epoch
    /// Why it failed; `nil` when it is complete.
    public var failure: String?
    /// From the request to the sources until it was complete, in seconds.
    public var seconds = 0.0
    /// From the request until all chains had saved their state, in seconds: the barriers' way.
    public var alignmentSeconds = 0.0
    /// The longest that a chain stood still to save its state, in seconds.
    public var longestPauseSeconds = 0.0
    /// The bytes that were written for it.
    public var bytesWritten = 0
    /// The bytes that it refers to, those of earlier checkpoints included.
    public var bytesReferenced = 0
    /// Whether its barriers were let to overtake records, because it took too long.
    public var isUnaligned = false
    /// The records that lay in queues before its barriers, and are part of it.
    public var recordsInFlight = 0
    /// Their bytes, unpacked.
    public var bytesInFlight = 0

    /// A checkpoint of which nothing more is known.
    public init(epoch: Epoch, failure: String? = nil) {
        self.epoch = epoch
        self.failure = failure
    }
}

/// What became of a run's checkpoints.
public struct CheckpointHistory: Sendable, Codable {
    /// The number of checkpoints that are complete.
    public private(set) var completed = 0
    /// The number that failed.
    public private(set) var failed = 0
    /// The newest, at most a hundred, the oldest first.
    public private(set) var latest: [CheckpointRecord] = []
    /// Restarts from a checkpoint, or from the beginning where there was none.
    public var restarts = 0

    /// No checkpoints yet.
    public init() {}

    /// Adds one.
    public mutating func add(_ record: CheckpointRecord) {
        if record.failure == nil { completed += 1 } else { failed += 1 }
        if latest.count == 100 { latest.removeFirst() }
        latest.append(record)
    }

    /// The history of this run after an earlier attempt's.
    mutating func goOn(from earlier: CheckpointHistory) {
        completed += earlier.completed
        failed += earlier.failed
        restarts += earlier.restarts
        latest = Array((earlier.latest + latest).suffix(100))
    }
}
