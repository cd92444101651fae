import WeirRuntime

/// A file that gets its name only once it is complete.
///
/// It is written under a hidden name in the same directory (`.part-0-0.csv.inprogress`), brought to
/// the disk, and renamed. A file left under the hidden name by a run that was killed is taken over;
/// one that another writer is at work on is not. A device or a named pipe is written directly.
final class OutputFile {
    /// The name that it gets.
    let path: String
    private let temporary: String?
    private let overwrite: Bool
    private let file: PlainOutput
    private let bytes: any ByteOutput

    /// Whether what is written shows at once, as in a device.
    var isVisible: Bool { temporary == nil }

    /// Opens the file, making the directories above it that are missing.
    init(_ path: String, compression: FileCompression, overwrite: Bool) throws {
        self.path = path
        self.overwrite = overwrite
        if try Self.isDevice(path) {
            temporary = nil
            file = PlainOutput(try FileDescriptor.writing(path))
        } else {
            try Self.checkFree(path, overwrite: overwrite)
            let hidden = Self.hiddenName(path)
            try FileTree.makeDirectory(FileTree.parent(of: path))
            let descriptor = try Self.openAlone(hidden, for: path)
            try descriptor.truncate()
            temporary = hidden
            file = PlainOutput(descriptor)
        }
        bytes = try compressing(compression, into: file, path: path)
    }

    /// Writes all the bytes, or hands them to the compression.
    func write(_ content: Span<UInt8>) throws { try bytes.write(content) }

    /// Completes the file and gives it its name.
    ///
    /// - Throws: ``FileSystemError``, for example when the disk is full; the name is then not given.
    func commit() throws {
        try bytes.end()
        try file.close()
        guard let temporary else { return }
        // Looked at again, since someone else may have written it in the meantime.
        try Self.checkFree(path, overwrite: overwrite)
        try FileTree.move(temporary, to: path)
    }

    /// Removes what was written; the file is closed when this object goes.
    func abandon() {
        // There is nobody left to tell that it could not be removed.
        if let temporary { try? FileTree.remove(temporary) }
    }

    /// Opens the hidden file for this writer alone.
    ///
    /// Between opening and locking it another writer may complete the very file and give it its
    /// name; the lock is then one on that writer's result, which must not be touched.
    private static func openAlone(_ hidden: String, for path: String) throws -> FileDescriptor {
        while true {
            let descriptor = try FileDescriptor.writing(hidden)
            guard try descriptor.lock() else { throw FileError.inUse(path: path) }
            if try descriptor.isStill(at: hidden) { return descriptor }
        }
    }

    /// Whether `path` is a device or a named pipe, which is written directly.
    static func isDevice(_ path: String) throws(FileSystemError) -> Bool {
        guard let status = try FileStatus.ifPresent(path) else { return false }
        return !status.isRegular && !status.isDirectory
    }

    /// - Throws: When `path` may not be replaced, or is a directory.
    static func checkFree(_ path: String, overwrite: Bool) throws {
        guard let status = try FileStatus.ifPresent(path) else { return }
        if status.isDirectory { throw FileSystemError.isDirectory("write", path) }
        if status.isRegular && !overwrite { throw FileError.exists(path: path) }
    }

    private static func hiddenName(_ path: String) -> String {
        let parent = FileTree.parent(of: path)
        let name = path.split(separator: "/").last.map { String($0) } ?? path
        let hidden = ".\(name).inprogress"
        if parent.isEmpty { return hidden }
        return parent == "/" ? "/\(hidden)" : "\(parent)/\(hidden)"
    }
}
