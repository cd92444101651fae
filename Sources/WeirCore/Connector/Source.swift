/// Where records come from: something that falls into splits, each read on its own.
///
/// A source says how it falls into splits and how one is read. The runtime spreads the splits over
/// the subtasks, reads a blocking source off the workers, keeps a watermark for each split, and
/// holds back splits that run ahead of the others.
public protocol Source<Element>: Sendable {
    /// The records that it puts out.
    associatedtype Element: Sendable
    /// What reads one split.
    associatedtype Reader: SplitReader<Element>

    /// A phrase that says what is read, for `plan` and `describe`: `CSV files data/*.csv.gz`.
    var summary: String { get }
    /// Whether reading waits for a disk, a network or a person. Default: `.blocking`.
    var readMode: ReadMode { get }
    /// Whether a split can be read again from any ``SplitPosition`` that its reader has given, which
    /// recovery without loss needs. Default: no.
    var isReplayable: Bool { get }
    /// Schema of the records, for `describe`; empty where it is not known.
    var fields: [FieldDescription] { get }

    /// The splits there are, found once at start, off the workers; may do I/O.
    ///
    /// - Throws: What makes the source unusable: the job then fails before its first record.
    func splits() throws -> [SourceSplit]

    /// Opens one split; called off the workers for a blocking source.
    func reader(for split: SourceSplit, context: ReaderContext) throws -> Reader
}

extension Source {
    public var readMode: ReadMode { .blocking }
    public var isReplayable: Bool { false }
    public var fields: [FieldDescription] { [] }
}

/// How a source is read.
public enum ReadMode: Sendable {
    /// `read` may block: it runs on a queue of its own, and batches come over a bounded queue.
    case blocking
    /// `read` only computes and returns within about a millisecond: it runs on the worker itself.
    case inline
}

/// The unit of a source's work: a file, a range of one, a partition.
public struct SourceSplit: Hashable, Sendable {
    /// Stable name: the same split has the same id in every run (`data/a.csv.gz`, `a.csv#0-65536`).
    public let id: String
    /// What the reader needs besides: an offset, an index.
    public let start: Int64
    /// Where the split ends, exclusive, in the unit of `start`; `nil`: at the end of the data.
    public let end: Int64?
    /// Where to go on after a restore; `nil`: at `start`. Given to replayable sources alone.
    public var position: SplitPosition?

    /// Names a split, and says where in the data it lies.
    public init(id: String, start: Int64 = 0, end: Int64? = nil, position: SplitPosition? = nil) {
        self.id = id
        self.start = start
        self.end = end
        self.position = position
    }
}

/// How far a split has been read: all before it is out, nothing after it.
public struct SplitPosition: Hashable, Sendable, Codable {
    /// The place in the data, in the reader's unit: bytes, records, a log's offset.
    public var offset: Int64
    /// The records (or lines) before it, for messages.
    public var records: Int64
    /// What else the reader needs.
    public var details: [UInt8]

    /// Names a place.
    public init(offset: Int64, records: Int64 = 0, details: [UInt8] = []) {
        self.offset = offset
        self.records = records
        self.details = details
    }
}

/// Reads the records of one split, in order.
public protocol SplitReader<Element> {
    /// The records that it reads.
    associatedtype Element: Sendable

    /// Appends up to `limit` records to `batch`, waiting for at least one if the mode allows.
    ///
    /// A reader whose source may fall silent (a terminal, a socket) returns what it has rather
    /// than waiting for a full batch. Times are ``Timestamp/earliest`` unless the source knows them;
    /// `watermarked` sets them.
    mutating func read(into batch: inout Batch<Element>, limit: Int) throws -> ReadOutcome

    /// How far the split has been read: where a reader opened with this position goes on. `nil`, the
    /// default, where the source is not replayable.
    var position: SplitPosition? { get }
}

extension SplitReader {
    public var position: SplitPosition? { nil }
}

/// What a read came to.
public enum ReadOutcome: Sendable {
    /// There may be more.
    case more
    /// Nothing now; ask again after this span. For readers that may not block.
    case nothingFor(Duration)
    /// The split has been read to its end; the batch may still hold its last records.
    case end
}

/// What a reader is given.
public struct ReaderContext: Sendable {
    /// Where bad records go.
    public let badRecords: any BadRecordHandler
    /// Set when the job has been asked to stop; a reader that waits looks at it now and then.
    public let isStopping: @Sendable () -> Bool

    /// Puts together what a reader may use; a reader's tests make their own.
    public init(
        badRecords: any BadRecordHandler,
        isStopping: @escaping @Sendable () -> Bool = { false }
    ) {
        self.badRecords = badRecords
        self.isStopping = isStopping
    }
}
