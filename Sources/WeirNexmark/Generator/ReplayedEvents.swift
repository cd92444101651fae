public import Weir

/// The events of ``EventBatches`` as the source of a job.
///
/// Batches are dealt to the splits in turn. An event that has been given away, or that lies behind the batches'
/// last, is made anew: what comes out is the same, but the time to make it then counts.
public struct ReplayedEvents: Source {
    private let batches: EventBatches
    private let count: Int
    private let splitCount: Int

    /// Reads the events of batches.
    ///
    /// - Parameters:
    ///   - count: How many; `nil`: all of them.
    ///   - splits: How many subtasks can read side by side, at least 1.
    public init(_ batches: EventBatches, count: Int? = nil, splits: Int = 1) {
        self.batches = batches
        self.count = max(0, count ?? batches.count)
        splitCount = max(1, splits)
    }

    public var summary: String { "\(count) events made beforehand" }
    public var readMode: ReadMode { .inline }
    public var isReplayable: Bool { true }

    public func splits() -> [SourceSplit] {
        (0..<splitCount).map {
            SourceSplit(
                id: "events-\($0)-of-\(splitCount)", start: Int64($0 * EventBatches.batchSize))
        }
    }

    public func reader(for split: SourceSplit, context: ReaderContext) -> Reader {
        Reader(
            batches: batches, next: Int(split.position?.offset ?? split.start), end: count,
            skipped: (splitCount - 1) * EventBatches.batchSize)
    }

    /// Reads every n-th batch.
    public struct Reader: SplitReader {
        fileprivate let batches: EventBatches
        fileprivate var next: Int
        fileprivate let end: Int
        /// The events of the other splits that lie between two batches of this one.
        fileprivate let skipped: Int

        /// The index of the event that comes next.
        public var position: SplitPosition? { SplitPosition(offset: Int64(next)) }

        public mutating func read(
            into batch: inout Batch<NexmarkEvent>, limit: Int
        ) -> ReadOutcome {
            guard next < end else { return .end }
            next += batches.give(&batch, startingAt: next, end: end, limit: limit)
            if next.isMultiple(of: EventBatches.batchSize) { next += skipped }
            return next < end ? .more : .end
        }
    }
}
