public import Synchronization
public import WeirCore

/// A sink that drops the results and counts them: for benchmarks, and to run a job for its ledger.
///
/// After a failure, results may be counted again: ``DeliveryGuarantee/atLeastOnce``.
public final class DiscardSink<Element: Sendable>: Sink {
    @usableFromInline let discarded = Atomic<Int>(0)

    /// Makes a sink that has counted nothing.
    public init() {}

    /// How many results have come so far.
    public var count: Int { discarded.load(ordering: .relaxed) }

    public var summary: String { "discarded" }
    public var writeMode: WriteMode { .inline }

    @inlinable public func writer(context: SubtaskContext) -> DiscardWriter<Element> {
        DiscardWriter(sink: self)
    }
}

/// Drops the results of one subtask of a ``DiscardSink``.
public struct DiscardWriter<Element: Sendable>: SinkWriter {
    @usableFromInline let sink: DiscardSink<Element>

    @inlinable init(sink: DiscardSink<Element>) { self.sink = sink }

    @inlinable public mutating func write(_ batch: inout Batch<Element>) {
        sink.discarded.wrappingAdd(batch.count, ordering: .relaxed)
        batch.removeAll()
    }

    @inlinable public mutating func finish() {}
}
