import Weir

/// The checkpoints' file system, which notes when something was last read: state that is restored
/// bit by bit is in memory when nothing is read any more.
struct WatchedFiles: CheckpointFileSystem {
    /// What has been read.
    struct Reads: Sendable {
        var count = 0
        var bytes = 0
        var last = ContinuousClock.now
    }

    private let disk = DiskFileSystem()
    private let state = Shared()

    /// What has been read so far.
    var reads: Reads { state.reads.withLock { $0 } }

    private final class Shared: Sendable {
        let reads = Locked(Reads())
    }

    private final class Reader: CheckpointFileReader {
        let reader: any CheckpointFileReader
        let state: Shared

        init(_ reader: any CheckpointFileReader, _ state: Shared) {
            self.reader = reader
            self.state = state
        }

        func read(_ range: Range<Int>) throws(CheckpointStorageError) -> [UInt8] {
            let bytes = try reader.read(range)
            state.reads.withLock { reads in
                reads.count += 1
                reads.bytes += bytes.count
                reads.last = .now
            }
            return bytes
        }
    }

    func open(_ path: String) throws(CheckpointStorageError) -> any CheckpointFileReader {
        Reader(try disk.open(path), state)
    }

    func status(_ path: String) throws(CheckpointStorageError) -> CheckpointFileStatus? {
        try disk.status(path)
    }
    func makeDirectory(_ path: String) throws(CheckpointStorageError) {
        try disk.makeDirectory(path)
    }
    func list(_ path: String) throws(CheckpointStorageError) -> [String] { try disk.list(path) }
    func synchronizeDirectory(_ path: String) throws(CheckpointStorageError) {
        try disk.synchronizeDirectory(path)
    }
    func create(_ path: String) throws(CheckpointStorageError) -> any CheckpointFile {
        try disk.create(path)
    }
    func rename(_ path: String, to other: String) throws(CheckpointStorageError) {
        try disk.rename(path, to: other)
    }
    func remove(_ path: String) throws(CheckpointStorageError) { try disk.remove(path) }
    func removeDirectory(_ path: String) throws(CheckpointStorageError) {
        try disk.removeDirectory(path)
    }
    func lock(
        _ path: String, owner: [UInt8]
    ) throws(CheckpointStorageError) -> (any CheckpointLock)? { try disk.lock(path, owner: owner) }
}
