public import WeirCore

/// The checkpoints at a path, good or not.
public struct CheckpointListing: Sendable {
    /// One of them.
    public struct Item: Sendable {
        /// Its number.
        public let epoch: Epoch
        /// Its directory.
        public let path: String
        /// What is in it, or why it cannot be read.
        public let content: Result<CheckpointInspection, CheckpointStorageError>
    }

    /// By ascending epoch.
    public let items: [Item]

    /// Lists a checkpoint directory; of the path of one checkpoint or savepoint, that one.
    ///
    /// - Throws: ``CheckpointStorageError/noCheckpoint(path:)`` where there is none, and what listing
    ///   throws. What is wrong with one checkpoint is in its ``Item/content``.
    public init(
        _ path: String, fileSystem: any CheckpointFileSystem = DiskFileSystem()
    ) throws {
        let path = CheckpointPath.trimmed(path)
        guard try fileSystem.status(CheckpointPath.checkpoints(path)) == .directory else {
            let checkpoint = try SavedCheckpoint.open(path, fileSystem: fileSystem)
            items = [
                Item(
                    epoch: checkpoint.epoch, path: checkpoint.path,
                    content: .success(CheckpointInspection(checkpoint)))
            ]
            return
        }
        let epochs = try SavedCheckpoint.epochs(root: path, fileSystem: fileSystem)
        guard !epochs.isEmpty else { throw CheckpointStorageError.noCheckpoint(path: path) }
        items = epochs.map { epoch in
            Item(
                epoch: epoch, path: CheckpointPath.checkpoint(path, epoch),
                content: Result { () throws(CheckpointStorageError) in
                    CheckpointInspection(
                        try SavedCheckpoint.read(epoch, root: path, fileSystem: fileSystem))
                })
        }
    }
}
