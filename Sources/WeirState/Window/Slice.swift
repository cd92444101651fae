public import WeirCore

/// The state of one slice of event time: an accumulator for each key seen in it.
///
/// Confined to one worker.
public final class Slice<Key: StreamKey, Accumulator> {
    /// The first point in the slice.
    public let start: Timestamp
    /// The first point after the slice.
    public let end: Timestamp
    /// The accumulators.
    public let table: StateTable<Key, Accumulator>
    /// The records folded in.
    public var records = 0
    /// For each entry of `table`, by its number: what the window's suffix behind this slice had for
    /// its key when ``SlidingMerger`` filed the slice.
    @usableFromInline var saved = ContiguousArray<Accumulator?>()
    /// Tells it from all other slices of its store, those before it included.
    @usableFromInline let serial: Int

    @inlinable init(
        start: Timestamp, end: Timestamp, table: StateTable<Key, Accumulator>, serial: Int
    ) {
        self.start = start
        self.end = end
        self.table = table
        self.serial = serial
    }

    /// Whether `time` lies in the slice.
    @inlinable public func contains(_ time: Timestamp) -> Bool { time >= start && time < end }
}
