extension SavedCheckpoint {
    /// Writes a copy that stands on its own: a savepoint in a checkpoint directory of its own, with
    /// all the segments that it needs, each compared with its checksum on the way.
    ///
    /// The copy is complete and durable when this returns, and there is none at `destination`
    /// before.
    ///
    /// - Parameters:
    ///   - destination: The directory to make; those above it are made too.
    ///   - target: The file system of `destination`; `nil`: the checkpoint's own.
    /// - Throws: ``CheckpointStorageError/exists(path:)`` when something is there, and what reading
    ///   and writing throw; nothing is left behind then, where that can be helped.
    public func copy(
        to destination: String, in target: (any CheckpointFileSystem)? = nil
    ) throws {
        let destination = CheckpointPath.trimmed(destination)
        let target = target ?? segments.fileSystem
        guard try target.status(destination) == nil else {
            throw CheckpointStorageError.exists(path: destination)
        }
        let partial = destination + CheckpointPath.partialSuffix
        try target.removeTree(partial)
        do {
            try write(to: partial, in: target)
            try target.rename(partial, to: destination)
            try target.synchronizeDirectory(CheckpointPath.parent(of: destination))
        } catch {
            try? target.removeTree(partial)
            throw error
        }
    }

    private func write(to root: String, in target: any CheckpointFileSystem) throws {
        try target.makeDirectories(CheckpointPath.segments(root))
        for segment in manifest.segments {
            let file = try target.create(CheckpointPath.segment(root, segment.name))
            try segments.verify(segment) { bytes throws(CheckpointStorageError) in
                try file.append(bytes)
            }
            try file.synchronize()
            try file.close()
        }
        try target.synchronizeDirectory(CheckpointPath.segments(root))
        try target.makeDirectories(CheckpointPath.checkpoint(root, epoch))
        var copy = manifest
        copy.kind = .savepoint
        let file = try target.create(CheckpointPath.manifest(root, epoch))
        try file.append(try ManifestFile.encode(copy))
        try file.synchronize()
        try file.close()
        try target.synchronizeDirectory(CheckpointPath.checkpoint(root, epoch))
    }
}
