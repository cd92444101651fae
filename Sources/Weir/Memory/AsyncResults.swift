public import WeirCore

/// A sink whose results are read as an `AsyncSequence`: how an app gets values out of a job.
///
/// ```swift
/// let totals = AsyncResults<Total>()
/// stream.sink(to: totals, as: "totals")
/// for try await total in totals { show(total) }
/// ```
///
/// The sequence ends with the job, and throws ``AsyncResultsError/abandoned`` after the last result
/// when the job failed or was stopped at once; a job that fails before it opens its sinks ends the
/// sequence with its error. At most `capacity` results wait to be read; a slow
/// consumer holds the job back. A consumer that leaves its loop, or whose task is cancelled, takes
/// no more results, which fails the job: results are never dropped silently.
///
/// With checkpoints, too, results are handed over as they come, and the sequence ends with the first
/// failure. So such a job must have `RestartStrategy.never`, and is refused otherwise; run anew from a
/// checkpoint, with a sequence of its own, it may give results again
/// (``DeliveryGuarantee/atLeastOnce``).
///
/// Shape: one consumer, one run.
public final class AsyncResults<Element: Sendable>: Sink, AsyncSequence {
    private let handover: Handover<Element>
    private let writers = Locked(Writers())

    private struct Writers {
        /// How many there will be, known once the first is opened.
        var expected = 0
        var opened = 0
        var finished = 0
    }

    /// Makes a sink that holds up to `capacity` results (at least one) that were not yet read.
    public init(capacity: Int = 1_024) { handover = Handover(capacity: capacity) }

    public var summary: String { "asynchronous results of \(Element.self)" }
    /// No: the sequence ends with the first failure.
    public var isRestartable: Bool { false }

    /// Opens the writer of one subtask; the sequence ends when those of all subtasks have.
    ///
    /// - Throws: ``AsyncResultsError/usedAgain`` when the sink has been part of a run before.
    public func writer(context: SubtaskContext) throws -> AsyncResultsWriter<Element> {
        try writers.withLock { writers in
            guard writers.opened < Swift.max(1, context.parallelism) else {
                throw AsyncResultsError.usedAgain
            }
            writers.expected = Swift.max(1, context.parallelism)
            writers.opened += 1
        }
        return AsyncResultsWriter(results: self)
    }

    public func runEnded(failure: (any Error)?) {
        // Writers that were opened have ended it; those of another run are none of this one's.
        if let failure, writers.withLock({ $0.opened }) == 0 { fail(with: failure) }
    }

    public func makeAsyncIterator() -> Iterator { Iterator(reading: Reading(handover)) }

    /// Ends the sequence with an error, and lets go of writers that wait for room. Has no effect once the
    /// sequence has ended.
    public func fail(with error: any Error) { handover.finish(.failure(error)) }

    fileprivate func put(_ batch: inout Batch<Element>) throws {
        try handover.put(&batch) { AsyncResultsError.notRead }
    }

    fileprivate func writerFinished() {
        let isLast = writers.withLock { writers in
            writers.finished += 1
            return writers.finished == writers.expected
        }
        if isLast { handover.finish(.success(())) }
    }

    /// Reads the results, in the order in which they were written.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let reading: Reading

        fileprivate init(reading: Reading) { self.reading = reading }

        /// The next result; `nil` after the last, and when the task is cancelled.
        ///
        /// - Throws: ``AsyncResultsError/abandoned``, or the error given to `fail(with:)`.
        public mutating func next() async throws -> Element? { try await reading.handover.next() }
    }

    /// Ends with the last copy of the iterator, which is how a loop that was left is noticed.
    fileprivate final class Reading: Sendable {
        let handover: Handover<Element>

        init(_ handover: Handover<Element>) { self.handover = handover }

        deinit { handover.close() }
    }
}

/// Writes the results of one subtask to ``AsyncResults``.
public final class AsyncResultsWriter<Element: Sendable>: SinkWriter {
    private let results: AsyncResults<Element>
    private var hasEnded = false

    fileprivate init(results: AsyncResults<Element>) { self.results = results }

    deinit { abandon() }

    /// Hands the rows over, blocking while the consumer is behind.
    ///
    /// - Throws: ``AsyncResultsError/notRead`` when the consumer is gone.
    public func write(_ batch: inout Batch<Element>) throws { try results.put(&batch) }

    public func finish() {
        guard !hasEnded else { return }
        hasEnded = true
        results.writerFinished()
    }

    public func abandon() {
        guard !hasEnded else { return }
        hasEnded = true
        results.fail(with: AsyncResultsError.abandoned)
    }
}

/// What can go wrong between a job and the consumer of its results.
public enum AsyncResultsError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The job failed or was stopped before all results were out.
    case abandoned
    /// The consumer left its loop, or its task was cancelled, while results were still coming.
    case notRead
    /// The sink was given to a second run, or to a second operator.
    case usedAgain

    public var description: String {
        switch self {
        case .abandoned:
            "the job ended before all its results were out; the error of its run says why"
        case .notRead:
            "the results are no longer read: their consumer left its loop or was cancelled. "
                + "Read to the end, or stop the job first"
        case .usedAgain:
            "these asynchronous results have been used by a run before. Make new ones for each run"
        }
    }
}

extension AsyncResultsError: RetryableError {
    /// No: results that were handed over are gone.
    public var isRetryable: Bool { false }
}
