public import WeirCore

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// The operating system refused something that was asked of a file.
public struct FileSystemError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was tried, as it reads after "cannot": `open`, `write to`.
    public let action: String
    /// The file's path, as given.
    public let path: String
    /// The `errno` that came back.
    public let code: Int32

    /// Creates the error of a system call that failed with `code`.
    public init(action: String, path: String, code: Int32) {
        self.action = action
        self.path = path
        self.code = code
    }

    /// The error of the system call that has just failed.
    package static func last(_ action: String, _ path: String) -> FileSystemError {
        FileSystemError(action: action, path: path, code: errno)
    }

    /// The error of treating a directory as a file.
    package static func isDirectory(_ action: String, _ path: String) -> FileSystemError {
        FileSystemError(action: action, path: path, code: EISDIR)
    }

    /// What the system calls this error: `No such file or directory`.
    public var reason: String { String(cString: strerror(code)) }

    public var description: String {
        "cannot \(action) \(path): \(reason)" + (mend.map { ". \($0)" } ?? "")
    }

    /// What the user may do about it.
    private var mend: String? {
        switch code {
        case ENOENT: "Look for a typing error in the path; it is relative to the working directory."
        case EACCES, EPERM: "Give the user who runs the job the right to do so."
        case ENOSPC, EDQUOT: "Free some space there, or name a path on another disk."
        case EROFS: "Name a path on a file system that can be written."
        case EISDIR: "Name a file, not a directory."
        case ELOOP: "A symbolic link on the path leads back to itself. Mend or remove it."
        case EBADF: "It is closed or not open that way. Redirect it, if only to /dev/null."
        case ENOTDIR: "A part of the path is a file, where a directory should be."
        case EMFILE, ENFILE: "Raise the limit of open files (`ulimit -n`), or read fewer at once."
        default: nil
        }
    }
}

extension FileSystemError: RetryableError {
    /// Not where rights, names or the kind of file stand in the way.
    public var isRetryable: Bool {
        switch code {
        case EACCES, EPERM, EROFS, EISDIR, ENOTDIR, ELOOP, ENAMETOOLONG, EBADF: false
        default: true
        }
    }
}
