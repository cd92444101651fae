import Weir

/// The first events of the stream, made beforehand, in batches as a source hands them over: a job takes them as
/// they are, and is timed alone.
///
/// Each batch is given away once, against the empty one that it is to go into; whoever has it drops the events,
/// texts and all. ``refill()`` makes them again. Memory: about 400 bytes an event.
public final class EventBatches: @unchecked Sendable {
    // SAFETY: each batch is taken by the one subtask whose split it belongs to; `refill` is called between runs.
    private let batches: [BatchSlot<NexmarkEvent>]
    private let generator = NexmarkGenerator()
    /// How many events there are.
    public let count: Int
    /// Events in a batch; fewer in the last.
    public static let batchSize = 1_024

    /// Makes the events.
    public init(count: Int) {
        self.count = max(1, count)
        let size = Self.batchSize
        batches = (0..<(self.count + size - 1) / size).map { _ in BatchSlot(capacity: size) }
        refill()
    }

    /// Makes the events that have been given away; not while a job or a loop is reading.
    public func refill() {
        for (index, slot) in batches.enumerated() where slot.batch.isEmpty {
            let first = index * Self.batchSize
            append(min(Self.batchSize, count - first), startingAt: first, to: &slot.batch)
        }
    }

    /// Gives `batch`, which is empty, the next events of the stream: those that lie there, where they are a
    /// whole batch and no more than `limit`; else they are made.
    ///
    /// - Parameter end: The index behind the last event that is wanted.
    /// - Returns: How many they are.
    func give(
        _ batch: inout Batch<NexmarkEvent>, startingAt first: Int, end: Int, limit: Int
    ) -> Int {
        let (index, row) = first.quotientAndRemainder(dividingBy: Self.batchSize)
        let rows = min(limit, Self.batchSize - row, end - first)
        if row == 0, batches.indices.contains(index), batches[index].batch.count == rows,
            batch.isEmpty
        {
            swap(&batch, &batches[index].batch)
        } else {
            append(rows, startingAt: first, to: &batch)
        }
        return rows
    }

    private func append(_ rows: Int, startingAt first: Int, to batch: inout Batch<NexmarkEvent>) {
        batch.appendRows(rows, at: .earliest) { generator.record(at: first + $0) }
    }
}
