import Synchronization
import WeirCore

/// A sink that remembers what it was given and how it was treated.
final class TestSink<Element: Sendable>: Sink {
    /// What happened to one writer.
    struct Log: Equatable {
        var subtask: Int
        var written = 0
        var finishes = 0
        var abandons = 0
        /// The records written since the last flush.
        var unflushed = 0
    }

    let writeMode: WriteMode
    let maximumParallelism: Int?
    /// Called with each record before it is kept.
    private let onWrite: @Sendable (Element) throws -> Void
    private let state = Mutex(State())

    private struct State {
        var records: [(Element, Timestamp)] = []
        var logs: [Log] = []
    }

    init(
        mode: WriteMode = .inline, maximumParallelism: Int? = nil,
        onWrite: @escaping @Sendable (Element) throws -> Void = { _ in }
    ) {
        writeMode = mode
        self.maximumParallelism = maximumParallelism
        self.onWrite = onWrite
    }

    var summary: String { "a test's memory" }
    /// The records written, in the order of writing.
    var records: [Element] { state.withLock { $0.records.map(\.0) } }
    /// The records written with their times.
    var timed: [(Element, Timestamp)] { state.withLock { $0.records } }
    var logs: [Log] { state.withLock { $0.logs.sorted { $0.subtask < $1.subtask } } }

    func writer(context: SubtaskContext) -> Writer {
        let index = state.withLock { state in
            state.logs.append(Log(subtask: context.subtask))
            return state.logs.count - 1
        }
        return Writer(sink: self, index: index)
    }

    struct Writer: SinkWriter {
        let sink: TestSink
        let index: Int

        func write(_ batch: inout Batch<Element>) throws {
            try batch.drainRows { record, time in
                try sink.onWrite(record)
                sink.state.withLock {
                    $0.records.append((record, time))
                    $0.logs[index].written += 1
                    $0.logs[index].unflushed += 1
                }
            }
        }
        func flush() { sink.state.withLock { $0.logs[index].unflushed = 0 } }
        func finish() { sink.state.withLock { $0.logs[index].finishes += 1 } }
        func abandon() { sink.state.withLock { $0.logs[index].abandons += 1 } }
    }
}
