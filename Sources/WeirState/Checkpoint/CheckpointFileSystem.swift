/// What checkpoint storage asks of a file system: each step that durability depends on is a call of
/// its own, so that a simulated file system can lose or refuse any of them.
///
/// What is written to a file lasts through a loss of power once ``CheckpointFile/synchronize()``
/// has returned; that a name is there, is gone or leads elsewhere, once
/// ``synchronizeDirectory(_:)`` of the directory that holds it has. Nothing else may be relied on:
/// neither that unsynchronized writes are lost nor that they are kept, nor their order. `rename` is
/// atomic: a reader finds the old or the new file.
///
/// Source: Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014; POSIX `fsync`,
/// `rename`.
public protocol CheckpointFileSystem: Sendable {
    /// What is at `path`; `nil`: nothing.
    func status(_ path: String) throws(CheckpointStorageError) -> CheckpointFileStatus?
    /// Makes a directory in one that exists; does nothing where there is one already.
    func makeDirectory(_ path: String) throws(CheckpointStorageError)
    /// The names in a directory, in any order, without `.` and `..`.
    ///
    /// - Throws: ``CheckpointStorageError/missing(path:)`` where there is no such directory.
    func list(_ path: String) throws(CheckpointStorageError) -> [String]
    /// Makes changes of names in a directory last.
    func synchronizeDirectory(_ path: String) throws(CheckpointStorageError)
    /// Creates a file to write, in place of one that may be there.
    func create(_ path: String) throws(CheckpointStorageError) -> any CheckpointFile
    /// Opens a file to read.
    ///
    /// - Throws: ``CheckpointStorageError/missing(path:)`` where there is none.
    func open(_ path: String) throws(CheckpointStorageError) -> any CheckpointFileReader
    /// Gives a file or directory another name in the same file system; a file replaces a file.
    func rename(_ path: String, to other: String) throws(CheckpointStorageError)
    /// Removes a file; does nothing where there is none.
    func remove(_ path: String) throws(CheckpointStorageError)
    /// Removes an empty directory; does nothing where there is none.
    func removeDirectory(_ path: String) throws(CheckpointStorageError)
    /// Takes the lock file at `path` for this holder alone, until it is released or its process
    /// ends, and writes `owner` into it.
    ///
    /// - Returns: `nil` when another holder has it, in this process or another.
    func lock(
        _ path: String, owner: [UInt8]
    ) throws(CheckpointStorageError) -> (any CheckpointLock)?
}

/// What a path leads to.
public enum CheckpointFileStatus: Hashable, Sendable {
    /// A directory.
    case directory
    /// A file, and its length in bytes.
    case file(size: Int)
}

/// A file being written from its start to its end. One thread at a time uses it.
public protocol CheckpointFile: AnyObject {
    /// Adds bytes at the end.
    func append(_ bytes: [UInt8]) throws(CheckpointStorageError)
    /// Returns when all that was written will outlast a loss of power. After a failure nothing is
    /// known of what was written, and the file must be given up: trying again may succeed without
    /// having written.
    func synchronize() throws(CheckpointStorageError)
    /// Closes the file; also done, without a word, when the object goes.
    func close() throws(CheckpointStorageError)
}

/// A file being read, from any thread. Closed when the object goes.
public protocol CheckpointFileReader: AnyObject, Sendable {
    /// The bytes in `range`; fewer where the file ends before.
    func read(_ range: Range<Int>) throws(CheckpointStorageError) -> [UInt8]
}

/// A lock that is held until it is released or the object goes.
public protocol CheckpointLock: AnyObject, Sendable {
    /// Gives the lock up; does nothing the second time.
    func release()
}

extension CheckpointFileSystem {
    /// Makes a directory and those above it that are missing, so that they last.
    func makeDirectories(_ path: String) throws(CheckpointStorageError) {
        switch try status(path) {
        case .directory: return
        case .file:
            throw .failed(action: "make the directory", path: path, reason: "a file is there")
        case nil: break
        }
        let parent = CheckpointPath.parent(of: path)
        try makeDirectories(parent)
        try makeDirectory(path)
        try synchronizeDirectory(parent)
    }

    /// The whole content of a file.
    func contents(_ path: String) throws(CheckpointStorageError) -> [UInt8] {
        guard case .file(let size) = try status(path) else { throw .missing(path: path) }
        return try open(path).read(0..<size)
    }

    /// Removes a directory and the files in it; what cannot be removed is left.
    func removeTree(_ path: String) throws(CheckpointStorageError) {
        guard try status(path) == .directory else { return try remove(path) }
        for name in try list(path) { try removeTree(path + "/" + name) }
        try removeDirectory(path)
    }
}
