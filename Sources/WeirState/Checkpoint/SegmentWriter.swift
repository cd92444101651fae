public import WeirCore

/// Writes blocks of one checkpoint into segments of its own. Several may write at once; the calls
/// of one are made one after another, from any thread.
public final class SegmentWriter: Sendable {
    /// A segment that grows beyond this is closed, and another begun. Unit: bytes.
    static let segmentBytes = 64 << 20
    /// How much is collected before it goes to the file. Unit: bytes.
    private static let bufferBytes = 1 << 20

    private let checkpoint: CheckpointWriter
    private let state = Locked(State())

    private struct State {
        var open: OpenSegment?
        var packed: [UInt8] = []
        var failure: (any Error)?
    }

    init(_ checkpoint: CheckpointWriter) { self.checkpoint = checkpoint }

    /// Writes what has changed in a snapshot since the base checkpoint, and refers to the base for
    /// the rest. Does not release the snapshot.
    ///
    /// A block that is said to be unchanged but that the base does not have is written, and so is
    /// one that lies in a segment which is mostly dead.
    ///
    /// - Throws: ``CheckpointStorageError``, and what the snapshot throws; the checkpoint must then
    ///   be abandoned.
    public func save(
        _ snapshot: any StateSnapshot, as part: String, layout: StateLayout,
        operator operatorID: String, subtask: Int
    ) throws {
        let address = PieceAddress(operatorID: operatorID, part: part, subtask: subtask)
        var base = BaseBlocks(checkpoint.base?.blocks(of: address) ?? [])
        let stale = checkpoint.segmentsToRewrite
        var listed: [ListedBlock] = []
        let blocks = snapshot.blocks
        listed.reserveCapacity(blocks.count)
        var output = StateWriter()
        for (index, block) in blocks.enumerated() {
            if !block.isChanged, let known = base.find(block.id) {
                let reference =
                    stale.contains(known.segment) ? try moved(known) : known
                listed.append(ListedBlock(id: block.id, reference: reference))
            } else {
                output.bytes.removeAll(keepingCapacity: true)
                try snapshot.write(index, to: &output)
                listed.append(ListedBlock(id: block.id, reference: try append(output.bytes)))
            }
        }
        let directory = snapshot.directory
        let piece = PieceManifest(
            subtask: subtask, directory: try appendUnlessEmpty(directory),
            blockCount: listed.count,
            rawBytes: listed.reduce(0) { $0 + $1.reference.rawLength },
            blocks: try reference(toListOf: listed, at: address))
        checkpoint.add(piece, directory, listed, layout: layout, at: address)
    }

    /// Copies a block of the base out of a segment that is given up. Its snapshot can't be asked for
    /// it: what has not changed since the base is no longer kept for the snapshot, and may be changing.
    private func moved(_ known: BlockReference) throws -> BlockReference {
        guard let base = checkpoint.base else { return known }
        return try append(try base.segments.read(known))
    }

    /// Writes a list of blocks, unless it is the base's: state that nobody touches costs nothing.
    private func reference(
        toListOf listed: [ListedBlock], at address: PieceAddress
    ) throws -> BlockReference? {
        if listed.isEmpty { return nil }
        if let base = checkpoint.base, let known = base.list(of: address),
            !checkpoint.segmentsToRewrite.contains(known.segment),
            base.blocks(of: address) == listed
        {
            return known
        }
        return try append(BlockList.encode(listed))
    }

    /// Writes what a prepared transaction needs.
    ///
    /// - Throws: ``CheckpointStorageError``; the checkpoint must then be abandoned.
    public func save(_ transaction: PreparedTransaction, operator operatorID: String) throws {
        let manifest = TransactionManifest(
            epoch: transaction.epoch, subtask: transaction.subtask,
            content: try appendUnlessEmpty(transaction.content))
        checkpoint.add(manifest, transaction, operator: operatorID)
    }

    private func appendUnlessEmpty(_ bytes: [UInt8]) throws -> BlockReference? {
        bytes.isEmpty ? nil : try append(bytes)
    }

    /// Writes a block, compressed where that makes it shorter.
    ///
    /// - Throws: ``CheckpointStorageError``; the checkpoint must then be abandoned.
    public func append(_ block: [UInt8]) throws -> BlockReference {
        try state.withLock { state in
            if let failure = state.failure { throw failure }
            do {
                return try append(block, &state)
            } catch {
                state.failure = error
                checkpoint.fail(error)
                throw error
            }
        }
    }

    private func append(_ block: [UInt8], _ state: inout State) throws -> BlockReference {
        let isPacked = BlockCompression.pack(block, into: &state.packed)
        let length = isPacked ? state.packed.count : block.count
        if let open = state.open, open.position + length > Self.segmentBytes {
            try finish(&state)
        }
        var open = try state.open ?? begin()
        state.open = nil
        let bytes = isPacked ? state.packed : block
        let reference = BlockReference(
            segment: open.number, offset: open.position, length: length, rawLength: block.count,
            checksum: bytes.withUnsafeBytes { ContentHasher.checksum($0) })
        open.buffer.append(contentsOf: bytes)
        open.position += length
        // Kept before it is written out, so that a failure finds the file to close it.
        state.open = open
        if open.buffer.count >= Self.bufferBytes { try state.open?.flush() }
        return reference
    }

    private func begin() throws -> OpenSegment {
        let (number, path) = try checkpoint.nextSegment()
        return OpenSegment(
            number: number, path: path, file: try checkpoint.fileSystem.create(path))
    }

    /// Makes what was written durable; ``CheckpointWriter/complete(_:)`` does it too. For writers
    /// that wait for the disk at the same time, each on its own thread.
    ///
    /// - Throws: ``CheckpointStorageError``; the checkpoint must then be abandoned.
    public func finish() throws {
        try state.withLock { state in
            if let failure = state.failure { throw failure }
            do { try finish(&state) } catch {
                state.failure = error
                checkpoint.fail(error)
                throw error
            }
        }
    }

    private func finish(_ state: inout State) throws {
        guard var open = state.open else { return }
        state.open = nil
        try open.flush()
        try open.file.synchronize()
        try open.file.close()
        try checkpoint.finished(open)
    }

    /// Closes the file, whatever state it is in.
    func close() {
        state.withLock { state in
            try? state.open?.file.close()
            state.open = nil
        }
    }
}

/// A segment that is being written, under a temporary name.
struct OpenSegment {
    let number: Int
    let path: String
    let file: any CheckpointFile
    var buffer = SegmentFormat.header
    /// Where the next block begins.
    var position = SegmentFormat.headerLength
    var hasher = ContentHasher()

    mutating func flush() throws(CheckpointStorageError) {
        guard !buffer.isEmpty else { return }
        hasher.combine(buffer)
        try file.append(buffer)
        buffer.removeAll(keepingCapacity: true)
    }
}

/// Finds blocks of the base checkpoint; fast where they are asked for in the order in which they
/// were listed.
struct BaseBlocks {
    private let blocks: [ListedBlock]
    private var next = 0
    private var places: [UInt64: Int]?

    init(_ blocks: [ListedBlock]) { self.blocks = blocks }

    mutating func find(_ id: UInt64) -> BlockReference? {
        if next >= blocks.count || blocks[next].id != id {
            guard let place = place(of: id) else { return nil }
            next = place
        }
        defer { next += 1 }
        return blocks[next].reference
    }

    private mutating func place(of id: UInt64) -> Int? {
        if places == nil {
            places = Dictionary(
                blocks.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { $1 })
        }
        return places?[id]
    }
}
