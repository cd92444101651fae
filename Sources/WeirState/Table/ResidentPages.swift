/// Which pages of a table may go when its memory is short: those that were not used for a while.
///
/// The table's hot path notes no use. Instead, a hand that goes round takes pages out of the directory
/// while their memory stays; a page that is asked for again is put back, at the cost of one slow
/// lookup; one that is not is first in, first out. So a page that a call has just been given stays in
/// memory while dozens of others go.
///
/// Source: the second-chance algorithm in its form without reference bits, Babaoglu and Joy,
/// "Converting a Swap-Based System to do Paging in an Architecture Lacking Page-Referenced Bits", SOSP 1981.
struct ResidentPages {
    /// The pages that may be in memory.
    let limit: Int
    /// The pages that are in memory, those taken out of the directory included.
    var count = 0
    /// The memory of the pages that have been taken out of the directory.
    private var cooled: [Int: UnsafeMutableRawPointer] = [:]
    private var queue: [Int] = []
    private var queueStart = 0
    private var hand = 0
    /// A page that is not to be taken out of the directory.
    var pinned: Int?

    static let minimumCooling = 64

    /// - Parameter limit: At least 160 pages are granted.
    init(limit: Int) { self.limit = max(160, limit) }

    /// Whether pages have to go.
    var isOverLimit: Bool { count > limit }

    /// The pages that are to be out of the directory.
    private var coolingGoal: Int { max(Self.minimumCooling, limit / 8) }

    /// Takes a page back that was out of the directory.
    mutating func takeBack(_ page: Int) -> UnsafeMutableRawPointer? {
        cooled.removeValue(forKey: page)
    }

    /// Takes back all that are out of the directory.
    mutating func takeAllBack() -> [Int: UnsafeMutableRawPointer] {
        defer {
            cooled = [:]
            queue = []
            queueStart = 0
        }
        return cooled
    }

    /// Takes pages out of the directory until there are enough of them to choose from.
    ///
    /// - Parameter spared: The page that is being asked for.
    mutating func cool(_ pages: UnsafeMutablePointer<StatePage>, count: Int, sparing spared: Int) {
        var looked = 0
        while cooled.count < coolingGoal, looked < count {
            hand = hand + 1 < count ? hand + 1 : 0
            looked += 1
            guard hand != spared, hand != pinned, let entries = pages[hand].entries else {
                continue
            }
            pages[hand].entries = nil
            cooled[hand] = entries
            queue.append(hand)
        }
    }

    /// The same where none are out, so that there is one to choose.
    mutating func coolIfNone(
        _ pages: UnsafeMutablePointer<StatePage>, count: Int, sparing spared: Int
    ) {
        if cooled.isEmpty { cool(pages, count: count, sparing: spared) }
    }

    /// The page that has been out of the directory for the longest time; `nil` where too few are for
    /// that to mean anything.
    mutating func coldest() -> (page: Int, entries: UnsafeMutableRawPointer)? {
        // Where all pages are in use they are soon taken back, and some page has to go all the same.
        guard cooled.count > coolingGoal / 2 || count > limit + Self.minimumCooling else {
            return nil
        }
        while queueStart < queue.count {
            let page = queue[queueStart]
            queueStart += 1
            if queueStart > 1_024, queueStart * 2 > queue.count {
                queue.removeFirst(queueStart)
                queueStart = 0
            }
            // One that was taken back is in the queue still, and may be there a second time.
            if let entries = cooled[page] { return (page, entries) }
        }
        return nil
    }
}
