public import WeirCore

/// A checkpoint that has been completed, open to be restored or to be the base of the next.
///
/// Opening one checks its manifest, that all its segments are there and of the right length, and
/// everything but the blocks of state themselves; these are checked as they are read, or all at
/// once by ``verify()``. As long as it is referred to, the ``CheckpointDirectory`` that it came
/// from keeps its files; any thread may use it.
public final class SavedCheckpoint: Sendable {
    /// What it consists of.
    public let manifest: CheckpointManifest
    /// The directory that holds its manifest.
    public let path: String

    let content: SavedContent
    let segments: SegmentFiles
    private let lists: [PieceAddress: BlockReference]
    private let onRelease: @Sendable () -> Void

    /// Puts together what is known already.
    init(
        _ manifest: CheckpointManifest, _ content: SavedContent, root: String,
        fileSystem: any CheckpointFileSystem, onRelease: @escaping @Sendable () -> Void
    ) {
        self.manifest = manifest
        self.content = content
        path = CheckpointPath.checkpoint(root, manifest.epoch)
        segments = SegmentFiles(manifest.segments, root: root, fileSystem: fileSystem)
        var lists: [PieceAddress: BlockReference] = [:]
        for described in manifest.operators {
            for part in described.parts {
                for piece in part.pieces {
                    let address = PieceAddress(
                        operatorID: described.id, part: part.name, subtask: piece.subtask)
                    lists[address] = piece.blocks
                }
            }
        }
        self.lists = lists
        self.onRelease = onRelease
    }

    deinit { onRelease() }

    /// The number of the checkpoint.
    public var epoch: Epoch { manifest.epoch }

    /// A part of an operator as each of its subtasks saved it, by ascending subtask; empty where
    /// there is no such part. Blocks are read when asked for.
    public func state(ofOperator operatorID: String, part name: String) -> [SavedState] {
        guard let described = manifest.operators.first(where: { $0.id == operatorID }) else {
            return []
        }
        let parts = described.parts.filter { $0.name == name }
        return parts.flatMap { part in
            part.pieces.map { piece in
                let address = PieceAddress(
                    operatorID: operatorID, part: name, subtask: piece.subtask)
                let blocks = content.blocks[address] ?? []
                return SavedState(
                    subtask: piece.subtask, parallelism: described.parallelism,
                    layout: part.layout, directory: content.directories[address] ?? [],
                    blockCount: blocks.count,
                    origin: SavedState.Origin(epoch: epoch, ids: blocks.map(\.id))
                ) { [self] index in try segments.read(blocks[index].reference) }
            }
        }.sorted { $0.subtask < $1.subtask }
    }

    /// The transactions that an operator's writers had prepared, by ascending epoch and subtask.
    public func transactions(ofOperator operatorID: String) -> [PreparedTransaction] {
        (content.transactions[operatorID] ?? []).sorted {
            ($0.epoch, $0.subtask) < ($1.epoch, $1.subtask)
        }
    }

    /// The blocks of a part of a subtask.
    func blocks(of address: PieceAddress) -> [ListedBlock] { content.blocks[address] ?? [] }

    /// Where the list of these blocks lies.
    func list(of address: PieceAddress) -> BlockReference? { lists[address] }

    /// Reads every segment from its start to its end, and compares it with its checksum.
    ///
    /// - Throws: ``CheckpointStorageError``, naming the first file that is not what was written.
    public func verify() throws {
        for segment in manifest.segments { try segments.verify(segment) }
    }
}

/// Which part of which subtask of which operator.
struct PieceAddress: Hashable, Sendable {
    let operatorID: String
    let part: String
    let subtask: Int
}

/// What a checkpoint holds besides the blocks of state, in memory.
struct SavedContent: Sendable {
    var blocks: [PieceAddress: [ListedBlock]] = [:]
    var directories: [PieceAddress: [UInt8]] = [:]
    var transactions: [String: [PreparedTransaction]] = [:]
}
