import WeirCore
import WeirRuntime

/// A file that gets its name only once it is complete.
///
/// It is written under a hidden name in the same directory (`.part-0-0.csv.inprogress`), brought to
/// the disk, and renamed. A file left under the hidden name by a run that was killed is taken over;
/// one that another writer is at work on is not. A device or a named pipe is written directly.
///
/// In a job with checkpoints it is written in sections, one for each epoch, of which each can be
/// decompressed on its own; the length up to the end of a section is what a checkpoint holds.
final class OutputFile {
    /// The name that it gets.
    let path: String
    private let temporary: String?
    private let compression: FileCompression
    private let overwrite: Bool
    private let file: PlainOutput
    /// What compresses the section; `nil` while it is empty.
    private var section: (any ByteOutput)?

    /// Whether what is written shows at once, as in a device.
    var isVisible: Bool { temporary == nil }

    /// Opens the file, making the directories above it that are missing.
    ///
    /// - Parameter hidden: The name until it is complete; `nil`: one that belongs to `path`.
    init(
        _ path: String, compression: FileCompression, overwrite: Bool, hidden: String? = nil
    ) throws {
        self.path = path
        self.compression = compression
        self.overwrite = overwrite
        if try Self.isDevice(path) {
            temporary = nil
            file = PlainOutput(try FileDescriptor.writing(path))
        } else {
            try Self.checkFree(path, overwrite: overwrite)
            let hidden = hidden ?? Self.hiddenName(path)
            try FileTree.makeDirectory(FileTree.parent(of: path))
            let descriptor = try Self.openAlone(hidden, for: path)
            try descriptor.truncate()
            temporary = hidden
            file = PlainOutput(descriptor)
        }
        section = try compressing(compression, into: file, path: path)
    }

    /// Goes on with a file that a writer has left at the end of a section; what it has written
    /// after that is cut off.
    ///
    /// A file that has got its name in the meantime loses it again.
    ///
    /// - Throws: ``FileError/notAsPrepared(path:problem:)``.
    init(
        resuming path: String, compression: FileCompression, overwrite: Bool, at mark: OutputMark
    ) throws {
        self.path = path
        self.compression = compression
        self.overwrite = overwrite
        let hidden = Self.hiddenName(path)
        if try FileStatus.ifPresent(hidden) == nil {
            try mark.check(path)
            try FileTree.move(path, to: hidden)
        }
        let descriptor = try Self.openAlone(hidden, for: path)
        try mark.check(hidden)
        try descriptor.truncate(to: mark.length)
        try descriptor.seek(to: mark.length)
        temporary = hidden
        file = PlainOutput(descriptor, written: mark.length)
    }

    /// Checks that a file can be gone on with at the end of a section; changes nothing.
    ///
    /// - Throws: ``FileError/notAsPrepared(path:problem:)``.
    static func validate(resuming path: String, at mark: OutputMark) throws {
        let hidden = hiddenName(path)
        try mark.check(try FileStatus.ifPresent(hidden) == nil ? path : hidden)
    }

    /// Writes all the bytes, or hands them to the compression.
    func write(_ content: Span<UInt8>) throws {
        let output = try section ?? compressing(compression, into: file, path: path)
        section = output
        try output.write(content)
    }

    /// Ends the section and brings it to the disk; the file stays open and hidden.
    ///
    /// - Returns: The place behind it.
    func endSection() throws -> OutputMark {
        try section?.end()
        section = nil
        try file.synchronize()
        return try OutputMark(of: temporary ?? path, length: file.written)
    }

    /// Completes the file and brings it to the disk; it stays hidden.
    func complete() throws {
        try section?.end()
        section = nil
        try file.close()
    }

    /// Completes the file and gives it its name.
    ///
    /// - Throws: ``FileSystemError``, for example when the disk is full; the name is then not given.
    func commit() throws {
        try complete()
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

    /// The name of `path` while it is written.
    static func hiddenName(_ path: String, suffix: String = "inprogress") -> String {
        let parent = FileTree.parent(of: path)
        let name = path.split(separator: "/").last.map { String($0) } ?? path
        let hidden = ".\(name).\(suffix)"
        if parent.isEmpty { return hidden }
        return parent == "/" ? "/\(hidden)" : "\(parent)/\(hidden)"
    }
}

/// The end of a section of an ``OutputFile``: the file's length, and what stands right before it.
struct OutputMark: Equatable, Sendable {
    let length: Int64
    private let fingerprint: [UInt8]

    /// Marks the place `length` of the file at `path`.
    init(of path: String, length: Int64) throws {
        self.length = length
        fingerprint = ContentFingerprint.of(try Self.tail(of: path, before: length))
    }

    /// Reads a mark that `write` has written.
    init(from reader: inout StateReader) throws {
        length = try reader.readSigned()
        fingerprint = try reader.readRaw(reader.readCount())
    }

    /// Writes the mark, for a checkpoint.
    func write(to writer: inout StateWriter) {
        writer.write(signed: length)
        writer.write(fingerprint)
    }

    /// Checks that the file at `path` reaches the mark and is, before it, what it was.
    func check(_ path: String) throws {
        guard let status = try FileStatus.ifPresent(path), status.isRegular else {
            throw FileError.notAsPrepared(path: path, problem: "it is not there")
        }
        guard status.size >= length else {
            throw FileError.notAsPrepared(
                path: path, problem: "it has \(status.size) bytes instead of \(length) or more")
        }
        guard ContentFingerprint.fits(fingerprint, try Self.tail(of: path, before: length)) else {
            throw FileError.notAsPrepared(
                path: path, problem: "the bytes before byte \(length) are others")
        }
    }

    private static func tail(of path: String, before end: Int64) throws -> [UInt8] {
        let start = max(0, end - Int64(ContentFingerprint.length))
        guard start < end else { return [] }
        let file = try FileDescriptor.reading(path)
        try file.seek(to: start)
        var tail = [UInt8](repeating: 0, count: Int(end - start))
        var filled = 0
        while filled < tail.count, let found = try file.read(into: &tail, from: filled), found > 0 {
            filled += found
        }
        return Array(tail[..<filled])
    }
}
