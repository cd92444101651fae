import WeirCore

extension SavedCheckpoint {
    /// Opens the checkpoint at a path: one of the numbered directories in a checkpoint directory's
    /// `checkpoints`, a savepoint, or a checkpoint directory, of which the newest is meant.
    ///
    /// - Parameter verifying: Whether all blocks are read and checked now; otherwise each is when
    ///   it is read.
    /// - Throws: ``CheckpointStorageError``, naming the file that is missing or damaged. No other
    ///   checkpoint is used instead.
    public static func open(
        _ path: String, fileSystem: any CheckpointFileSystem = DiskFileSystem(),
        verifying: Bool = false
    ) throws -> SavedCheckpoint {
        let path = CheckpointPath.trimmed(path)
        guard try fileSystem.status(path) == .directory else { throw noCheckpoint(path) }
        let checkpoint: SavedCheckpoint
        // A savepoint may have a name of twelve digits as well: the date, for one.
        let isRoot = try fileSystem.status(CheckpointPath.checkpoints(path)) == .directory
        if !isRoot, let epoch = CheckpointPath.epoch(ofName: CheckpointPath.lastName(of: path)) {
            let root = CheckpointPath.parent(of: CheckpointPath.parent(of: path))
            checkpoint = try read(epoch, root: root, fileSystem: fileSystem)
        } else {
            guard let newest = try epochs(root: path, fileSystem: fileSystem).last else {
                throw noCheckpoint(path)
            }
            checkpoint = try read(newest, root: path, fileSystem: fileSystem)
        }
        if verifying { try checkpoint.verify() }
        return checkpoint
    }

    private static func noCheckpoint(_ path: String) -> CheckpointStorageError {
        .noCheckpoint(path: path)
    }

    /// The epochs that a checkpoint directory holds, ascending, good or not.
    static func epochs(
        root: String, fileSystem: any CheckpointFileSystem
    ) throws(CheckpointStorageError) -> [Epoch] {
        let directory = CheckpointPath.checkpoints(root)
        guard try fileSystem.status(directory) != nil else { return [] }
        return try fileSystem.list(directory).compactMap { CheckpointPath.epoch(ofName: $0) }
            .sorted()
    }

    /// The manifest of an epoch, checked.
    static func manifest(
        _ epoch: Epoch, root: String, fileSystem: any CheckpointFileSystem
    ) throws(CheckpointStorageError) -> CheckpointManifest {
        let path = CheckpointPath.manifest(root, epoch)
        let manifest = try ManifestFile.decode(try fileSystem.contents(path), path: path)
        guard manifest.epoch == epoch else {
            throw .corrupt(path: path, reason: "it is the manifest of epoch \(manifest.epoch)")
        }
        let isSound = manifest.segments.allSatisfy { segment in
            segment.name.utf8.count == 32 && segment.name.utf8.allSatisfy(isHexadecimal)
                && segment.bytes >= 0 && segment.number >= 0 && segment.number < Int.max / 2
        }
        guard isSound else {
            throw .corrupt(path: path, reason: "it names a segment that cannot be")
        }
        return manifest
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    /// Opens one epoch of a directory, and checks all but the blocks of state.
    static func read(
        _ epoch: Epoch, root: String, fileSystem: any CheckpointFileSystem,
        onRelease: @escaping @Sendable () -> Void = {}
    ) throws(CheckpointStorageError) -> SavedCheckpoint {
        let manifest = try manifest(epoch, root: root, fileSystem: fileSystem)
        let files = SegmentFiles(manifest.segments, root: root, fileSystem: fileSystem)
        for segment in manifest.segments { try files.checkLength(segment) }
        let reading = ContentReading(
            files: files, manifestPath: CheckpointPath.manifest(root, epoch))
        return SavedCheckpoint(
            manifest, try reading.content(of: manifest), root: root, fileSystem: fileSystem,
            onRelease: onRelease)
    }
}

/// Reads what a checkpoint holds besides the blocks of state.
struct ContentReading {
    let files: SegmentFiles
    let manifestPath: String

    func content(
        of manifest: CheckpointManifest
    ) throws(CheckpointStorageError) -> SavedContent {
        var content = SavedContent()
        for described in manifest.operators {
            for part in described.parts {
                for piece in part.pieces {
                    let address = PieceAddress(
                        operatorID: described.id, part: part.name, subtask: piece.subtask)
                    content.directories[address] = try bytes(piece.directory)
                    content.blocks[address] = try blocks(of: piece)
                }
            }
            for transaction in described.transactions {
                content.transactions[described.id, default: []].append(
                    PreparedTransaction(
                        epoch: transaction.epoch, subtask: transaction.subtask,
                        content: try bytes(transaction.content)))
            }
        }
        return content
    }

    private func bytes(
        _ reference: BlockReference?
    ) throws(CheckpointStorageError) -> [UInt8] {
        guard let reference else { return [] }
        guard files.contains(reference) else { throw outside() }
        return try files.read(reference)
    }

    private func blocks(
        of piece: PieceManifest
    ) throws(CheckpointStorageError) -> [ListedBlock] {
        let blocks: [ListedBlock]
        do {
            blocks = piece.blocks == nil ? [] : try BlockList.decode(try bytes(piece.blocks))
        } catch let error as CheckpointStorageError {
            throw error
        } catch {
            throw .corrupt(path: manifestPath, reason: "\(error)")
        }
        guard blocks.count == piece.blockCount else {
            throw .corrupt(path: manifestPath, reason: "a list of blocks has not as many as said")
        }
        guard blocks.allSatisfy({ files.contains($0.reference) }) else { throw outside() }
        let isReadable =
            BlockCompression.isAvailable || !blocks.contains { $0.reference.isCompressed }
        guard isReadable else { throw .compressionUnavailable(path: manifestPath) }
        return blocks
    }

    private func outside() -> CheckpointStorageError {
        .corrupt(path: manifestPath, reason: "a block is said to lie outside of its segment")
    }
}

extension SavedCheckpoint {
    /// Makes the checkpoint's name last.
    ///
    /// Where the last step of completing it has failed, or the process died in it, the checkpoint may
    /// be there without having reached the disk.
    package func makeDurable() throws {
        try segments.fileSystem.synchronizeDirectory(CheckpointPath.parent(of: path))
    }
}
