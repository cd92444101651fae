import Foundation
import WeirCore

/// A bounded buffer between a thread that may block and a task that must not.
///
/// Either side can be the producer: a task feeds a blocking reader, or a blocking writer feeds a
/// task. A full buffer holds the producer up, an empty one the consumer. Elements come out in the
/// order they went in; what is in the buffer when the producer ends still comes out.
///
/// Shape: one consumer; several producers if they block, one if it is a task.
final class Handover<Element: Sendable>: @unchecked Sendable {
    // Unchecked: everything below is touched only while `condition` is locked.
    private let condition = NSCondition()
    private var ring: ContiguousArray<Element?>
    private var head = 0
    private var count = 0
    private var ending: Result<Void, any Error>?
    private var isClosed = false
    private var waitingProducer: CheckedContinuation<Void, Never>?
    private var waitingConsumer: CheckedContinuation<Void, Never>?

    /// Creates an empty buffer of at least one place.
    init(capacity: Int) {
        ring = ContiguousArray(repeating: nil, count: max(1, capacity))
    }

    /// The producer is done: with success, or with an error that the consumer gets after the
    /// elements that came before it. Only the first call counts, and none after `close`: a
    /// producer that is cut off may well complain of it.
    func finish(_ result: Result<Void, any Error>) {
        condition.lock()
        if ending == nil && !isClosed { ending = result }
        condition.broadcast()
        wakeTasksAndUnlock()
    }

    /// The consumer takes nothing more: producers are let go and told so.
    func close() {
        condition.lock()
        isClosed = true
        condition.broadcast()
        wakeTasksAndUnlock()
    }

    /// Resumes outside the lock, since a continuation may run at once.
    private func wakeTasksAndUnlock() {
        let (producer, consumer) = (waitingProducer, waitingConsumer)
        waitingProducer = nil
        waitingConsumer = nil
        condition.unlock()
        producer?.resume()
        consumer?.resume()
    }

    private func append(_ element: consuming Element) {
        ring[(head + count) % ring.count] = element
        count += 1
    }

    private func removeFirst() -> Element? {
        guard count > 0 else { return nil }
        let element = ring[head].take()
        head = (head + 1) % ring.count
        count -= 1
        return element
    }
}

// MARK: - A task produces, a thread consumes

extension Handover {
    private enum Offer { case taken, full, refused }

    /// Hands over one element, waiting for room.
    ///
    /// - Returns: Whether it was taken; if not, the consumer is gone.
    func put(_ element: Element) async -> Bool {
        while true {
            switch offer(element) {
            case .taken: return true
            case .refused: return false
            case .full: await withCheckedContinuation { waitForRoom($0) }
            }
        }
    }

    private func offer(_ element: Element) -> Offer {
        condition.lock()
        defer { condition.unlock() }
        if isClosed { return .refused }
        if count == ring.count { return .full }
        append(element)
        condition.signal()
        return .taken
    }

    private func waitForRoom(_ continuation: CheckedContinuation<Void, Never>) {
        condition.lock()
        if count < ring.count || isClosed {
            condition.unlock()
            continuation.resume()
        } else {
            waitingProducer = continuation
            condition.unlock()
        }
    }

    /// Moves up to `limit` elements to `batch`, blocking until there is one or the producer ends.
    ///
    /// `isStopping` is looked at before and, every 50 milliseconds, while waiting; once it holds,
    /// the buffer is closed and only what it still has comes out.
    ///
    /// - Throws: The error that the producer ended with, after its last element.
    func take(
        into batch: inout Batch<Element>, limit: Int, isStopping: () -> Bool
    ) throws -> ReadOutcome {
        condition.lock()
        while count == 0 && ending == nil && !isClosed {
            if isStopping() { break }
            _ = condition.wait(until: Date(timeIntervalSinceNow: 0.05))
        }
        if isStopping() { isClosed = true }
        let rows = min(limit, count)
        for _ in 0..<rows {
            if let element = removeFirst() { batch.append(element, at: .earliest) }
        }
        let isDrained = count == 0
        let (ending, isClosed) = (ending, isClosed)
        wakeTasksAndUnlock()
        guard isDrained else { return .more }
        switch ending {
        case .success: return .end
        case .failure(let error):
            // The rows first: a batch that comes with an error would be lost.
            if rows > 0 { return .more }
            throw error
        case nil: return isClosed ? .end : .more
        }
    }
}

// MARK: - A thread produces, a task consumes

extension Handover {
    /// Hands over all rows, blocking while there is no room.
    ///
    /// - Throws: The error that `refusal` gives, once the consumer is gone; the error that the
    ///   buffer was finished with from outside.
    func put(_ batch: inout Batch<Element>, refusal: () -> any Error) throws {
        condition.lock()
        defer { wakeTasksAndUnlock() }
        try batch.drainRows { element, _ in
            while count == ring.count && !isClosed && ending == nil {
                if let consumer = waitingConsumer {
                    waitingConsumer = nil
                    consumer.resume()
                }
                condition.wait()
            }
            if case .failure(let error) = ending { throw error }
            if isClosed { throw refusal() }
            append(element)
        }
    }

    private enum Taking { case element(Element), empty, ended(Result<Void, any Error>) }

    /// The next element, waiting for it; `nil` after the last.
    ///
    /// Cancelling the task closes the buffer and ends the wait with `nil`.
    ///
    /// - Throws: The error that the producer ended with.
    func next() async throws -> Element? {
        try await withTaskCancellationHandler {
            while true {
                switch takeOne() {
                case .element(let element): return element
                case .ended(let result):
                    try result.get()
                    return nil
                case .empty: await withCheckedContinuation { waitForElement($0) }
                }
            }
        } onCancel: {
            close()
        }
    }

    private func takeOne() -> Taking {
        condition.lock()
        defer { condition.unlock() }
        if isClosed { return .ended(.success(())) }
        guard let element = removeFirst() else { return ending.map { .ended($0) } ?? .empty }
        // Half empty, so that the writer is not woken for each element.
        if count <= ring.count / 2 { condition.broadcast() }
        return .element(element)
    }

    private func waitForElement(_ continuation: CheckedContinuation<Void, Never>) {
        condition.lock()
        if count > 0 || ending != nil || isClosed {
            condition.unlock()
            continuation.resume()
        } else {
            waitingConsumer = continuation
            condition.unlock()
        }
    }
}
