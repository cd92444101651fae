public import WeirCore

extension StateTable {
    /// Has the table keep what it has no memory for in a store.
    ///
    /// - Parameter memory: The bytes that pages may take, as far as the entries themselves go: what
    ///   these have on the heap is not counted. At least 160 pages stay in memory.
    /// - Precondition: The table is empty.
    /// - Throws: ``StateFormatError`` where keys or values have no codec.
    public func spill(to store: any PageStore, memory: Int) throws {
        precondition(
            isEmpty && pageCount == 0, "a table that is not empty cannot change its backend")
        absent = AbsentPages(try findCodecs(), store: store)
        resident = ResidentPages(limit: memory / Self.pageBytes)
    }

    /// Opens the store that ``SubtaskContext/keep(_:_:)`` has asked for.
    func openStoreIfAsked() throws {
        guard let open = openStore else { return }
        let (store, memory) = try open()
        openStore = nil
        try spill(to: store, memory: memory)
    }

    static var pageBytes: Int { MemoryLayout<Entry>.stride * StatePage.size }

    /// The bytes that the table takes: its pages in memory, its index and its directory; not what keys
    /// and values have on the heap.
    public var heldBytes: Int {
        let inMemory = resident?.count ?? pageCount - absentPageCount
        return inMemory * Self.pageBytes + (Int(indexMask) + 1) * MemoryLayout<UInt32>.stride
            + pageCapacity * MemoryLayout<StatePage>.stride
            + absentPageCount * StatePage.size * MemoryLayout<UInt32>.stride
    }

    /// Notes that one more page is in memory, and sends away what was not used lately.
    ///
    /// - Throws: What putting a page throws; that page stays, and the table is as it was.
    func makeRoom(for page: Int) throws {
        guard resident != nil else { return }
        resident?.count += 1
        guard resident?.isOverLimit == true else { return }
        resident?.coolIfNone(pages, count: pageCount, sparing: page)
        while resident?.isOverLimit == true, let coldest = resident?.coldest() {
            try evict(coldest.page, coldest.entries)
        }
        // For the next time: nothing goes that was in use just now.
        resident?.cool(pages, count: pageCount, sparing: page)
    }

    private func evict(_ page: Int, _ entries: UnsafeMutableRawPointer) throws {
        let count = StatePage.entryCount(of: page, in: entryCount)
        let bound = UnsafeBufferPointer(
            start: entries.assumingMemoryBound(to: Entry.self), count: count)
        do {
            try absent?.put(page, bound, isClean: pages[page].isClean)
        } catch {
            warm(page)
            throw error
        }
        _ = resident?.takeBack(page)
        resident?.count -= 1
        pages[page].isClean = true
        if let shared, shared.giveUp(page, entries) { return }
        Self.free(entries, count: count)
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
