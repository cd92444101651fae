public import WeirCore

/// A sink that gathers the results in memory, for tests and for embedding.
///
/// ```swift
/// let totals = CollectSink<Total>()
/// stream.sink(to: totals, as: "totals")
/// // after the run:
/// print(totals.elements)
/// ```
///
/// Results of one subtask stay in order; those of several are mixed batch by batch. Memory grows
/// with the number of results. What a failed run wrote stays.
public final class CollectSink<Element: Sendable>: Sink {
    @usableFromInline let collected = Locked<[Element]>([])

    /// Makes a sink without results.
    public init() {}

    /// The results so far.
    public var elements: [Element] { collected.withLock { $0 } }

    public var summary: String { "collected in memory" }
    public var writeMode: WriteMode { .inline }

    @inlinable public func writer(context: SubtaskContext) -> CollectWriter<Element> {
        CollectWriter(sink: self)
    }
}

/// Writes the results of one subtask to a ``CollectSink``.
public struct CollectWriter<Element: Sendable>: SinkWriter {
    @usableFromInline let sink: CollectSink<Element>

    @inlinable init(sink: CollectSink<Element>) { self.sink = sink }

    @inlinable public mutating func write(_ batch: inout Batch<Element>) throws {
        // Drained outside the lock, so that it is held for one append.
        var rows: [Element] = []
        rows.reserveCapacity(batch.count)
        try batch.drainRows { element, _ in rows.append(element) }
        sink.collected.withLock { $0.append(contentsOf: rows) }
    }

    @inlinable public mutating func finish() {}
}
