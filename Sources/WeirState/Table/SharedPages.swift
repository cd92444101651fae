import WeirCore

/// The pages of one table that its open snapshots still read, and who is to free them.
///
/// A page belongs to the table until the table gives it up, because it wants to change it or has no
/// more use for it. If a snapshot still reads the page, it then belongs to the snapshots that do, and
/// the last of them frees it. The table may go while snapshots are open.
final class SharedPages: Sendable {
    private let snapshots = Locked<[SnapshotPages]>([])

    /// Counts in a snapshot.
    func open(_ snapshot: SnapshotPages) {
        snapshots.withLock { $0.append(snapshot) }
    }

    /// Whether a snapshot still reads `entries`, which the table has as its page of that number.
    func isRead(_ page: Int, _ entries: UnsafeMutableRawPointer) -> Bool {
        snapshots.withLock { $0.contains { $0.isReading(page, entries) } }
    }

    /// Leaves a page to the snapshots that read it.
    ///
    /// - Returns: Whether any does; if not, the page is the table's, to change or to free.
    func giveUp(_ page: Int, _ entries: UnsafeMutableRawPointer) -> Bool {
        snapshots.withLock { open in
            var isTaken = false
            for snapshot in open where snapshot.isReading(page, entries) {
                snapshot.states[page] = SnapshotPages.inherited
                isTaken = true
            }
            return isTaken
        }
    }

    /// Notes that `snapshot` has read the pages in `range`.
    ///
    /// - Returns: Those that are to be freed now.
    func finish(_ range: Range<Int>, of snapshot: SnapshotPages) -> [Int] {
        snapshots.withLock { open in
            var freed: [Int] = []
            for page in range where snapshot.states[page] != SnapshotPages.done {
                let isInherited = snapshot.states[page] == SnapshotPages.inherited
                snapshot.states[page] = SnapshotPages.done
                guard isInherited, let entries = snapshot.directory[page].entries else { continue }
                // This snapshot reads it no more: what is said here is of the others.
                if !open.contains(where: { $0.isReading(page, entries) }) { freed.append(page) }
            }
            return freed
        }
    }

    /// Counts out a snapshot, all of whose pages have been finished.
    func close(_ snapshot: SnapshotPages) {
        snapshots.withLock { $0.removeAll { $0 === snapshot } }
    }
}

/// A table's directory as it was at a barrier, and how far each of its pages has been read.
final class SnapshotPages: @unchecked Sendable {
    // Unchecked: the directory does not change; `states` is touched only under the lock of the
    // table's `SharedPages`. The pages themselves are only read by the worker and by the writer
    // while the state here is not `done`: the worker copies such a page before it changes it.
    // SAFETY: both buffers have `count` elements, made here and freed by deinit.
    let directory: UnsafeMutablePointer<StatePage>
    let keyStamps: [UInt64]
    let states: UnsafeMutablePointer<UInt8>
    /// The number of pages.
    let count: Int
    /// The number of entries in them.
    let entryCount: Int
    /// Pages stamped later than this count as changed.
    let baseStamp: UInt64

    // The states of a page: to be read, and the table's; to be read, and this snapshot's to free;
    // read.
    static let needed: UInt8 = 0
    static let inherited: UInt8 = 1
    static let done: UInt8 = 2

    /// Copies a directory.
    ///
    /// - Complexity: O(pages), at memory speed: a barrier waits for it.
    init(
        pages: UnsafeMutablePointer<StatePage>, keyStamps: UnsafeMutablePointer<UInt64>,
        entryCount: Int, baseStamp: UInt64
    ) {
        count = StatePage.count(forEntries: entryCount)
        self.entryCount = entryCount
        self.baseStamp = baseStamp
        directory = .allocate(capacity: count)
        directory.initialize(from: pages, count: count)
        let groupCount = (count + StatePage.groupSize - 1) / StatePage.groupSize
        self.keyStamps = Array(UnsafeBufferPointer(start: keyStamps, count: groupCount))
        states = .allocate(capacity: count)
        states.initialize(repeating: Self.needed, count: count)
    }

    deinit {
        directory.deallocate()
        states.deallocate()
    }

    /// Whether the page has changed since the base.
    func isChanged(_ page: Int) -> Bool { directory[page].changeStamp > baseStamp }

    /// Whether a key in the group of pages has changed, come or gone since the base.
    func isChanged(group: Int) -> Bool { keyStamps[group] > baseStamp }

    /// Whether the page is still to be read, from this memory.
    func isReading(_ page: Int, _ entries: UnsafeMutableRawPointer) -> Bool {
        page < count && states[page] != Self.done && directory[page].entries == entries
            && (isChanged(page) || isChanged(group: page / StatePage.groupSize))
    }
}
