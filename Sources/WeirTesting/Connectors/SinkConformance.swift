public import WeirCore

/// Puts a sink through epochs that succeed and fail, crashes at every point between them, and
/// restarts at other parallelism, and compares what it shows with a model.
///
/// ```swift
/// let conformance = SinkConformance(row: { Order(id: $0) }) {
///     let sink = OrderSink(directory: try newDirectory())
///     return (sink, { try sink.readBack() })
/// }
/// try conformance.check(seeds: 0..<200)
/// ```
///
/// One run writes some tens of rows, as a source would that can be read again: after a crash it goes
/// on behind the rows of the last checkpoint. Crashes come while rows are written, between the
/// `prepare` of two writers, before and after the checkpoint is complete, between two commits,
/// while recovering, and after the end; the writers are then abandoned or, as when a process is
/// killed, only dropped. Commits and recoveries are repeated, and checkpoints fail whose epochs are
/// committed with the next one.
///
/// What is held against the model depends on the sink's ``Sink/guarantee``:
/// - transactional: at any time it shows the rows of all committed epochs, each once, and no others;
/// - idempotent: after the end, it shows what the rows come to, each written once;
/// - at-least-once: after the end, no row is missing.
public struct SinkConformance<S: Sink> where S.Element: Hashable {
    /// When rows can be seen.
    public enum Visibility: Sendable {
        /// With the commit of their epoch.
        case byEpoch
        /// All at once, when the job has finished.
        case atEnd
    }

    /// A sink in a place of its own, and how what it shows is read.
    public typealias Place = (sink: S, shown: () throws -> [S.Element])

    let row: (Int) -> S.Element
    let expected: ([S.Element]) -> [S.Element]
    let visibility: Visibility
    let isRewindable: Bool
    let rowCount: Int
    let make: () throws -> Place

    /// Describes the sink to be checked.
    ///
    /// - Parameters:
    ///   - rowCount: The rows of one run.
    ///   - visibility: When rows can be seen.
    ///   - isRewindable: Whether the sink can go back to a checkpoint older than epochs that it has
    ///     committed.
    ///   - row: Makes the row of an index, from 0.
    ///   - expected: What is shown when these rows, in this order, are committed, in any order;
    ///     the rows themselves unless said otherwise.
    ///   - make: Makes a sink in an empty place; called once a run.
    public init(
        rowCount: Int = 60, visibility: Visibility = .byEpoch, isRewindable: Bool = false,
        row: @escaping (Int) -> S.Element,
        expected: @escaping ([S.Element]) -> [S.Element] = { $0 },
        make: @escaping () throws -> Place
    ) {
        self.row = row
        self.expected = expected
        self.visibility = visibility
        self.isRewindable = isRewindable
        self.rowCount = rowCount
        self.make = make
    }

    /// Makes a run for each seed; the same seed makes the same run.
    ///
    /// - Returns: How often each kind of event came, so that a test can see that it did.
    /// - Throws: ``SinkConformanceFailure`` at the first difference; what the sink throws, in the
    ///   same form.
    @discardableResult
    public func check(seeds: some Sequence<UInt64>) throws -> [SinkEvent: Int] {
        var events: [SinkEvent: Int] = [:]
        for seed in seeds {
            let run = SinkRun(self, try make(), seed: seed)
            do {
                try run.run()
            } catch {
                throw SinkConformanceFailure(
                    seed: seed, problem: "\(error)", history: run.history)
            }
            events.merge(run.events, uniquingKeysWith: +)
        }
        return events
    }
}

/// What happens to a sink in a run of ``SinkConformance``.
public enum SinkEvent: String, Hashable, Sendable {
    /// All writers have prepared the epoch, and its checkpoint is complete.
    case completed
    /// All writers have prepared the epoch, and its checkpoint has failed.
    case checkpointFailed
    /// A transaction was committed.
    case committed
    /// A transaction was committed again.
    case committedAgain
    /// The job died.
    case crashed
    /// A writer was told to recover.
    case recovered
    /// The job went back further than to the last checkpoint.
    case wentBack
    /// The job went on at another parallelism.
    case rescaled
    /// The input ended, and the writers finished.
    case finished
}

/// A sink did not keep its promise.
public struct SinkConformanceFailure: Error, CustomStringConvertible {
    /// The seed of the run; the same one makes the same run.
    public let seed: UInt64
    /// What was wrong.
    public let problem: String
    /// What was done, in order.
    public let history: [String]

    public var description: String {
        "seed \(seed): \(problem)\nWhat was done:\n" + history.joined(separator: "\n")
    }
}
