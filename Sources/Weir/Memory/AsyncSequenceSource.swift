public import WeirCore

/// A source that reads an `AsyncSequence`: how an app pushes values into a job.
///
/// ```swift
/// let (orders, continuation) = AsyncStream.makeStream(of: Order.self)
/// job.source(AsyncSequenceSource(orders), as: "orders")
/// ```
///
/// A task iterates the sequence and hands each element over as soon as it is there; when `capacity`
/// elements wait to be read, the task waits, and holds back a sequence that respects back-pressure.
/// The end of the sequence ends the split, an error it throws is an error of the source. When the
/// job is asked to stop, the task is cancelled, and what was handed over is still read. Times are
/// left ``Timestamp/earliest``; `watermarked` sets them.
///
/// What was read cannot be read again, so a job that is restored goes on with what comes then.
///
/// Shape: one split, iterated anew by each run; most streams can be iterated once only.
public struct AsyncSequenceSource<Base: AsyncSequence & Sendable>: Source
where Base.Element: Sendable {
    public typealias Element = Base.Element

    private let base: Base
    private let capacity: Int

    /// Reads `base`, at most `capacity` elements ahead of the job (at least one).
    public init(_ base: Base, capacity: Int = 1_024) {
        self.base = base
        self.capacity = capacity
    }

    public var summary: String { "asynchronous sequence of \(Element.self)" }

    public func splits() -> [SourceSplit] { [SourceSplit(id: "sequence")] }

    public func reader(
        for split: SourceSplit, context: ReaderContext
    ) -> AsyncSequenceReader<Element> {
        AsyncSequenceReader(base, capacity: capacity, isStopping: context.isStopping)
    }
}

/// Reads an ``AsyncSequenceSource``; letting go of it cancels the iteration.
public final class AsyncSequenceReader<Element: Sendable>: SplitReader {
    private let handover: Handover<Element>
    private let task: Task<Void, Never>
    private let isStopping: @Sendable () -> Bool

    init<Base: AsyncSequence & Sendable>(
        _ base: Base, capacity: Int, isStopping: @escaping @Sendable () -> Bool
    ) where Base.Element == Element {
        let handover = Handover<Element>(capacity: capacity)
        self.handover = handover
        self.isStopping = isStopping
        // Holds the buffer but not the reader, so that the reader's end can end it.
        task = Task {
            do {
                for try await element in base {
                    guard await handover.put(element) else { return }
                }
                handover.finish(.success(()))
            } catch {
                handover.finish(.failure(error))
            }
        }
    }

    deinit {
        handover.close()
        task.cancel()
    }

    public func read(into batch: inout Batch<Element>, limit: Int) throws -> ReadOutcome {
        let outcome = try handover.take(into: &batch, limit: limit, isStopping: isStopping)
        if isStopping() {
            // Closed first, so that a sequence that throws when cancelled is not taken to fail.
            handover.close()
            task.cancel()
        }
        return outcome
    }
}
