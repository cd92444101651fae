public import WeirCore

/// Why a bad record, or the care taken of it, stopped the job.
public enum BadRecordError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The policy is to stop at the first one.
    case stopped(BadRecord, operatorName: String)
    /// There were more than the policy passes over; the record is the first above the limit.
    case tooMany(limit: Int, BadRecord, operatorName: String)
    /// The file for dead letters could not be written, so the record would have been lost.
    case notSetAside(BadRecord, cause: FileSystemError, operatorName: String)
    /// The file of dead letters has lost what it had at the checkpoint; `found` is its length now,
    /// `nil` where there is none.
    case lettersLost(path: String, expected: Int64, found: Int64?, operatorName: String)
    /// A limit below 0.
    case negativeLimit(Int, operatorName: String)

    public var description: String {
        switch self {
        case .stopped(let record, let name):
            "'\(name)' read a bad record: \(record). Mend the record, or set such records aside "
                + "with `onBadRecord: .deadLetter`."
        case .tooMany(let limit, let record, let name):
            "'\(name)' passed over \(limit) bad records, as many as `.skip(limit: \(limit))` "
                + "allows, and then read another: \(record). Mend the input, raise the limit, or "
                + "set such records aside with `onBadRecord: .deadLetter`."
        case .notSetAside(let record, let cause, let name):
            "'\(name)' could not write a dead letter, and so stopped rather than lose the record: "
                + "\(cause) The record: \(record)"
        case .lettersLost(let path, let expected, let found, let name):
            "the dead letters of '\(name)' in \(path) had \(expected) bytes at the checkpoint, and now "
                + (found.map { "there are only \($0). " } ?? "the file is not there. ")
                + "Put the file back, or start the job without restoring."
        case .negativeLimit(let limit, let name):
            "'\(name)' has the bad-record policy `.skip(limit: \(limit))`; the limit must be 0 or "
                + "more."
        }
    }
}

extension BadRecordError: RetryableError {
    /// Only where a dead letter could not be written, and that may pass.
    public var isRetryable: Bool {
        if case .notSetAside(_, let cause, _) = self { cause.isRetryable } else { false }
    }
}
