import Dispatch
import Synchronization
import WeirCore

/// Fails whoever hands it a bad record: the sources in memory have none.
private struct NoBadRecords: BadRecordHandler {
    func handle(_ record: BadRecord) throws { throw record }
}

extension ReaderContext {
    /// A context for tests, which may be asked to stop.
    static func test(isStopping: @escaping @Sendable () -> Bool = { false }) -> ReaderContext {
        ReaderContext(
            badRecords: NoBadRecords(), isStopping: isStopping)
    }
}

extension SubtaskContext {
    static func test(subtask: Int = 0, of parallelism: Int = 1) -> SubtaskContext {
        SubtaskContext(job: "test", operatorName: "op", subtask: subtask, parallelism: parallelism)
    }
}

/// A flag that any thread may raise.
final class Flag: Sendable {
    private let raised = Atomic(false)

    var isRaised: Bool { raised.load(ordering: .acquiring) }
    func raise() { raised.store(true, ordering: .releasing) }
}

/// Runs `body` on a thread of its own, so that it may block without holding up any task.
func blocking<Result: Sendable>(
    _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue(label: "test.blocking").async {
            continuation.resume(with: Swift.Result { try body() })
        }
    }
}

extension Batch where Element: Sendable {
    /// A batch of values, all at the start of 1970.
    static func of(_ values: some Sequence<Element>) -> Batch<Element> {
        var batch = Batch<Element>()
        for value in values { batch.append(value, at: .epoch) }
        return batch
    }

    mutating func drained() throws -> [Element] {
        var values: [Element] = []
        try drainRows { value, _ in values.append(value) }
        return values
    }
}

extension ReadOutcome {
    var isEnd: Bool { if case .end = self { true } else { false } }
}

extension SplitReader {
    /// All records up to the end, read a few at a time.
    mutating func readAll(limit: Int = 7) throws -> [Element] {
        var batch = Batch<Element>()
        var values: [Element] = []
        while true {
            let outcome = try read(into: &batch, limit: limit)
            values += try batch.drained()
            if outcome.isEnd { return values }
        }
    }
}

extension Source {
    /// The records of each split.
    func readSplits(limit: Int = 7) throws -> [[Element]] {
        try splits().map { split in
            var reader = try reader(for: split, context: .test())
            return try reader.readAll(limit: limit)
        }
    }
}
