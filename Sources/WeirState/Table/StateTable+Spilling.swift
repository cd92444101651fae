public import WeirCore

extension StateTable {
    /// Has the table keep what it has no memory for in a store.
    ///
    /// - Parameter memory: The bytes that pages may take; at least 64 of them stay in memory.
    /// - Precondition: The table is empty.
    /// - Throws: ``StateFormatError`` where keys or values have no codec.
    public func spill(to store: any PageStore, memory: Int) throws {
        try spill(to: store, in: PagePool(memory: StateMemory(limit: memory), wake: {}))
    }

    /// Has the table keep what its pool has no memory for in a store.
    ///
    /// - Precondition: The table is empty.
    /// - Throws: ``StateFormatError`` where keys or values have no codec.
    func spill(to store: any PageStore, in pool: PagePool) throws {
        precondition(
            isEmpty && pageCount == 0, "a table that is not empty cannot change its backend")
        absent = AbsentPages(try findCodecs(), store: store)
        resident = ResidentPages(in: pool, as: pool.join(self), bytesOfPage: bytesOfPage)
    }

    /// Opens the store that ``SubtaskContext/keep(_:_:)`` has asked for.
    func openStoreIfAsked() throws {
        guard let place = spillPlace else { return }
        let store = try place.openStore()
        spillPlace = nil
        try spill(to: store, in: place.pool)
    }

    static var pageBytes: Int { MemoryLayout<Entry>.stride * StatePage.size }

    /// The bytes that the table takes: its pages in memory, with what keys and values seem to have on the
    /// heap, its index and its directory.
    public var heldBytes: Int {
        sampleHeap()
        let inPages = resident?.heldBytes ?? (pageCount - absentPageCount) * bytesOfPage
        return inPages + (Int(indexMask) + 1) * MemoryLayout<UInt32>.stride
            + pageCapacity * MemoryLayout<StatePage>.stride
            + absentPageCount * StatePage.size * MemoryLayout<UInt32>.stride
    }

    /// Notes that one more page is in memory, and has the pool send away what was not used lately.
    ///
    /// - Throws: What putting a page throws; that page stays, and the table is as it was.
    func makeRoom(for page: Int) throws {
        guard resident != nil else { return }
        resident?.add(1)
        guard let pool = resident?.pool, let member = resident?.member else { return }
        try pool.makeRoom(for: member, sparing: page)
    }

    /// Puts a page back into the directory that was taken out to see whether it is used.
    @discardableResult func warm(_ page: Int) -> UnsafeMutableRawPointer? {
        guard let entries = resident?.takeBack(page) else { return nil }
        pages[page].entries = entries
        return entries
    }

    /// Puts all such pages back.
    func warmAll() {
        guard let cooled = resident?.takeAllBack() else { return }
        for (page, entries) in cooled { pages[page].entries = entries }
    }
}

extension StateTable: PooledTable {
    package func cool(
        _ count: Int, sparing page: Int?, serial: Int
    ) -> (pages: [Int], isAtEnd: Bool) {
        resident?.cool(count, pages, count: pageCount, sparing: page, serial: serial) ?? ([], true)
    }

    package func isCooled(_ page: Int, serial: Int) -> Bool {
        resident?.isCooled(page, serial: serial) ?? false
    }

    package func evict(_ page: Int) throws -> Int {
        guard let entries = resident?.cooledEntries(page) else { return 0 }
        let count = StatePage.entryCount(of: page, in: entryCount)
        let bound = UnsafeBufferPointer(
            start: entries.assumingMemoryBound(to: Entry.self), count: count)
        do {
            let written = try absent?.put(page, bound, isClean: pages[page].isClean)
            if let written { noteWritten(bytes: written, entries: count) }
        } catch {
            warm(page)
            throw error
        }
        _ = resident?.takeBack(page)
        let freed = -(resident?.add(-1) ?? 0)
        pages[page].isClean = true
        if let shared, shared.giveUp(page, entries) { return freed }
        Self.free(entries, count: count)
        return freed
    }
}

/// Where the tables of one part of an operator's state spill to.
struct SpillPlace {
    let provider: any PageStoreProvider
    let pool: PagePool
    /// Job, operator, subtask and part.
    let name: String

    /// The place of one of several tables.
    func of(_ table: String) -> SpillPlace {
        SpillPlace(provider: provider, pool: pool, name: "\(name) \(table)")
    }

    func openStore() throws -> any PageStore { try provider.makeStore(named: name) }
}

extension SubtaskContext {
    /// Where the tables of a part go; `nil` where the job's backend keeps all in memory.
    func spillPlace(of part: String) -> SpillPlace? {
        guard case .spilling(let provider, _) = kept.backend, let pool = kept.pool else {
            return nil
        }
        return SpillPlace(
            provider: provider, pool: pool, name: "\(job) \(operatorName) \(subtask) \(part)")
    }
}
