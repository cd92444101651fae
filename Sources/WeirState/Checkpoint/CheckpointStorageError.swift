public import WeirCore

/// Why checkpoints could not be written to their directory, or read from it: what happened, to
/// which file, and how to mend it.
public enum CheckpointStorageError: Error, Equatable, Sendable {
    /// No room is left on the disk, or within what is allowed to the user.
    case full(action: String, path: String)
    /// The operating system refused something else.
    case failed(action: String, path: String, reason: String)
    /// A file that a checkpoint needs is not there.
    case missing(path: String)
    /// A file is not what was written: cut off, changed, or another one.
    case corrupt(path: String, reason: String)
    /// A checkpoint of a newer version of the format.
    case unsupportedFormat(path: String, version: Int, supported: Int)
    /// The checkpoint is compressed in a way that this build cannot read.
    case compressionUnavailable(path: String)
    /// Another running job has taken the directory.
    case inUse(path: String, owner: String)
    /// The directory holds the checkpoints of a job with another name.
    case belongsToOtherJob(path: String, owner: String, job: String)
    /// Something was to be written without ``CheckpointDirectory/claim(job:)``.
    case notClaimed(path: String)
    /// An epoch that is not after all that the directory holds.
    case staleEpoch(path: String, epoch: Epoch, newest: Epoch)
    /// There is no checkpoint at a path that was given.
    case noCheckpoint(path: String)
    /// There are checkpoints, and none of them can be used.
    case noUsableCheckpoint(path: String, problems: [CheckpointProblem])
    /// A savepoint was to be written to where something is already.
    case exists(path: String)
    /// A snapshot was written, or completed, after its checkpoint had ended or failed.
    case ended(path: String, epoch: Epoch)
}

extension CheckpointStorageError: CustomStringConvertible {
    public var description: String { fileProblem ?? directoryProblem ?? path }

    /// The file or directory.
    public var path: String {
        switch self {
        case .full(_, let path), .failed(_, let path, _), .missing(let path),
            .corrupt(let path, _), .unsupportedFormat(let path, _, _),
            .compressionUnavailable(let path), .inUse(let path, _),
            .belongsToOtherJob(let path, _, _), .notClaimed(let path), .staleEpoch(let path, _, _),
            .noCheckpoint(let path), .noUsableCheckpoint(let path, _), .exists(let path),
            .ended(let path, _):
            path
        }
    }

    /// Whether the checkpoint is damaged, so that an older one should be used; in all other cases
    /// this one may be good, and going back would give up what it holds.
    public var isDamage: Bool {
        switch self {
        case .missing, .corrupt: true
        default: false
        }
    }

    private var fileProblem: String? {
        switch self {
        case .full(let action, let path):
            "cannot \(action) \(path): no room is left. Free some space there, or keep fewer "
                + "checkpoints; the next checkpoint is written as soon as there is room."
        case .failed(let action, let path, let reason):
            "cannot \(action) \(path): \(reason). Look at the disk and at the permissions of the "
                + "checkpoint directory."
        case .missing(let path):
            "\(path) is missing, and the checkpoint needs it. Put it back, or restore another "
                + "checkpoint."
        case .corrupt(let path, let reason):
            "\(path) is damaged: \(reason). Put back a good copy, or restore another checkpoint."
        case .unsupportedFormat(let path, let version, let supported):
            "\(path) is of format \(version), and this version of Weir reads up to \(supported). "
                + "Restore it with the version that wrote it, or a later one."
        case .compressionUnavailable(let path):
            "\(path) is compressed with LZ4, which this build cannot read. Enable the package "
                + "trait `LZ4` of weir (`swift build --traits LZ4`)."
        default: nil
        }
    }

    private var directoryProblem: String? {
        switch self {
        case .inUse(let path, let owner):
            "the checkpoint directory \(path) is in use by \(owner). Stop that job, or give this "
                + "one a directory of its own."
        case .belongsToOtherJob(let path, let owner, let job):
            "the checkpoint directory \(path) holds checkpoints of the job '\(owner)'. Give "
                + "'\(job)' a directory of its own."
        case .notClaimed(let path):
            "internal: the checkpoint directory \(path) was written without having been claimed"
        case .staleEpoch(let path, let epoch, let newest):
            "\(path) holds epoch \(newest), so epoch \(epoch) cannot be written to it. Go on after "
                + "the newest epoch, or use a new directory."
        case .noCheckpoint(let path):
            "there is no checkpoint at \(path). Name a checkpoint directory, one of the numbered "
                + "directories in its `checkpoints`, or a savepoint."
        case .noUsableCheckpoint(let path, let problems):
            "no checkpoint in \(path) can be used:\n"
                + problems.map { "  - \($0)\n" }.joined()
                + "Mend the files, or start from nothing in another directory."
        case .exists(let path):
            "\(path) is there already. Name a path where nothing is."
        case .ended(let path, let epoch):
            "internal: checkpoint \(epoch) in \(path) has already ended or failed"
        default: nil
        }
    }
}

/// What is wrong with one checkpoint of a directory, which was passed over because of it.
public struct CheckpointProblem: Hashable, Sendable, CustomStringConvertible {
    /// The checkpoint; `nil` where the trouble is with the directory as a whole.
    public let epoch: Epoch?
    /// The file.
    public let file: String
    /// What is wrong with it, as a sentence that names the file.
    public let reason: String

    /// Describes a problem.
    public init(epoch: Epoch?, file: String, reason: String) {
        self.epoch = epoch
        self.file = file
        self.reason = reason
    }

    init(epoch: Epoch?, _ error: CheckpointStorageError) {
        self.init(epoch: epoch, file: error.path, reason: error.description)
    }

    public var description: String {
        epoch.map { "checkpoint \($0): \(reason)" } ?? reason
    }
}

extension CheckpointStorageError: RetryableError {
    /// Where it is a matter of time: a full disk, another job, and what the system reports.
    public var isRetryable: Bool {
        switch self {
        case .full, .failed, .inUse: true
        default: false
        }
    }
}
