/// The pages of one subtask's tables that are in memory, and which of them go when that is short: those
/// that were not used for a while.
///
/// A table's hot path notes no use. Instead, a hand that goes round over all tables takes pages out of
/// their directories while their memory stays; a page that is asked for again is put back, at the
/// cost of one slow lookup; one that is not is first in, first out.
///
/// A call may be working with an entry of one table while it adds to another. So of a table that has not
/// itself asked, only such pages go as were out of the directory when the subtask's turn began: no
/// one can have got at them since.
///
/// Confined to the subtask's worker.
///
/// Source: the second-chance algorithm in its form without reference bits, Babaoglu and Joy,
/// "Converting a Swap-Based System to do Paging in an Architecture Lacking Page-Referenced Bits", SOSP 1981.
package final class PagePool {
    /// A page that was taken out of its table's directory.
    private struct Candidate {
        let table: Int
        let page: Int
        /// Tells this time from other times that the page was taken out.
        let serial: Int
    }

    /// Candidates, first in, first out.
    private struct Queue {
        private var items: [Candidate] = []
        private var first = 0

        mutating func append(_ candidate: Candidate) { items.append(candidate) }

        mutating func append(_ others: Queue) { items += others.items[others.first...] }

        mutating func popFirst() -> Candidate? {
            guard first < items.count else { return nil }
            defer {
                first += 1
                // Closing the gap only when it is half of the array keeps this O(1) amortised.
                if first * 2 > items.count {
                    items.removeFirst(first)
                    first = 0
                }
            }
            return items[first]
        }
    }

    private struct Member {
        weak var table: (any PooledTable)?
    }

    /// The pages that stay, whatever the limit.
    package static let leastPages = 64
    /// The pages that are out of the directories at least, so that there is a choice.
    private static let leastCooled = 24
    /// The pages that may be over the limit before some go that may be in use.
    private static let slackPages = 32
    /// The most pages that one call sends away, so that none takes long.
    private static let mostEvicted = 8
    private static let mostEvictedOnRequest = 64

    private let memory: StateMemory
    private let wake: @Sendable () -> Void
    private var share: StateMemoryShare?
    private var members: [Int: Member] = [:]
    /// The numbers of the tables, in the order in which the hand visits them.
    private var order: [Int] = []
    private var hand = 0
    private var nextMember = 0
    /// What was taken out before this turn.
    private var candidates = Queue()
    /// What was taken out in this turn, by table.
    private var fresh: [Int: Queue] = [:]
    private var serial = 0
    /// The pages in memory.
    private var pages = 0
    /// Those of them that are out of the directories.
    private var cooled = 0

    /// - Parameters:
    ///   - memory: Shared with the job's other subtasks.
    ///   - wake: Has the subtask begin a turn.
    package init(memory: StateMemory, wake: @escaping @Sendable () -> Void) {
        self.memory = memory
        self.wake = wake
    }

    deinit { share?.leave() }

    // MARK: - For the tables

    /// Counts in a table, which is not kept alive.
    ///
    /// - Returns: Its number.
    package func join(_ table: any PooledTable) -> Int {
        if share == nil { share = memory.join(wake: wake) }
        defer { nextMember += 1 }
        members[nextMember] = Member(table: table)
        order.append(nextMember)
        return nextMember
    }

    /// Counts out a table that has no pages any more.
    package func leave(_ table: Int) {
        members[table] = nil
        fresh[table] = nil
        order.removeAll { $0 == table }
    }

    /// Notes pages that came into memory, or went.
    package func add(pages: Int, bytes: Int) {
        self.pages += pages
        share?.add(bytes)
    }

    /// Notes that pages are in the directory again, or have gone.
    package func noteTakenBack(_ count: Int) { cooled -= count }

    /// Whether another page would send one away.
    package var isFull: Bool { pages >= Self.leastPages && share?.isFull ?? false }

    /// Sends pages away if there are too many.
    ///
    /// - Parameters:
    ///   - table: The table that has one more.
    ///   - page: Which page that is; it stays.
    /// - Throws: What a store throws; the page concerned stays, and the tables are as they were.
    package func makeRoom(for table: Int, sparing page: Int) throws {
        guard var excess = excess() else { return }
        if cooled == 0 { cool(sparing: page, of: table) }
        var left = Self.mostEvicted
        while excess > 0, left > 0, mayEvict(excess), let victim = takeCandidate(for: table) {
            excess -= try evict(victim)
            left -= 1
        }
        // For the next time: nothing goes that was in use just now.
        if left == Self.mostEvicted, isUrgent(excess) {
            // What is out belongs to other tables, and may be in use until the turn ends.
            _ = takeOut(Self.leastCooled, of: table, sparing: page)
        } else {
            cool(sparing: page, of: table)
        }
    }

    // MARK: - For the subtask

    /// Begins a turn of the subtask: no entry is in use. Gives back memory that others have asked for.
    ///
    /// - Throws: What a store throws.
    package func beginTurn() throws {
        mergeFresh()
        guard share?.takeRequest() == true, var excess = excess() else { return }
        var left = Self.mostEvictedOnRequest
        while excess > 0, left > 0, pages > Self.leastPages {
            guard let victim = takeCandidate(for: nil) else {
                let known = cooled
                cool(sparing: nil, of: nil)
                mergeFresh()
                guard cooled > known else { break }
                continue
            }
            excess -= try evict(victim)
            left -= 1
        }
        if excess > 0, left == 0 { share?.ask() }
    }

    // MARK: - Which pages go

    /// The bytes to give up; `nil` where all may stay.
    private func excess() -> Int? {
        guard let share, pages > Self.leastPages else { return nil }
        let excess = min(share.takeExcess(), (pages - Self.leastPages) * bytesOfPage)
        return excess > 0 ? excess : nil
    }

    private var bytesOfPage: Int { (share?.heldBytes ?? 0) / max(1, pages) }
    private var coolingGoal: Int { max(Self.leastCooled, pages / 8) }

    /// Whether the page that has been out of the directory for the longest time may go: not where too
    /// few are for that to mean anything. Where all pages are in use they are soon taken back, and some
    /// page has to go all the same.
    private func mayEvict(_ excess: Int) -> Bool {
        cooled > coolingGoal / 2 || isUrgent(excess)
    }

    private func isUrgent(_ excess: Int) -> Bool { excess > Self.slackPages * bytesOfPage }

    private func evict(_ victim: Candidate) throws -> Int {
        guard let table = members[victim.table]?.table else { return 0 }
        return try table.evict(victim.page)
    }

    /// The page that has been out of the directory for the longest time, among those that may go.
    ///
    /// - Parameter asking: The table that asks; `nil` where no entry is in use.
    private func takeCandidate(for asking: Int?) -> Candidate? {
        while let candidate = candidates.popFirst() {
            if isOut(candidate) { return candidate }
        }
        guard let asking else { return nil }
        while let candidate = fresh[asking]?.popFirst() {
            if isOut(candidate) { return candidate }
        }
        return nil
    }

    /// Whether a page has not been taken back since.
    private func isOut(_ candidate: Candidate) -> Bool {
        members[candidate.table]?.table?
            .isCooled(candidate.page, serial: candidate.serial) ?? false
    }

    private func mergeFresh() {
        guard !fresh.isEmpty else { return }
        for (_, queue) in fresh.sorted(by: { $0.key < $1.key }) { candidates.append(queue) }
        fresh = [:]
    }

    /// Takes pages out of the directories until there are enough of them to choose from.
    private func cool(sparing page: Int?, of asking: Int?) {
        var visited = 0
        while cooled < coolingGoal, visited <= order.count, !order.isEmpty {
            if hand >= order.count { hand = 0 }
            let number = order[hand]
            let isAtEnd = takeOut(
                coolingGoal - cooled, of: number, sparing: number == asking ? page : nil)
            if isAtEnd {
                hand += 1
                visited += 1
            }
        }
    }

    /// Takes up to `count` pages of a table out of its directory.
    ///
    /// - Returns: Whether its end was reached.
    private func takeOut(_ count: Int, of table: Int, sparing page: Int?) -> Bool {
        serial += 1
        guard
            let (taken, isAtEnd) = members[table]?.table?
                .cool(count, sparing: page, serial: serial)
        else { return true }
        for page in taken {
            fresh[table, default: Queue()].append(
                Candidate(table: table, page: page, serial: serial))
        }
        cooled += taken.count
        return isAtEnd
    }
}

/// A table whose pages are in a ``PagePool``.
package protocol PooledTable: AnyObject {
    /// Takes up to `count` pages out of the directory, from where the last call ended.
    ///
    /// - Parameter page: One that stays.
    /// - Returns: The pages, and whether the end of the directory was reached.
    func cool(_ count: Int, sparing page: Int?, serial: Int) -> (pages: [Int], isAtEnd: Bool)
    /// Whether a page is out of the directory since the call with that number.
    func isCooled(_ page: Int, serial: Int) -> Bool
    /// Sends away a page that is out of the directory.
    ///
    /// - Returns: The bytes that it took.
    /// - Throws: What the store throws; the page is then in the directory again.
    func evict(_ page: Int) throws -> Int
}
