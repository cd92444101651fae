public import WeirCore
import WeirRuntime

/// The files of one writer: rows collect in a buffer, and every so often another file begins.
///
/// A single file is made even when there is no row; in a directory, a writer without rows makes
/// none.
@usableFromInline struct RollingOutput {
    /// The bytes of the rows that have not been handed to the file.
    @usableFromInline var buffer: [UInt8] = []
    @usableFromInline var rows = 0
    @usableFromInline var bufferStart: Int64 = 0
    @usableFromInline let maximumRows: Int
    @usableFromInline let maximumBytes: Int64
    private let target: FileTarget
    private let header: [UInt8]
    private let subtask: Int
    private let parallelism: Int
    private var part = 0
    private var file: OutputFile?

    /// How much collects before it is written.
    @usableFromInline static var flushBytes: Int { 256 << 10 }

    /// - Parameter header: What every file begins with.
    init(_ target: FileTarget, header: [UInt8], context: SubtaskContext) throws {
        self.target = target
        self.header = header
        subtask = context.subtask
        parallelism = context.parallelism
        maximumRows = target.rolling.rows ?? .max
        maximumBytes = target.rolling.bytes ?? .max
        buffer.reserveCapacity(Self.flushBytes + (64 << 10))
        try begin()
    }

    /// The file being written, for messages.
    @usableFromInline var path: String { target.path(subtask: subtask, part: part) }

    /// Ends the line of a row that has been put into the buffer.
    @inlinable mutating func endRow() throws {
        buffer.append(10)
        rows &+= 1
        if rows == maximumRows || bufferStart + Int64(buffer.count) >= maximumBytes {
            try roll()
        } else if buffer.count >= Self.flushBytes {
            try writeBuffer()
        }
    }

    /// Completes the file; the next row begins another.
    @usableFromInline mutating func roll() throws {
        try commit()
        buffer.append(contentsOf: header)
    }

    private mutating func commit() throws {
        do {
            try writeBuffer()
            try file?.commit()
        } catch {
            abandon()
            throw error
        }
        file = nil
        part += 1
        rows = 0
        bufferStart = 0
    }

    /// Hands the buffer to the file, which it opens if need be.
    @usableFromInline mutating func writeBuffer() throws {
        let output = try file ?? open()
        file = output
        try output.write(buffer.span)
        bufferStart += Int64(buffer.count)
        buffer.removeAll(keepingCapacity: true)
    }

    /// Writes what there is where it can be seen at once: into a device or a pipe.
    mutating func flush() throws {
        if file?.isVisible == true { try writeBuffer() }
    }

    /// Completes the last file.
    mutating func finish() throws {
        if rows > 0 || file != nil { try commit() }
        try target.removeOldParts(subtask: subtask, from: part, parallelism: parallelism)
    }

    /// Removes the file that is not complete; those before it stay.
    mutating func abandon() {
        file?.abandon()
        file = nil
        buffer.removeAll()
    }

    /// A row that has no form in this format.
    @usableFromInline func notEncodable(_ error: FieldError) -> FileError {
        .notEncodable(path: path, problem: error.reason)
    }

    private mutating func begin() throws {
        buffer.append(contentsOf: header)
        // Opened at once, so that a place that cannot be written is known before the first row; in
        // a directory the first row decides, since a writer may get none.
        if case .file = target.place { file = try open() }
    }

    private func open() throws -> OutputFile {
        try OutputFile(path, compression: target.compression, overwrite: target.overwrite)
    }
}
