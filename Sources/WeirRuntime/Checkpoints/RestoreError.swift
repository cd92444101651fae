public import WeirCore

/// Why a job can't go on from a checkpoint: its state and the job don't go together, or it is damaged.
public enum RestoreError: Error, Sendable, CustomStringConvertible {
    /// There is no whole checkpoint to go on from.
    case nothingToRestore(directory: String, problems: [String])
    /// The checkpoint belongs to another job.
    case otherJob(path: String, found: String, expected: String)
    /// The number of key groups, which a job keeps for life, is another.
    case otherKeyGroups(found: Int, expected: Int)
    /// State would be lost.
    case droppedState(path: String, [String])
    /// A part of state can't be read in the form in which the job keeps it.
    case part(operatorName: String, part: String, reason: String)
    /// A split that had not been read to its end is gone.
    case missingSplits(source: String, [String])

    public var description: String {
        switch self {
        case .nothingToRestore(let directory, let problems):
            "there is no checkpoint to restore in \(directory)"
                + (problems.isEmpty
                    ? "; start without restoring, or name another directory"
                    : ": " + problems.joined(separator: "; "))
        case .otherJob(let path, let found, let expected):
            "the checkpoint at \(path) is of job '\(found)', not of '\(expected)'; name a checkpoint "
                + "of this job, or give the job its name"
        case .otherKeyGroups(let found, let expected):
            "the checkpoint has \(found) key groups and the job \(expected); a job keeps their number "
                + "for life: set it back to \(found)"
        case .droppedState(let path, let what):
            "the checkpoint at \(path) has state that this job has no place for: "
                + what.joined(separator: ", ")
                + "; give the operators their names back, or allow the state to be dropped "
                + "(--allow-dropped-state, CheckpointOptions.allowsDroppedState)"
        case .part(let name, let part, let reason):
            "the state '\(part)' of operator '\(name)' can't be restored: \(reason)"
        case .missingSplits(let source, let splits):
            "source '\(source)' had not finished \(splits.joined(separator: ", ")), and it is not there "
                + "any more; put it back, or start from an earlier state"
        }
    }
}

/// Why a job can't be checkpointed at all; all problems at once.
public struct CheckpointSetupError: Error, Sendable, CustomStringConvertible {
    /// What stands in the way.
    public let problems: [String]

    public var description: String {
        "the job can't be checkpointed: " + problems.joined(separator: "; ")
    }
}

extension RestoreError: RetryableError {
    /// No: the job and its state stay what they are.
    public var isRetryable: Bool { false }
}

extension CheckpointSetupError: RetryableError {
    /// No: the program is at fault.
    public var isRetryable: Bool { false }
}
