import WeirCore

/// Reads blocks out of the segments of a checkpoint. Any thread may.
final class SegmentFiles: Sendable {
    /// The most files that are held open.
    private static let openLimit = 64
    /// How much of a file is read at once when all of it is. Unit: bytes.
    static let readBytes = 1 << 20

    private let root: String
    let fileSystem: any CheckpointFileSystem
    private let segments: [Int: SegmentManifest]
    private let readers = Locked<[Int: any CheckpointFileReader]>([:])

    init(_ segments: [SegmentManifest], root: String, fileSystem: any CheckpointFileSystem) {
        self.root = root
        self.fileSystem = fileSystem
        self.segments = Dictionary(segments.map { ($0.number, $0) }, uniquingKeysWith: { $1 })
    }

    func path(_ segment: SegmentManifest) -> String {
        CheckpointPath.segment(root, segment.name)
    }

    /// Whether a reference leads into a segment that is listed.
    func contains(_ reference: BlockReference) -> Bool {
        guard let segment = segments[reference.segment] else { return false }
        return reference.offset >= SegmentFormat.headerLength && reference.length >= 0
            && reference.rawLength >= reference.length && reference.length <= segment.bytes
            && reference.offset <= segment.bytes - reference.length
    }

    /// The block, checked and unpacked.
    func read(_ reference: BlockReference) throws(CheckpointStorageError) -> [UInt8] {
        guard contains(reference), let segment = segments[reference.segment] else {
            throw .corrupt(path: root, reason: "a block is said to lie outside of its segment")
        }
        let bytes = try reader(segment).read(reference.offset..<reference.end)
        guard bytes.count == reference.length else {
            throw .corrupt(path: path(segment), reason: "it was cut off at \(reference.offset)")
        }
        guard bytes.withUnsafeBytes({ ContentHasher.checksum($0) }) == reference.checksum else {
            throw .corrupt(
                path: path(segment),
                reason: "the \(reference.length) bytes at \(reference.offset) do not agree with "
                    + "their checksum")
        }
        guard reference.isCompressed else { return bytes }
        guard BlockCompression.isAvailable else {
            throw .compressionUnavailable(path: path(segment))
        }
        guard let block = BlockCompression.unpack(bytes, rawLength: reference.rawLength) else {
            throw .corrupt(
                path: path(segment), reason: "the block at \(reference.offset) cannot be unpacked")
        }
        return block
    }

    private func reader(
        _ segment: SegmentManifest
    ) throws(CheckpointStorageError) -> any CheckpointFileReader {
        if let known = readers.withLock({ $0[segment.number] }) { return known }
        let reader = try fileSystem.open(path(segment))
        readers.withLock { readers in
            if readers.count >= Self.openLimit { readers.removeAll() }
            readers[segment.number] = reader
        }
        return reader
    }

    /// Checks that a segment is there and of the right length.
    func checkLength(_ segment: SegmentManifest) throws(CheckpointStorageError) {
        let path = path(segment)
        switch try fileSystem.status(path) {
        case nil: throw .missing(path: path)
        case .directory: throw .corrupt(path: path, reason: "it is a directory")
        case .file(let size):
            if size != segment.bytes {
                throw .corrupt(
                    path: path, reason: "it has \(size) bytes, and \(segment.bytes) were written")
            }
        }
    }

    /// Checks the content of a segment, and hands it on piece by piece.
    func verify(
        _ segment: SegmentManifest,
        _ body: ([UInt8]) throws(CheckpointStorageError) -> Void = { _ in }
    ) throws(CheckpointStorageError) {
        try checkLength(segment)
        let reader = try fileSystem.open(path(segment))
        var hasher = ContentHasher()
        var offset = 0
        while offset < segment.bytes {
            let bytes = try reader.read(offset..<min(offset + Self.readBytes, segment.bytes))
            if bytes.isEmpty { break }
            hasher.combine(bytes)
            try body(bytes)
            offset += bytes.count
        }
        guard hasher.finalize().text == segment.name else {
            throw .corrupt(
                path: path(segment), reason: "its content does not agree with its checksum")
        }
    }
}
