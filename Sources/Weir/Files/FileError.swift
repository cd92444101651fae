public import WeirCore

/// Why files could not be read or written, beyond what the operating system says
/// (``FileSystemError``).
public enum FileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A pattern matches no file.
    case noMatch(pattern: String)
    /// A source was given no path at all.
    case noPattern
    /// The file is compressed in a way that this build cannot read or write.
    case traitMissing(path: String, FileCompression)
    /// The file's name or the options say that it is compressed, but its content is something else.
    case notCompressed(path: String, FileCompression)
    /// A compressed file ends in the midst; `offset` bytes of content came before.
    case truncated(path: String, FileCompression, offset: Int64)
    /// A compressed file is damaged after `offset` bytes of content.
    case corrupt(path: String, FileCompression, offset: Int64, detail: String)
    /// A file that must begin with a header is empty.
    case noHeader(path: String)
    /// A file's header does not fit the record's schema, or is no header.
    case headerMismatch(path: String, problem: String)
    /// A split that none of the source's patterns led to.
    case unknownSplit(id: String)
    /// A file is to be read on from a position that it no longer reaches.
    case shortened(path: String, length: Int64, position: Int64)
    /// What was read of a file, before the position from which it is to be read on, has changed.
    case changed(path: String, position: Int64)
    /// A pipe, a terminal or a device is to be read on from a position.
    case notReplayable(path: String)
    /// An option has a value that makes no sense.
    case invalidOption(name: String, value: String, mend: String)
    /// The file to be written is there already.
    case exists(path: String)
    /// Another writer has the file open.
    case inUse(path: String)
    /// What a checkpoint has prepared is no longer as it was left.
    case notAsPrepared(path: String, problem: String)
    /// The library that compresses has failed.
    case compressionFailed(path: String, FileCompression, detail: String)
    /// A record could not be put into the file's format.
    case notEncodable(path: String, problem: String)

    public var description: String {
        readingProblem ?? writingProblem ?? "files: unknown error"
    }

    private var readingProblem: String? {
        switch self {
        case .noMatch(let pattern):
            "no file matches \(pattern). Paths are relative to the working directory; `*` does not "
                + "match hidden files, and `**` is what crosses directories."
        case .noPattern:
            "a source of files was given no path. Name a file, a pattern such as \"data/*.csv\", or "
                + "\"-\" for standard input."
        case .notCompressed(let path, let kind):
            "\(path) is not in \(kind) format. Rename it, or set the option `compression` to what "
                + "it is."
        case .truncated(let path, let kind, let offset):
            "\(path) ends in the midst of its \(kind) data, after \(offset) bytes of content. Fetch "
                + "it again; all whole records before that have been read."
        case .corrupt(let path, let kind, let offset, let detail):
            "\(path) is damaged: its \(kind) data cannot be read after \(offset) bytes of content "
                + "(\(detail)). Fetch it again; all whole records before that have been read."
        case .noHeader(let path):
            "\(path) is empty, and a header was expected. Write one, or state the columns with "
                + "`header: .absent(columns)`."
        case .headerMismatch(let path, let problem):
            "\(path) does not fit the record: \(problem) If the file has no header, state its "
                + "columns with `header: .absent(columns)`."
        case .unknownSplit(let id):
            "internal: the split \(id) does not come from this source; please report this"
        case .shortened(let path, let length, let position):
            "\(path) cannot be read on: byte \(position) of its content is next, and it now has only "
                + "\(length). Put back the file that the checkpoint was taken with, or start the job "
                + "without restoring."
        case .changed(let path, let position):
            "\(path) cannot be read on from byte \(position) of its content: what stands before that "
                + "is not what was read. Put back the file that the checkpoint was taken with, or "
                + "start the job without restoring."
        case .notReplayable(let path):
            "\(path) cannot be read on from a position: what was read from a pipe or a terminal is "
                + "gone. Read from a file, or start the job without restoring."
        default: nil
        }
    }

    private var writingProblem: String? {
        switch self {
        case .traitMissing(let path, let kind):
            "\(path): this build cannot handle \(kind). Enable the package trait "
                + "`\(kind.trait ?? "")` of weir (`swift build --traits \(kind.trait ?? "")`, or "
                + "`traits:` in the dependency)."
        case .invalidOption(let name, let value, let mend):
            "the file option `\(name)` is \(value); \(mend)."
        case .exists(let path):
            "\(path) is there already. Remove it, write to another path, or pass `overwrite: true`."
        case .inUse(let path):
            "\(path) is being written by another job or writer. Wait for it to end, or write to "
                + "another path."
        case .notAsPrepared(let path, let problem):
            "\(path) is not as the checkpoint has left it: \(problem). Put the file back, or start the "
                + "job without restoring."
        case .compressionFailed(let path, let kind, let detail):
            "\(path) could not be compressed as \(kind): \(detail)."
        case .notEncodable(let path, let problem):
            "a record cannot be written to \(path): \(problem)."
        default: nil
        }
    }
}

extension FileError: RetryableError {
    /// Only where another writer has the file: it may be done the next time.
    public var isRetryable: Bool { if case .inUse = self { true } else { false } }
}
