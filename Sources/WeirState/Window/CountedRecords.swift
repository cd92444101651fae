public import WeirCore

/// The records of one key in windows of a number of records, folded in runs that no window starts or
/// ends inside, so that overlapping windows share them.
public struct CountedRecords<Accumulator> {
    /// A run of records.
    public struct Run {
        /// The records folded.
        public var accumulator: Accumulator
        /// How many they are.
        public var count = 0
        /// How many of them no window has had.
        public var unfired = 0
        /// The earliest of their times.
        public var earliest: Timestamp
        /// The latest of their times.
        public var latest: Timestamp

        /// A run that begins with a record of that time.
        @inlinable public init(_ accumulator: consuming Accumulator, at time: Timestamp) {
            self.accumulator = accumulator
            earliest = time
            latest = time
        }
    }

    /// The runs that windows to come still need, the oldest first.
    public var runs: ContiguousArray<Run>
    /// The records since the last window was full.
    public var sinceWindow: Int

    /// No record, unless told.
    @inlinable public init(runs: ContiguousArray<Run> = [], sinceWindow: Int = 0) {
        self.runs = runs
        self.sinceWindow = sinceWindow
    }
}
