public import WeirCore

/// What a run came to.
public struct JobSummary: Sendable, Codable {
    /// Why it ended.
    public enum Outcome: String, Sendable, Codable {
        /// All sources were read to their end.
        case finished
        /// It was asked to stop, and drained what it had read.
        case stopped
        /// An operator, a source or a sink failed.
        case failed
        /// It was told to stop at once.
        case aborted
    }

    /// The name of the job.
    public var job: String
    /// Why it ended.
    public var outcome: Outcome
    /// The number of workers.
    public var parallelism: Int
    /// From the first read to the last sink's close.
    public var seconds: Double
    /// Records read by all sources, bad ones included; those before the checkpoint that the job went on
    /// from as well.
    public var recordsRead: Int
    /// How many of them had been read before, by the checkpoint that the job last went on from.
    public var recordsRestored: Int = 0
    /// Where every record went.
    public var ledger: Ledger

    /// The most bytes of memory that each operator's state was seen to take, by operator; those that
    /// keep none are left out. Measured every second and at every checkpoint.
    public var peakStateBytes: [String: Int] = [:]

    /// Records read per second, without those that had been read before.
    public var recordsPerSecond: Double {
        seconds > 0 ? Double(recordsRead - recordsRestored) / seconds : 0
    }
}

/// Why a run has failed, and how far it had come.
public struct JobFailure: Error, Sendable, CustomStringConvertible {
    /// What stopped it; an `OperatorFailure` where an operator did.
    public var cause: any Error
    /// What had become of the records by then.
    public var summary: JobSummary

    public var description: String { "\(cause)" }
}

/// A run that ended in another way than by its operators.
public enum JobError: Error, Equatable, Sendable, CustomStringConvertible {
    /// It was told to stop at once; results not yet committed were discarded.
    case aborted(job: String)
    /// The process takes more memory than ``ExecutionOptions/memoryLimit`` allows; results not yet
    /// committed were discarded.
    case memoryLimitReached(job: String, MemoryUse)
    /// The ledger does not add up: a bug of the engine or of a connector.
    case ledgerImbalance(job: String, [String])

    public var description: String {
        switch self {
        case .aborted(let job):
            "job '\(job)' was stopped at once; what its sinks had not committed is discarded"
        case .memoryLimitReached(let job, let use):
            "job '\(job)' was stopped before memory ran out: \(use.text). Let state spill to a disk "
                + "(ExecutionOptions.stateBackend, --state-memory), keep less of it (shorter windows "
                + "and retention), or allow more (ExecutionOptions.memoryLimit, --memory-limit). It is "
                + "not started again by itself: its state would be as large"
        case .ledgerImbalance(let job, let problems):
            "internal: job '\(job)' lost track of records; please report this: "
                + problems.joined(separator: "; ")
        }
    }
}

extension JobError: RetryableError {
    /// No: a job was meant to stop, would need as much memory again, or is wrong.
    public var isRetryable: Bool { false }
}
