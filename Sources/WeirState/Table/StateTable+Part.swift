public import WeirCore

extension StateTable: StatePart {
    public func layout() throws -> StateLayout { try findCodecs().layout }

    func findCodecs() throws -> StateTableCodecs<Key, Value> {
        if let codecs { return codecs }
        let found = try StateTableCodecs<Key, Value>.find()
        codecs = found
        return found
    }

    /// Takes a snapshot: copies the directory.
    ///
    /// Several may be open at a time.
    ///
    /// - Complexity: O(pages): about a millisecond for a hundred million entries.
    public func snapshot(_ epoch: Epoch, since base: Epoch?) throws -> any StateSnapshot {
        let codecs = try findCodecs()
        let shared = self.shared ?? SharedPages()
        self.shared = shared
        // What was saved before this table was made, or filled from elsewhere, is no base for it.
        var baseStamp: UInt64 = 0
        if let base, let firstSnapshot, base >= firstSnapshot { baseStamp = UInt64(base.number) }
        warmAll()
        let absentPages = try absent?.snapshot()
        let kept = SnapshotPages(
            pages: pages, keyStamps: keyStamps, entryCount: entryCount, baseStamp: baseStamp)
        firstSnapshot = firstSnapshot ?? epoch
        stamp = max(stamp, UInt64(epoch.number)) + 1
        return StateTableSnapshot(
            kept, shared: shared, codecs: codecs, absent: absentPages)
    }

    /// Fills the table. What this same subtask saved at this parallelism is not read at once: the
    /// index is made of the keys' hashes, and each page loaded at its first use.
    ///
    /// - Throws: ``StateFormatError`` for what is corrupt or of a form that cannot be read, and what
    ///   reading a block throws. What is found wrong with a page later is thrown by the call that
    ///   needs it.
    public func restore(_ saved: [SavedState], owning ownership: KeyOwnership) throws {
        try openStoreIfAsked()
        let readers = try saved.map { try StateTableReader($0, codecs: findCodecs()) }
        if readers.count == 1, try restoreLazily(readers[0], owning: ownership) { return }
        for reader in readers { try restore(reader, owning: ownership) }
    }

    private func restore(
        _ reader: StateTableReader<Key, Value>, owning ownership: KeyOwnership
    ) throws {
        for page in 0..<reader.directory.pageCount {
            try reader.readEntries(ofPage: page) { key, value in
                let hash = key.stableHash
                guard ownership.owns(hash: hash) else { return }
                let tag = key.stableTag
                guard try slotPosition(of: key, tag: tag) < 0 else {
                    throw StateFormatError("the key \(key) was saved twice")
                }
                _ = try insert(key, tag: tag, value)
            }
        }
    }
}

extension SubtaskContext {
    /// Has checkpoints save and restore a table, which is empty, and keeps it where the job's
    /// backend says; it is kept alive.
    ///
    /// A store that cannot be opened is reported by the first call that adds a key.
    ///
    /// - Parameter name: Its name within the operator, the same in every version of the job.
    public func keep<Key, Value>(_ name: String, _ table: StateTable<Key, Value>) {
        kept.keep(name, table)
        table.spillPlace = spillPlace(of: name)
    }
}
