public import WeirCore

/// The state of one key of a pattern operator: records that wait for the watermark, partial matches and
/// the records that they have taken, and matches that wait for partial ones which began before them.
///
/// A plain value.
public struct PatternState<Element: Sendable>: Sendable {
    /// A record that waits for the watermark.
    @usableFromInline struct Pending: Sendable {
        @usableFromInline let record: Element
        @usableFromInline let time: Timestamp
        @usableFromInline let arrival: Int

        @inlinable init(record: Element, time: Timestamp, arrival: Int) {
            self.record = record
            self.time = time
            self.arrival = arrival
        }
    }

    /// A partial match.
    @usableFromInline struct Run: Sendable {
        /// The node of the last record taken.
        @usableFromInline var node: Int32
        @usableFromInline var stage: Int32
        /// How many records the stage has taken.
        @usableFromInline var count: Int32
        /// Whether no record has come since.
        @usableFromInline var isFresh = true
        /// Whether it is complete when its span is over, or with the next record.
        @usableFromInline var awaitsDeadline = false
        @usableFromInline var awaitsNext = false
        /// Whether it was a match as it is.
        @usableFromInline var isComplete = false
        /// The stages that may take its next record, as bits.
        @usableFromInline var open: UInt64 = 0
        /// The sequence number and time of its first record.
        @usableFromInline let start: Int
        @usableFromInline let startTime: Timestamp

        @inlinable init(
            node: Int32, stage: Int32, count: Int32, start: Int, startTime: Timestamp
        ) {
            self.node = node
            self.stage = stage
            self.count = count
            self.start = start
            self.startTime = startTime
        }
    }

    /// A match that has been found.
    @usableFromInline struct Found: Sendable {
        @usableFromInline let node: Int32
        @usableFromInline let start: Int

        @inlinable init(node: Int32, start: Int) {
            self.node = node
            self.start = start
        }
    }

    @usableFromInline var pending: ContiguousArray<Pending> = []
    @usableFromInline var isSorted = true
    /// The records of `pending` that have been dealt with.
    @usableFromInline var pendingHead = 0
    @usableFromInline var buffer = MatchBuffer<Element>()
    /// In the order in which they began.
    @usableFromInline var runs: ContiguousArray<Run> = []
    /// In the order in which they began; those that began alike, in the order of completion.
    @usableFromInline var held: ContiguousArray<Found> = []
    @usableFromInline var arrivals = 0
    @usableFromInline var sequence = 0
    /// When the key's timer is due.
    public var timer: Timestamp?

    /// The state of a key that nothing is known of.
    @inlinable public init() {}

    /// Whether nothing is kept.
    @inlinable public var isEmpty: Bool {
        pendingHead == pending.count && runs.isEmpty && held.isEmpty
    }

    /// The number of records kept.
    @inlinable public var recordCount: Int { pending.count - pendingHead + buffer.eventCount }
    /// The number of partial matches.
    @inlinable public var partialMatchCount: Int { runs.count }

    /// Keeps a record until the watermark has passed it.
    @inlinable public mutating func append(_ record: Element, at time: Timestamp) {
        // Equal times may have an order of the pattern's own.
        if let last = pending.last, time <= last.time { isSorted = false }
        arrivals += 1
        pending.append(Pending(record: record, time: time, arrival: arrivals))
    }
}
