import WeirState

/// A file system that leaves out some of what makes changes last.
struct CarelessDisk: CheckpointFileSystem {
    let disk: any CheckpointFileSystem
    var synchronizesFiles = true
    var synchronizesDirectories = true

    func status(_ path: String) throws(CheckpointStorageError) -> CheckpointFileStatus? {
        try disk.status(path)
    }
    func makeDirectory(_ path: String) throws(CheckpointStorageError) {
        try disk.makeDirectory(path)
    }
    func list(_ path: String) throws(CheckpointStorageError) -> [String] { try disk.list(path) }
    func synchronizeDirectory(_ path: String) throws(CheckpointStorageError) {
        if synchronizesDirectories { try disk.synchronizeDirectory(path) }
    }
    func create(_ path: String) throws(CheckpointStorageError) -> any CheckpointFile {
        let file = try disk.create(path)
        return synchronizesFiles ? file : CarelessFile(file)
    }
    func open(_ path: String) throws(CheckpointStorageError) -> any CheckpointFileReader {
        try disk.open(path)
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

private final class CarelessFile: CheckpointFile {
    private let file: any CheckpointFile

    init(_ file: any CheckpointFile) { self.file = file }

    func append(_ bytes: [UInt8]) throws(CheckpointStorageError) { try file.append(bytes) }
    func synchronize() throws(CheckpointStorageError) {}
    func close() throws(CheckpointStorageError) { try file.close() }
}
