import WeirCore

extension StateTable {
    /// Makes the table of what this subtask saved, with pages that are read when first used.
    ///
    /// - Returns: Whether it did; not where keys may belong to others or hash otherwise than they
    ///   did, nor where there is too little to be worth it.
    func restoreLazily(
        _ reader: StateTableReader<Key, Value>, owning ownership: KeyOwnership
    ) throws -> Bool {
        let directory = reader.directory
        guard isEmpty, reader.saved.subtask == ownership.subtask,
            reader.saved.parallelism == ownership.parallelism,
            reader.saved.layout.key == (try findCodecs().key.shape),
            directory.pageSize == StatePage.size, directory.groupSize == StatePage.groupSize,
            directory.pageCount >= 4
        else { return false }
        // A job whose number of key groups has changed owns other keys at the same parallelism;
        // of 256 keys some would not be its own.
        var areOwned = true
        try reader.readEntries(ofPage: 0) { key, _ in
            if !ownership.owns(hash: key.stableHash) { areOwned = false }
        }
        guard areOwned else { return false }
        try adoptPages(of: reader, owning: ownership)
        return true
    }

    private func adoptPages(
        of reader: StateTableReader<Key, Value>, owning ownership: KeyOwnership
    ) throws {
        let directory = reader.directory
        let absent = try self.absent ?? AbsentPages(findCodecs())
        clearIndex(size: StateIndex.size(for: directory.entryCount))
        let tags = try (0..<directory.groupCount).map { try reader.tags(ofGroup: $0) }
        for (group, tags) in tags.enumerated() {
            for (offset, tag) in tags.enumerated() {
                file(group << StatePage.groupShift + offset, tag: tag)
            }
        }
        absent.adopt(reader, ownership: ownership, tags: tags)
        reserveDirectory(directory.pageCount)
        let adopted = adoptStamp(of: reader)
        pages.initialize(
            repeating: StatePage(entries: nil, stamp: adopted), count: directory.pageCount)
        keyStamps.update(repeating: adopted, count: directory.groupCount)
        pageCount = directory.pageCount
        entryCount = directory.entryCount
        self.absent = absent
    }

    /// The stamp of what is taken over as it is: that of the checkpoint it is from, so that the next
    /// one refers to it where nothing changes; what is in another form has to be written again.
    private func adoptStamp(of reader: StateTableReader<Key, Value>) -> UInt64 {
        guard reader.isSameForm, let origin = reader.saved.origin else { return stamp }
        firstSnapshot = origin.epoch
        stamp = max(stamp, UInt64(origin.epoch.number) + 1)
        return UInt64(origin.epoch.number)
    }

    /// Loads a page that is not resident.
    @inline(never) @usableFromInline
    func load(_ page: Int) throws -> UnsafeMutableRawPointer {
        if let entries = warm(page) { return entries }
        guard let absent else { throw StateFormatError.lostPage(page) }
        let count = StatePage.entryCount(of: page, in: entryCount)
        let (entries, bytes, isStored) = try absent.load(page, count: count)
        noteWritten(bytes: bytes, entries: count)
        pages[page].entries = entries
        pages[page].isClean = isStored
        if absent.isOver { self.absent = nil }
        try makeRoom(for: page)
        return entries
    }

    /// Whether an entry of a page that is not resident is that of `key`; the page is loaded only if
    /// the hashes agree.
    @inline(never) @usableFromInline
    func isAbsentEntry(_ number: Int, of key: Key, tag: UInt32) throws -> Bool {
        if warm(number >> StatePage.shift) == nil {
            guard let absent else { throw StateFormatError.lostPage(number >> StatePage.shift) }
            guard absent.tag(of: number) == tag else { return false }
        }
        return try readableEntry(number).pointee.key == key
    }

    /// Has the index find the entries of a page that is not resident.
    @inline(never) @usableFromInline func fileAbsent(_ page: Int) {
        let first = page << StatePage.shift
        let warmed = warm(page)
        for number in first..<first + StatePage.entryCount(of: page, in: entryCount) {
            if let warmed {
                file(number, tag: entry(number, in: warmed).pointee.key.stableTag)
            } else if let tag = absent?.tag(of: number) {
                file(number, tag: tag)
            }
        }
    }

    /// Loads up to `limit` pages that are not resident, the first ones first.
    ///
    /// - Returns: Whether any are left.
    /// - Throws: What the loading of a page throws.
    public func loadMore(limit: Int) throws -> Bool {
        for _ in 0..<limit {
            guard let page = absent?.nextToLoad(), !isFull else { return false }
            _ = try load(page)
        }
        return absent?.nextToLoad() != nil && !isFull
    }

    /// Whether another page in memory would send one away.
    private var isFull: Bool { resident?.pool.isFull ?? false }

    /// The number of pages that are not in memory.
    public var absentPageCount: Int { absent?.count ?? 0 }
}
