import WeirCore
import WeirState

/// A handle of a ``SimulatedDisk``.
final class SimulatedFile: CheckpointFile {
    private let files: SimulatedDisk, path: String

    init(_ files: SimulatedDisk, _ path: String) {
        self.files = files
        self.path = path
    }

    func append(_ bytes: [UInt8]) throws(CheckpointStorageError) { try files.append(bytes, path) }
    func synchronize() throws(CheckpointStorageError) { try files.synchronize(path) }
    func close() throws(CheckpointStorageError) {}
}

/// A handle of a ``SimulatedDisk``.
final class SimulatedFileReader: CheckpointFileReader {
    private let files: SimulatedDisk, path: String

    init(_ files: SimulatedDisk, _ path: String) {
        self.files = files
        self.path = path
    }

    func read(_ range: Range<Int>) throws(CheckpointStorageError) -> [UInt8] {
        try files.read(range, path)
    }
}

/// A handle of a ``SimulatedDisk``.
final class SimulatedFileLock: CheckpointLock {
    private let files: SimulatedDisk, path: String

    init(_ files: SimulatedDisk, _ path: String) {
        self.files = files
        self.path = path
    }

    deinit { release() }

    func release() { files.unlock(path) }
}
