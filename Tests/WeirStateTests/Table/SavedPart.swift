import WeirCore

/// A store of snapshots in memory, which keeps of each snapshot only the blocks that changed.
final class SavedParts {
    private var blocks: [[UInt64: [UInt8]]] = []
    /// The blocks of the last snapshot that were written, and those that were taken from its base.
    private(set) var written = 0, kept = 0

    /// Writes `snapshot` and releases it.
    ///
    /// - Parameter base: What the base's snapshot was saved as.
    func save(
        _ snapshot: any StateSnapshot, of layout: StateLayout, subtask: Int = 0,
        parallelism: Int = 1, base: Saved? = nil
    ) throws -> Saved {
        defer { snapshot.release() }
        (written, kept) = (0, 0)
        var contents: [UInt64: [UInt8]] = [:]
        for (index, block) in snapshot.blocks.enumerated() {
            if !block.isChanged, let old = base?.contents[block.id] {
                contents[block.id] = old
                kept += 1
            } else {
                var output = StateWriter()
                try snapshot.write(index, to: &output)
                contents[block.id] = output.bytes
                written += 1
            }
        }
        return Saved(
            layout: layout, directory: snapshot.directory, ids: snapshot.blocks.map(\.id),
            contents: contents, subtask: subtask, parallelism: parallelism)
    }

    /// What one snapshot was saved as.
    struct Saved: Sendable {
        let layout: StateLayout
        let directory: [UInt8]
        let ids: [UInt64]
        var contents: [UInt64: [UInt8]]
        var subtask: Int
        let parallelism: Int
        /// The checkpoint that it is of; `nil`: not known to whom it is restored.
        var epoch: Epoch?

        /// As `restore` is given it.
        var state: SavedState {
            SavedState(
                subtask: subtask, parallelism: parallelism, layout: layout, directory: directory,
                blockCount: ids.count,
                origin: epoch.map { SavedState.Origin(epoch: $0, ids: ids) }
            ) { [self] index in
                guard let content = contents[ids[index]] else {
                    throw StateFormatError("block \(index) is missing")
                }
                return content
            }
        }
    }
}
