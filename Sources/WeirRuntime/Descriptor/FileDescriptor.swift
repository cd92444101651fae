#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// An open file, closed when its owner goes.
///
/// A thin layer over the system calls: nothing is buffered, an interrupted call is made again, and
/// every failure becomes a ``FileSystemError`` with the path in it.
package struct FileDescriptor: ~Copyable, Sendable {
    private let raw: CInt
    private var isOwned: Bool
    /// The path, for messages.
    package let path: String

    private init(raw: CInt, path: String, isOwned: Bool = true) {
        self.raw = raw
        self.path = path
        self.isOwned = isOwned
    }

    deinit { if isOwned { _ = close(raw) } }

    /// Standard input, which stays open.
    ///
    /// - Throws: `EBADF` when the program was started without one.
    package static func standardInput() throws(FileSystemError) -> FileDescriptor {
        guard isInherited(0) else {
            throw FileSystemError(action: "read", path: "standard input", code: EBADF)
        }
        return FileDescriptor(raw: 0, path: "standard input", isOwned: false)
    }

    /// Whether an open descriptor, such as one of the standard three, can have been there when the
    /// program started.
    ///
    /// Where one of these was closed, its number is free, and the language's runtime opens
    /// something of its own under it before `main`: an event queue, which takes what is printed for
    /// events, and from which no read ever returns. What the runtime opens is closed on exec,
    /// and what comes through an exec cannot be.
    package static func isInherited(_ descriptor: CInt) -> Bool {
        let flags = fcntl(descriptor, F_GETFD)
        return flags >= 0 && flags & FD_CLOEXEC == 0
    }

    /// Opens a file to read. A named pipe is opened without waiting for its writer.
    package static func reading(_ path: String) throws(FileSystemError) -> FileDescriptor {
        let kind = try FileStatus.of(path)
        if kind.isDirectory { throw .isDirectory("read", path) }
        let flags = O_RDONLY | O_CLOEXEC | (kind.isRegular ? 0 : O_NONBLOCK)
        return try opening(path, flags, action: "open")
    }

    /// Opens a file to write from its start; creates it, and keeps its old content until
    /// ``truncate()``, if there is one.
    package static func writing(_ path: String) throws(FileSystemError) -> FileDescriptor {
        try opening(path, O_WRONLY | O_CREAT | O_CLOEXEC, action: "create")
    }

    /// Opens a file to add to its end; creates it if there is none.
    package static func appending(_ path: String) throws(FileSystemError) -> FileDescriptor {
        try opening(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, action: "append to")
    }

    private static func opening(
        _ path: String, _ flags: CInt, action: String
    ) throws(FileSystemError) -> FileDescriptor {
        while true {
            let raw = open(path, flags, 0o644)
            if raw >= 0 { return FileDescriptor(raw: raw, path: path) }
            if errno != EINTR { throw .last(action, path) }
        }
    }
}

// MARK: - Reading

extension FileDescriptor {
    /// Reads into `buffer` from `start` on.
    ///
    /// - Returns: The number of bytes read; 0 at the end of the file; `nil` when the file is one
    ///   that does not wait and has nothing now.
    package func read(
        into buffer: inout [UInt8], from start: Int
    ) throws(FileSystemError) -> Int? {
        precondition(start < buffer.count, "no room to read into")
        while true {
            // SAFETY: the pointer stays inside the closure, and its length bounds the call.
            let count = buffer.withUnsafeMutableBytes { bytes in
                let room = UnsafeMutableRawBufferPointer(rebasing: bytes[start...])
                return systemRead(raw, room.baseAddress, room.count)
            }
            if count >= 0 { return count }
            if errno == EAGAIN || errno == EWOULDBLOCK { return nil }
            if errno != EINTR { throw .last("read", path) }
        }
    }

    /// Waits until there is something to read, or the writer has gone, or `milliseconds` have
    /// passed, or a signal came in.
    ///
    /// - Returns: Whether there is something to read (or an end, or an error, to be read).
    package func waitUntilReadable(milliseconds: Int32) throws(FileSystemError) -> Bool {
        var request = pollfd(fd: raw, events: Int16(POLLIN), revents: 0)
        let ready = poll(&request, 1, milliseconds)
        if ready < 0 && errno != EINTR { throw .last("wait for", path) }
        return ready > 0
    }

    /// Moves to `offset`, counted from the start of the file.
    package func seek(to offset: Int64) throws(FileSystemError) {
        if lseek(raw, off_t(offset), SEEK_SET) < 0 { throw .last("seek in", path) }
    }

    /// What the file is, and how large.
    package func status() throws(FileSystemError) -> FileStatus {
        var record = stat()
        if fstat(raw, &record) != 0 { throw .last("look at", path) }
        return FileStatus(record)
    }

    /// Whether `path` leads to this file, and not to another one or nowhere.
    package func isStill(at path: String) throws(FileSystemError) -> Bool {
        guard let there = try FileStatus.ifPresent(path) else { return false }
        return try status().isSameFile(as: there)
    }
}

// MARK: - Writing

extension FileDescriptor {
    /// Writes all the bytes.
    package func write(_ bytes: Span<UInt8>) throws(FileSystemError) {
        var written = 0
        while written < bytes.count {
            // SAFETY: the pointer stays inside the closure, and its length bounds the call.
            let count = bytes.extracting(written..<bytes.count).withUnsafeBytes { rest in
                systemWrite(raw, rest.baseAddress, rest.count)
            }
            if count >= 0 {
                written += count
            } else if errno == EAGAIN || errno == EWOULDBLOCK {
                var request = pollfd(fd: raw, events: Int16(POLLOUT), revents: 0)
                _ = poll(&request, 1, -1)
            } else if errno != EINTR {
                throw .last("write to", path)
            }
        }
    }

    /// Cuts the file down to its first `length` bytes; does nothing for a device.
    package func truncate(to length: Int64 = 0) throws(FileSystemError) {
        if ftruncate(raw, off_t(length)) != 0 && errno != EINVAL { throw .last("shorten", path) }
    }

    /// Takes the file for this process alone, until it is closed.
    ///
    /// A device or a pipe is nobody's alone: it counts as free, and is not held against others.
    ///
    /// - Returns: Whether it was free.
    package func lock() throws(FileSystemError) -> Bool {
        guard try status().isRegular else { return true }
        if flock(raw, LOCK_EX | LOCK_NB) == 0 { return true }
        if errno == EWOULDBLOCK { return false }
        // A file system without locks: nothing to hold others off with.
        if errno == ENOTSUP || errno == EOPNOTSUPP || errno == EINVAL || errno == ENOLCK {
            return true
        }
        throw .last("lock", path)
    }

    /// Waits until the disk holds what was written; does nothing for a device or a pipe.
    package func synchronize() throws(FileSystemError) {
        while fsync(raw) != 0 {
            if errno == EINVAL || errno == EROFS || errno == ENOTSUP { return }
            if errno != EINTR { throw .last("write to", path) }
        }
    }

    /// Closes the file and says if that failed, which is how some file systems report that earlier
    /// writes did not arrive.
    package mutating func finish() throws(FileSystemError) {
        guard isOwned else { return }
        isOwned = false
        if close(raw) != 0 && errno != EINTR { throw .last("write to", path) }
    }
}

// The methods above hide the functions of the same name.
private func systemRead(_ file: CInt, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(file, bytes, count)
}

private func systemWrite(_ file: CInt, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(file, bytes, count)
}
