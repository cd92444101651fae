import WeirCore

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// The operating system's files.
///
/// Locks are `flock` locks: the kernel gives them up with the process, however it ends, so that
/// what a killed job leaves behind stops no one. A file system without locks (some network file
/// systems) counts as free.
public struct DiskFileSystem: CheckpointFileSystem {
    /// Files as the operating system shows them; relative paths start at the working directory.
    public init() {}

    public func status(_ path: String) throws(CheckpointStorageError) -> CheckpointFileStatus? {
        var record = stat()
        if stat(path, &record) != 0 {
            if errno == ENOENT { return nil }
            throw lastError("look at", path)
        }
        if record.st_mode & S_IFMT == S_IFDIR { return .directory }
        return .file(size: Int(record.st_size))
    }

    public func makeDirectory(_ path: String) throws(CheckpointStorageError) {
        if mkdir(path, 0o755) != 0 && errno != EEXIST {
            throw lastError("make the directory", path)
        }
    }

    public func list(_ path: String) throws(CheckpointStorageError) -> [String] {
        guard let handle = opendir(path) else {
            if errno == ENOENT { throw .missing(path: path) }
            throw lastError("list", path)
        }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            // SAFETY: the name is a C string inside the entry, copied before the next `readdir`.
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(
                    to: CChar.self, capacity: MemoryLayout.size(ofValue: tuple.pointee)
                ) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    public func synchronizeDirectory(_ path: String) throws(CheckpointStorageError) {
        let descriptor = systemOpen(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw lastError("open", path) }
        defer { _ = systemClose(descriptor) }
        try systemSynchronize(descriptor, path)
    }

    public func create(_ path: String) throws(CheckpointStorageError) -> any CheckpointFile {
        let descriptor = systemOpen(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC)
        guard descriptor >= 0 else { throw lastError("create", path) }
        return DiskFile(descriptor, path)
    }

    public func open(_ path: String) throws(CheckpointStorageError) -> any CheckpointFileReader {
        let descriptor = systemOpen(path, O_RDONLY | O_CLOEXEC)
        if descriptor >= 0 { return DiskFileReader(descriptor, path) }
        if errno == ENOENT { throw .missing(path: path) }
        throw lastError("open", path)
    }

    public func rename(_ path: String, to other: String) throws(CheckpointStorageError) {
        if systemRename(path, other) != 0 { throw lastError("rename \(path) to", other) }
    }

    public func remove(_ path: String) throws(CheckpointStorageError) {
        if unlink(path) != 0 && errno != ENOENT { throw lastError("remove", path) }
    }

    public func removeDirectory(_ path: String) throws(CheckpointStorageError) {
        if rmdir(path) != 0 && errno != ENOENT { throw lastError("remove", path) }
    }

    public func lock(
        _ path: String, owner: [UInt8]
    ) throws(CheckpointStorageError) -> (any CheckpointLock)? {
        let descriptor = systemOpen(path, O_RDWR | O_CREAT | O_CLOEXEC)
        guard descriptor >= 0 else { throw lastError("open", path) }
        let lock = DiskLock(descriptor)
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return nil }
            let isLockable = ![ENOTSUP, EOPNOTSUPP, EINVAL, ENOLCK].contains(errno)
            if isLockable { throw lastError("lock", path) }
        }
        if ftruncate(descriptor, 0) != 0 { throw lastError("write to", path) }
        try systemWrite(descriptor, owner, path)
        return lock
    }
}

/// A file of the operating system, being written.
private final class DiskFile: CheckpointFile {
    private var descriptor: CInt
    private let path: String

    init(_ descriptor: CInt, _ path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { if descriptor >= 0 { _ = systemClose(descriptor) } }

    func append(_ bytes: [UInt8]) throws(CheckpointStorageError) {
        try systemWrite(descriptor, bytes, path)
    }

    func synchronize() throws(CheckpointStorageError) { try systemSynchronize(descriptor, path) }

    func close() throws(CheckpointStorageError) {
        guard descriptor >= 0 else { return }
        let closing = descriptor
        descriptor = -1
        if systemClose(closing) != 0 && errno != EINTR { throw lastError("write to", path) }
    }
}

/// A file of the operating system, being read.
private final class DiskFileReader: CheckpointFileReader {
    private let descriptor: CInt
    private let path: String

    init(_ descriptor: CInt, _ path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { _ = systemClose(descriptor) }

    func read(_ range: Range<Int>) throws(CheckpointStorageError) -> [UInt8] {
        var failure: CheckpointStorageError?
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, filled in
            // SAFETY: each call is given what is left of the buffer.
            while filled < range.count {
                let rest = UnsafeMutableRawBufferPointer(
                    UnsafeMutableBufferPointer(rebasing: buffer[filled...]))
                let count = pread(
                    descriptor, rest.baseAddress, range.count - filled,
                    off_t(range.lowerBound + filled))
                if count == 0 { break }
                if count > 0 {
                    filled += count
                } else if errno != EINTR {
                    failure = lastError("read", path)
                    break
                }
            }
        }
        if let failure { throw failure }
        return bytes
    }
}

/// An `flock` lock, and the open file that it belongs to.
private final class DiskLock: CheckpointLock {
    private let descriptor: Locked<CInt>

    init(_ descriptor: CInt) { self.descriptor = Locked(descriptor) }

    deinit { release() }

    func release() {
        descriptor.withLock { descriptor in
            if descriptor >= 0 { _ = systemClose(descriptor) }
            descriptor = -1
        }
    }
}

// The methods above hide the functions of the same name.

private func systemOpen(_ path: String, _ flags: CInt) -> CInt {
    while true {
        let descriptor = open(path, flags, 0o644)
        if descriptor >= 0 || errno != EINTR { return descriptor }
    }
}

private func systemClose(_ descriptor: CInt) -> CInt { close(descriptor) }

private func systemRename(_ path: String, _ other: String) -> CInt { rename(path, other) }

private func systemWrite(
    _ descriptor: CInt, _ bytes: [UInt8], _ path: String
) throws(CheckpointStorageError) {
    var written = 0
    while written < bytes.count {
        // SAFETY: the pointer stays inside the closure, and its length bounds the call.
        let count = bytes.withUnsafeBytes { all in
            let rest = UnsafeRawBufferPointer(rebasing: all[written...])
            return write(descriptor, rest.baseAddress, rest.count)
        }
        if count >= 0 {
            written += count
        } else if errno != EINTR {
            throw lastError("write to", path)
        }
    }
}

private func systemSynchronize(
    _ descriptor: CInt, _ path: String
) throws(CheckpointStorageError) {
    while fsync(descriptor) != 0 {
        // What cannot be synchronized at all, such as directories of some network file systems.
        if errno == EINVAL || errno == ENOTSUP { return }
        if errno != EINTR { throw lastError("write to", path) }
    }
}

/// The error of the system call that has just failed.
private func lastError(_ action: String, _ path: String) -> CheckpointStorageError {
    let code = errno
    if [ENOSPC, EDQUOT, EFBIG].contains(code) { return .full(action: action, path: path) }
    return .failed(action: action, path: path, reason: String(cString: strerror(code)))
}
