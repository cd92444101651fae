#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// What a path leads to, and how large that is.
package struct FileStatus: Equatable, Sendable {
    private let format: mode_t
    private let device: UInt64
    private let number: UInt64
    /// Its length; meaningful for regular files. Unit: bytes.
    package let size: Int64

    init(_ record: stat) {
        format = record.st_mode & S_IFMT
        device = UInt64(truncatingIfNeeded: record.st_dev)
        number = UInt64(record.st_ino)
        size = Int64(record.st_size)
    }

    /// An ordinary file, whose length is known and in which one can seek.
    package var isRegular: Bool { format == S_IFREG }
    package var isDirectory: Bool { format == S_IFDIR }

    /// Whether both were looked up for one and the same file, by whatever paths.
    package func isSameFile(as other: FileStatus) -> Bool {
        device == other.device && number == other.number
    }

    /// Looks at `path`, following symbolic links.
    package static func of(_ path: String) throws(FileSystemError) -> FileStatus {
        var record = stat()
        if stat(path, &record) != 0 { throw .last("open", path) }
        return FileStatus(record)
    }

    /// Whether `path` itself is a symbolic link.
    package static func isLink(_ path: String) -> Bool {
        var record = stat()
        return lstat(path, &record) == 0 && record.st_mode & S_IFMT == S_IFLNK
    }

    /// As ``of(_:)``; `nil` where there is nothing.
    package static func ifPresent(_ path: String) throws(FileSystemError) -> FileStatus? {
        var record = stat()
        if stat(path, &record) == 0 { return FileStatus(record) }
        if errno == ENOENT { return nil }
        throw .last("open", path)
    }
}

/// Changes to directories.
package enum FileTree {
    /// Makes `directory` and those above it that are missing.
    package static func makeDirectory(_ directory: String) throws(FileSystemError) {
        guard !directory.isEmpty, directory != "/", try FileStatus.ifPresent(directory) == nil
        else {
            return
        }
        try makeDirectory(parent(of: directory))
        // Another subtask may have made it in between.
        if mkdir(directory, 0o755) != 0 && errno != EEXIST {
            throw .last("make the directory", directory)
        }
    }

    /// Checks that files can be made in `directory`, or, where it is missing, that it can be made.
    package static func checkWritable(_ directory: String) throws(FileSystemError) {
        let place = directory.isEmpty ? "." : directory
        guard let status = try FileStatus.ifPresent(place) else {
            return try checkWritable(parent(of: directory))
        }
        guard status.isDirectory else {
            throw FileSystemError(action: "write into", path: place, code: ENOTDIR)
        }
        if access(place, W_OK | X_OK) != 0 { throw .last("write into", place) }
    }

    /// The directory that holds `path`; empty for a bare name.
    package static func parent(of path: String) -> String {
        var trimmed = path[...]
        while trimmed.count > 1 && trimmed.last == "/" { trimmed.removeLast() }
        guard let slash = trimmed.lastIndex(of: "/") else { return "" }
        return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
    }

    /// The names in `directory` (the working directory when empty), sorted by their bytes, without
    /// `.` and `..`.
    package static func names(in directory: String) throws(FileSystemError) -> [String] {
        let place = directory.isEmpty ? "." : directory
        guard let handle = opendir(place) else { throw .last("list", place) }
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
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Gives the file `old` the name `new`, replacing a file of that name at once.
    package static func move(_ old: String, to new: String) throws(FileSystemError) {
        if rename(old, new) != 0 { throw .last("rename \(old) to", new) }
        synchronize(parent(of: new))
    }

    /// Removes a file if it is there.
    package static func remove(_ path: String) throws(FileSystemError) {
        if unlink(path) != 0 && errno != ENOENT { throw .last("remove", path) }
    }

    /// Makes new names and renames in `directory` outlast a loss of power, where the system can.
    package static func synchronize(_ directory: String) {
        let file = open(directory.isEmpty ? "." : directory, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        _ = fsync(file)
        close(file)
    }
}
