import WeirCore

/// What a table that spills has in memory, and what of that is out of its directory to see whether it
/// is used; see ``PagePool``, which it tells.
struct ResidentPages {
    let pool: PagePool
    /// The table's number in the pool.
    let member: Int
    /// The pages that are in memory, those taken out of the directory included.
    private(set) var count = 0
    /// What a page counts as, with what its entries have on the heap.
    private var bytesOfPage: Int
    /// The memory of the pages that have been taken out of the directory.
    private var cooled: [Int: (entries: UnsafeMutableRawPointer, serial: Int)] = [:]
    private var hand = 0
    /// A page that is not to be taken out of the directory.
    var pinned: Int?

    init(in pool: PagePool, as member: Int, bytesOfPage: Int) {
        self.pool = pool
        self.member = member
        self.bytesOfPage = bytesOfPage
    }

    /// The bytes that they take.
    var heldBytes: Int { count * bytesOfPage }

    /// Notes pages that have come into memory, or have gone.
    ///
    /// - Returns: The bytes that they take.
    @discardableResult mutating func add(_ pages: Int) -> Int {
        count += pages
        pool.add(pages: pages, bytes: pages * bytesOfPage)
        return pages * bytesOfPage
    }

    /// Notes what a page counts as from now on.
    mutating func setBytesOfPage(_ bytes: Int) {
        pool.add(pages: 0, bytes: count * (bytes - bytesOfPage))
        bytesOfPage = bytes
    }

    /// Whether a page is out of the directory since the call of `cool` with that number.
    func isCooled(_ page: Int, serial: Int) -> Bool { cooled[page]?.serial == serial }

    /// The memory of a page that is out of the directory.
    func cooledEntries(_ page: Int) -> UnsafeMutableRawPointer? { cooled[page]?.entries }

    /// Takes a page back that was out of the directory.
    mutating func takeBack(_ page: Int) -> UnsafeMutableRawPointer? {
        guard let (entries, _) = cooled.removeValue(forKey: page) else { return nil }
        pool.noteTakenBack(1)
        return entries
    }

    /// Takes back all that are out of the directory.
    mutating func takeAllBack() -> [(page: Int, entries: UnsafeMutableRawPointer)] {
        let all = cooled.map { ($0.key, $0.value.entries) }
        cooled = [:]
        pool.noteTakenBack(all.count)
        return all
    }

    /// Takes up to `limit` pages out of a directory of `count`, from where the last call ended.
    mutating func cool(
        _ limit: Int, _ pages: UnsafeMutablePointer<StatePage>, count: Int, sparing spared: Int?,
        serial: Int
    ) -> (pages: [Int], isAtEnd: Bool) {
        var taken: [Int] = []
        if hand >= count { hand = 0 }
        while hand < count, taken.count < limit {
            defer { hand += 1 }
            guard hand != spared, hand != pinned, let entries = pages[hand].entries else {
                continue
            }
            pages[hand].entries = nil
            cooled[hand] = (entries, serial)
            taken.append(hand)
        }
        return (taken, hand >= count)
    }
}
