public import WeirCore

extension StateTable {
    @inlinable func entry(
        _ number: Int, in entries: UnsafeMutableRawPointer
    ) -> UnsafeMutablePointer<Entry> {
        entries.assumingMemoryBound(to: Entry.self) + (number & (StatePage.size &- 1))
    }

    /// An entry to read.
    @inlinable @inline(__always)
    func readableEntry(_ number: Int) throws -> UnsafeMutablePointer<Entry> {
        let page = number &>> StatePage.shift
        return entry(number, in: try pages[page].entries ?? load(page))
    }

    /// An entry to write: resident, read by no snapshot, and its page stamped.
    @inlinable @inline(__always)
    func writableEntry(_ number: Int) throws -> UnsafeMutablePointer<Entry> {
        let page = number &>> StatePage.shift
        if let entries = pages[page].entries, pages[page].stamp == stamp {
            return entry(number, in: entries)
        }
        return entry(number, in: try prepare(page))
    }

    /// Two entries to write.
    @inlinable @inline(__always)
    func writableEntries(
        _ first: Int, _ second: Int
    ) throws -> (UnsafeMutablePointer<Entry>, UnsafeMutablePointer<Entry>) {
        let firstPage = pages + first &>> StatePage.shift
        let secondPage = pages + second &>> StatePage.shift
        if let one = firstPage.pointee.entries, let other = secondPage.pointee.entries,
            firstPage.pointee.stamp == stamp, secondPage.pointee.stamp == stamp
        {
            return (entry(first, in: one), entry(second, in: other))
        }
        let (one, other) = try prepare(first &>> StatePage.shift, second &>> StatePage.shift)
        return (entry(first, in: one), entry(second, in: other))
    }

    /// Makes two pages fit for writing; the second does not send the first away.
    @inline(never) @usableFromInline
    func prepare(
        _ first: Int, _ second: Int
    ) throws -> (UnsafeMutableRawPointer, UnsafeMutableRawPointer) {
        resident?.pinned = first
        defer { resident?.pinned = nil }
        let one = try prepare(first)
        return first == second ? (one, one) : (one, try prepare(second))
    }

    /// Makes a page fit for writing: once for each page between two snapshots.
    @inline(never) @usableFromInline
    func prepare(_ page: Int) throws -> UnsafeMutableRawPointer {
        let entries = try pages[page].entries ?? load(page)
        guard pages[page].stamp != stamp else { return entries }
        pages[page].stamp = stamp
        guard let shared, shared.isRead(page, entries) else { return entries }
        // The copy is made before the page is given up: from then on it may be freed at any time.
        let copy = Self.allocatePage()
        let count = StatePage.entryCount(of: page, in: entryCount)
        copy.bindMemory(to: Entry.self, capacity: StatePage.size).initialize(
            from: entries.assumingMemoryBound(to: Entry.self), count: count)
        pages[page].entries = copy
        if !shared.giveUp(page, entries) { Self.free(entries, count: count) }
        return copy
    }

    static func allocatePage() -> UnsafeMutableRawPointer {
        UnsafeMutableRawPointer(UnsafeMutablePointer<Entry>.allocate(capacity: StatePage.size))
    }

    static func free(_ entries: UnsafeMutableRawPointer, count: Int) {
        let bound = entries.assumingMemoryBound(to: Entry.self)
        bound.deinitialize(count: count)
        bound.deallocate()
    }

    @inline(never) @usableFromInline
    func addPage() throws {
        guard entryCount < StateIndex.limit(ofSize: 1 << 31) - StatePage.size else {
            throw StateTableError.full(count: entryCount)
        }
        try openStoreIfAsked()
        if pageCount == pageCapacity { reserveDirectory(pageCapacity * 2) }
        (pages + pageCount).initialize(to: StatePage(entries: Self.allocatePage(), stamp: stamp))
        pageCount += 1
        if resident != nil, pageCount % 16 == 2 { sampleHeap() }
        try makeRoom(for: pageCount - 1)
    }

    /// Makes room for so many pages; what is there stays.
    func reserveDirectory(_ capacity: Int) {
        guard capacity > pageCapacity else { return }
        let largerGroups = (capacity + StatePage.groupSize - 1) / StatePage.groupSize
        let largerPages = UnsafeMutablePointer<StatePage>.allocate(
            capacity: largerGroups * StatePage.groupSize)
        largerPages.moveInitialize(from: pages, count: pageCount)
        pages.deallocate()
        pages = largerPages
        let groupCount = pageCapacity / StatePage.groupSize
        let largerStamps = UnsafeMutablePointer<UInt64>.allocate(capacity: largerGroups)
        largerStamps.moveInitialize(from: keyStamps, count: groupCount)
        (largerStamps + groupCount).initialize(
            repeating: 0, count: largerGroups - groupCount)
        keyStamps.deallocate()
        keyStamps = largerStamps
        pageCapacity = largerGroups * StatePage.groupSize
    }

    /// Gives back the memory of the last page, which has no entries and which no snapshot reads: it
    /// was written when its last entry left.
    @usableFromInline func dropPage() {
        pageCount -= 1
        warm(pageCount)
        if let entries = pages[pageCount].entries {
            Self.free(entries, count: 0)
            resident?.add(-1)
        }
        absent?.forget(pageCount)
    }

    /// Forgets all keys and keeps the memory of the index.
    public func removeAll() {
        freePages()
        clearIndex(size: Int(indexMask) + 1)
        entryCount = 0
    }

    /// Frees all pages, or leaves them to the snapshots that read them.
    func freePages() {
        warmAll()
        for page in 0..<pageCount {
            guard let entries = pages[page].entries else { continue }
            if let shared, shared.giveUp(page, entries) { continue }
            Self.free(entries, count: StatePage.entryCount(of: page, in: entryCount))
        }
        pageCount = 0
        if let count = resident?.count { resident?.add(-count) }
        absent?.forgetAll()
    }
}

/// Why a table cannot take another key.
public enum StateTableError: Error, Equatable, Sendable, CustomStringConvertible {
    /// One table holds as many keys as its index can number.
    case full(count: Int)

    public var description: String {
        switch self {
        case .full(let count):
            "a table of one subtask holds \(count) keys and can take no more; "
                + "run the operator at a higher parallelism"
        }
    }
}

extension StateTableError: RetryableError {
    /// No: the keys come again.
    public var isRetryable: Bool { false }
}
