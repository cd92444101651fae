public import WeirCore

/// A checkpoint in progress. Ends with ``complete(_:)`` or ``abandon()``, one of which must be
/// called.
///
/// Any thread may call any method.
public final class CheckpointWriter: Sendable {
    /// The checkpoint's number.
    public let epoch: Epoch
    /// Who decides when it goes.
    public let kind: CheckpointKind
    /// The checkpoint that unchanged blocks are taken from.
    public let base: SavedCheckpoint?
    /// The base's segments whose blocks are written anew, because the files are mostly dead or very
    /// many; by number.
    public let segmentsToRewrite: Set<Int>

    let fileSystem: any CheckpointFileSystem
    private let directory: CheckpointDirectory
    private let state: Locked<State>

    private struct State {
        var nextSegment: Int
        var segments: [SegmentManifest]
        var writers: [SegmentWriter] = []
        var saved = SavedContent()
        var pieces: [PieceAddress: (PieceManifest, StateLayout)] = [:]
        var transactions: [String: [TransactionManifest]] = [:]
        var failure: (any Error)?
        var hasEnded = false
    }

    init(
        _ directory: CheckpointDirectory, epoch: Epoch, kind: CheckpointKind, base: SavedCheckpoint?
    ) {
        self.directory = directory
        self.epoch = epoch
        self.kind = kind
        self.base = base
        fileSystem = directory.fileSystem
        segmentsToRewrite = SegmentCleaning.segmentsToRewrite(base?.manifest)
        let known = base?.manifest.segments ?? []
        state = Locked(State(nextSegment: (known.map(\.number).max() ?? -1) + 1, segments: known))
    }

    /// A writer of blocks, for one thread at a time.
    ///
    /// Each that is used makes a file at least, so one for each tasklet is many where state is
    /// small.
    public func segmentWriter() -> SegmentWriter {
        let writer = SegmentWriter(self)
        state.withLock { $0.writers.append(writer) }
        return writer
    }

    /// Makes all that was written durable and, as the last step, the checkpoint valid; then removes
    /// what the directory need not keep any longer.
    ///
    /// Once this has returned, the checkpoint outlasts a crash. If it throws, the checkpoint has
    /// been abandoned.
    ///
    /// - Returns: The checkpoint, as the base of the next, and what went wrong in removing old
    ///   ones.
    /// - Throws: ``CheckpointStorageError``.
    public func complete(_ description: CheckpointDescription) throws -> CompletedCheckpoint {
        do {
            let writers = try state.withLock { state in
                try check(state)
                return state.writers
            }
            for writer in writers { try writer.finish() }
            let (manifest, content) = try state.withLock { state in
                try check(state)
                let manifest = ManifestAssembly(
                    description: description, pieces: state.pieces, segments: state.segments,
                    transactions: state.transactions, content: state.saved
                ).manifest(epoch: epoch, kind: kind, job: try directory.claimedJob())
                return (manifest, state.saved)
            }
            try directory.publish(manifest)
            let problems = directory.collect()
            end()
            return CompletedCheckpoint(
                checkpoint: directory.opened(manifest, content), problems: problems)
        } catch {
            abandon()
            throw error
        }
    }

    /// Gives the checkpoint up, and removes what was written for it; does nothing once it has
    /// ended.
    public func abandon() {
        let writers = state.withLock { state in
            if state.hasEnded { return [SegmentWriter]() }
            state.failure = state.failure ?? ended
            return state.writers
        }
        for writer in writers { writer.close() }
        if end() { directory.withdraw(epoch) }
    }

    /// Marks the end, and drops the writers, which refer back to this.
    @discardableResult private func end() -> Bool {
        state.withLock { state in
            let isFirst = !state.hasEnded
            state.hasEnded = true
            state.writers = []
            return isFirst
        }
    }

    private var ended: CheckpointStorageError { .ended(path: directory.path, epoch: epoch) }

    private func check(_ state: borrowing State) throws {
        if let failure = state.failure { throw failure }
        if state.hasEnded { throw ended }
    }
}

/// What ``CheckpointWriter/complete(_:)`` came to.
public struct CompletedCheckpoint: Sendable {
    /// The checkpoint. As long as it is referred to, the directory keeps its files.
    public let checkpoint: SavedCheckpoint
    /// What could not be tidied up; the checkpoint is good all the same.
    public let problems: [CheckpointProblem]
}

// MARK: - What segment writers tell

extension CheckpointWriter {
    /// A number for a new segment, and the path to write it to.
    func nextSegment() throws -> (Int, String) {
        try state.withLock { state in
            try check(state)
            defer { state.nextSegment += 1 }
            let name = "\(epoch)-\(state.nextSegment)" + CheckpointPath.partialSuffix
            return (state.nextSegment, CheckpointPath.segments(directory.path) + "/" + name)
        }
    }

    /// Gives a finished segment its name.
    func finished(_ segment: OpenSegment) throws {
        let name = segment.hasher.finalize().text
        // Said before the file is there under that name, so that no collection removes it.
        directory.keep(segment: name, for: epoch)
        // A file of that name has the same content, unless it is damaged: replacing it mends it.
        try fileSystem.rename(
            segment.path, to: CheckpointPath.segment(directory.path, name))
        state.withLock { state in
            state.segments.append(
                SegmentManifest(
                    number: segment.number, name: name, bytes: segment.position, liveBytes: 0,
                    epoch: epoch))
        }
    }

    func add(
        _ piece: PieceManifest, _ directory: [UInt8], _ blocks: [ListedBlock], layout: StateLayout,
        at address: PieceAddress
    ) {
        state.withLock { state in
            precondition(state.pieces[address] == nil, "\(address) was saved twice")
            state.pieces[address] = (piece, layout)
            state.saved.blocks[address] = blocks
            state.saved.directories[address] = directory
        }
    }

    func add(
        _ manifest: TransactionManifest, _ transaction: PreparedTransaction,
        operator operatorID: String
    ) {
        state.withLock { state in
            state.transactions[operatorID, default: []].append(manifest)
            state.saved.transactions[operatorID, default: []].append(transaction)
        }
    }

    /// Remembers that a writer has failed, so that the checkpoint cannot be completed.
    func fail(_ error: any Error) {
        state.withLock { $0.failure = $0.failure ?? error }
    }
}
