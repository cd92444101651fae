import WeirCore

/// Records that follow from their number, in splits of so many, which can be read again from any.
struct CountedSource<Element: Sendable>: Source {
    let splitCount: Int
    let recordsPerSplit: Int
    var readMode: ReadMode = .inline
    var isReplayable = true
    /// Called before each read; may throw.
    var onRead: @Sendable (_ split: Int, _ index: Int) throws -> Void = { _, _ in }
    /// Whether a record can't be read.
    var isBad: @Sendable (_ split: Int, _ index: Int) -> Bool = { _, _ in false }
    let record: @Sendable (_ split: Int, _ index: Int) -> Element

    init(
        splits: Int, records: Int, mode: ReadMode = .inline,
        _ record: @escaping @Sendable (_ split: Int, _ index: Int) -> Element
    ) {
        splitCount = splits
        recordsPerSplit = records
        readMode = mode
        self.record = record
    }

    var summary: String { "\(splitCount) counted splits" }
    /// All that can be read.
    var all: [Element] {
        (0..<splitCount).flatMap { split in
            (0..<recordsPerSplit).filter { !isBad(split, $0) }.map { record(split, $0) }
        }
    }

    func splits() -> [SourceSplit] {
        (0..<splitCount).map { SourceSplit(id: "split-\($0)", start: Int64($0)) }
    }

    func reader(for split: SourceSplit, context: ReaderContext) -> Reader {
        Reader(
            source: self, badRecords: context.badRecords, split: Int(split.start),
            next: Int(split.position?.offset ?? 0))
    }

    struct Reader: SplitReader {
        let source: CountedSource
        let badRecords: any BadRecordHandler
        let split: Int
        var next: Int

        mutating func read(into batch: inout Batch<Element>, limit: Int) throws -> ReadOutcome {
            try source.onRead(split, next)
            let end = min(source.recordsPerSplit, next + limit)
            while next < end {
                if source.isBad(split, next) {
                    try badRecords.handle(
                        BadRecord(
                            origin: "split-\(split)", line: next, offset: Int64(next),
                            reason: "bad", bytes: []))
                } else {
                    batch.append(source.record(split, next), at: .earliest)
                }
                next += 1
            }
            return end == source.recordsPerSplit ? .end : .more
        }

        var position: SplitPosition? { SplitPosition(offset: Int64(next)) }
    }
}
