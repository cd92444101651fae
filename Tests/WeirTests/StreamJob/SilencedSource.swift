import WeirCore

/// A source each of whose splits falls silent after so many records: a job that reads it goes on
/// until it is aborted, whatever else the machine does.
struct SilencedSource<Base: Source>: Source {
    let base: Base
    /// The records that each split puts out; `nil`: all of them.
    let recordsPerSplit: Int?

    var summary: String { base.summary }
    var readMode: ReadMode { base.readMode }
    var isReplayable: Bool { base.isReplayable }

    func splits() throws -> [SourceSplit] { try base.splits() }

    func reader(for split: SourceSplit, context: ReaderContext) throws -> Reader {
        Reader(base: try base.reader(for: split, context: context), left: recordsPerSplit ?? .max)
    }

    struct Reader: SplitReader {
        var base: Base.Reader
        var left: Int

        var position: SplitPosition? { base.position }

        mutating func read(into batch: inout Batch<Base.Element>, limit: Int) throws -> ReadOutcome
        {
            guard left > 0 else { return .nothingFor(.milliseconds(1)) }
            let count = batch.count
            let outcome = try base.read(into: &batch, limit: min(limit, left))
            left -= batch.count - count
            return outcome
        }
    }
}
