import WeirRuntime

/// Where a writer's bytes go: a file, or a layer that compresses above one.
protocol ByteOutput: AnyObject {
    /// Writes all the bytes, or hands them to the layer below in time.
    func write(_ bytes: Span<UInt8>) throws
    /// Writes what is held back, with what closes the format; does not close the file.
    func end() throws
}

/// Bytes written to a file as they are.
final class PlainOutput: ByteOutput {
    private var file: FileDescriptor
    /// The bytes written so far.
    private(set) var written: Int64

    /// - Parameter written: The length of what is there already, behind which writing goes on.
    init(_ file: consuming FileDescriptor, written: Int64 = 0) {
        self.file = file
        self.written = written
    }

    func write(_ bytes: Span<UInt8>) throws {
        try file.write(bytes)
        written += Int64(bytes.count)
    }

    func end() throws {}

    /// Waits until the disk holds everything.
    func synchronize() throws { try file.synchronize() }

    /// Waits until the disk holds everything, and closes the file.
    func close() throws {
        try file.synchronize()
        try file.finish()
    }
}

/// Makes the layer that `compression` asks for.
///
/// - Throws: ``FileError/traitMissing(path:_:)`` where this build has none.
func compressing(
    _ compression: FileCompression, into file: PlainOutput, path: String
) throws -> any ByteOutput {
    switch compression {
    case .plain: return file
    case .gzip:
        #if GZip
            return try GZipOutput(file, path: path)
        #else
            throw FileError.traitMissing(path: path, .gzip)
        #endif
    case .lz4:
        #if LZ4
            return try LZ4Output(file, path: path)
        #else
            throw FileError.traitMissing(path: path, .lz4)
        #endif
    }
}
