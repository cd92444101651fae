/// How files are read, whatever their format.
public struct FileReadOptions: Equatable, Sendable {
    /// How the files are compressed. Default `nil`: each file's first bytes tell, then its
    /// extension.
    public var compression: FileCompression?
    /// The length of the byte ranges into which a plain file falls that is longer than this.
    /// Default: 64 MiB. Unit: bytes.
    public var splitBytes: Int64
    /// The longest record that is read; a longer one is a bad record, of which the first 64 KiB are
    /// kept. Bounds the reader's memory. Default: 16 MiB. Unit: bytes.
    public var maximumRecordBytes: Int
    /// The size of a reader's buffers, when it starts. Default: 256 KiB. Unit: bytes.
    public var bufferBytes: Int

    /// Creates options; the defaults suit most files.
    public init(
        compression: FileCompression? = nil, splitBytes: Int64 = 64 << 20,
        maximumRecordBytes: Int = 16 << 20, bufferBytes: Int = 256 << 10
    ) {
        self.compression = compression
        self.splitBytes = splitBytes
        self.maximumRecordBytes = maximumRecordBytes
        self.bufferBytes = bufferBytes
    }

    /// Refuses sizes that are not positive, or too large for a buffer.
    func validate() throws(FileError) {
        if splitBytes < 1 {
            throw .invalidOption(
                name: "splitBytes", value: "\(splitBytes)", mend: "it must be at least 1")
        }
        let most = 1 << 30
        let sizes = [("maximumRecordBytes", maximumRecordBytes), ("bufferBytes", bufferBytes)]
        for (name, size) in sizes where size < 1 || size > most {
            throw .invalidOption(
                name: name, value: "\(size)", mend: "it must be at least 1 and at most \(most)")
        }
    }
}
