import Synchronization
import WeirCore

/// A source of given records, whose splits fall silent, fail and go on for ever as told.
struct TestSource<Element: Sendable>: Source {
    /// What one read of a split comes to.
    enum Read: Sendable {
        /// Up to `limit` records, over several reads where there are more.
        case records([Element])
        /// Nothing for this long.
        case silence(Duration)
        case failure(TestError)
        /// The same record again and again, and no end.
        case endless(Element)
    }

    let script: [[Read]]
    var readMode: ReadMode = .inline
    /// Counts the records read, over all splits.
    var readCount = SharedCount()
    /// Told each time a split has been read, on whichever thread that was.
    var onRead: @Sendable (_ split: Int, _ records: [Element]) -> Void = { _, _ in }
    var onOpen: @Sendable (_ split: Int) throws -> Void = { _ in }
    var onRelease: @Sendable (_ split: Int) -> Void = { _ in }

    init(_ script: [[Read]], mode: ReadMode = .inline) {
        self.script = script
        readMode = mode
    }

    /// One split for each array.
    init(splits: [[Element]], mode: ReadMode = .inline) {
        self.init(splits.map { [.records($0)] }, mode: mode)
    }

    var summary: String { "\(script.count) scripted splits" }

    func splits() -> [SourceSplit] {
        script.indices.map { SourceSplit(id: "split-\($0)", start: Int64($0)) }
    }

    func reader(for split: SourceSplit, context: ReaderContext) throws -> Reader {
        try onOpen(Int(split.start))
        return Reader(self, split: Int(split.start))
    }

    final class Reader: SplitReader {
        private let source: TestSource
        private let split: Int
        private var position = 0
        private var row = 0

        init(_ source: TestSource, split: Int) {
            self.source = source
            self.split = split
        }

        deinit { source.onRelease(split) }

        func read(into batch: inout Batch<Element>, limit: Int) throws -> ReadOutcome {
            guard position < source.script[split].count else { return .end }
            switch source.script[split][position] {
            case .silence(let span):
                position += 1
                return .nothingFor(span)
            case .failure(let error): throw error
            case .endless(let record):
                hand(over: Array(repeating: record, count: limit), to: &batch)
                return .more
            case .records(let records):
                let end = min(records.count, row + limit)
                hand(over: Array(records[row..<end]), to: &batch)
                row = end
                guard row == records.count else { return .more }
                row = 0
                position += 1
                return position == source.script[split].count ? .end : .more
            }
        }

        private func hand(over records: [Element], to batch: inout Batch<Element>) {
            for record in records { batch.append(record, at: .earliest) }
            source.readCount.add(records.count)
            source.onRead(split, records)
        }
    }
}

/// An error of a test's own.
struct TestError: Error, Equatable, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A count that any thread may add to.
final class SharedCount: Sendable {
    private let value = Atomic<Int>(0)
    var current: Int { value.load(ordering: .sequentiallyConsistent) }
    @discardableResult func add(_ amount: Int) -> Int {
        value.add(amount, ordering: .sequentiallyConsistent).newValue
    }
}
