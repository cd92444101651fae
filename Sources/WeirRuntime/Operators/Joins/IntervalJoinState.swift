public import WeirCore
public import WeirState

/// The records of one key of an interval join.
public struct IntervalRows<Left, Right> {
    /// The records of the stream that the join was called on.
    public var lefts: TimedRows<Left>
    /// The records of the other stream.
    public var rights: TimedRows<Right>

    /// So many records of a side are kept beyond their time rather than looked at once more.
    @inlinable static var few: Int { 16 }

    @inlinable init(
        lefts: TimedRows<Left> = TimedRows(), rights: TimedRows<Right> = TimedRows()
    ) {
        self.lefts = lefts
        self.rights = rights
    }
}

extension IntervalRows: Sendable where Left: Sendable, Right: Sendable {}

/// A key, and a side of it, whose records are due to be cleaned up.
public struct KeySide<Key: Sendable>: Sendable {
    @usableFromInline var key: Key
    @usableFromInline var hash: UInt64
    @usableFromInline var isLeft: Bool

    @inlinable init(key: Key, hash: UInt64, isLeft: Bool) {
        self.key = key
        self.hash = hash
        self.isLeft = isLeft
    }
}

/// Puts out the row of a record and a partner, if they are a pair.
@usableFromInline
typealias IntervalPair<Own, Partner, Output> = (
    Own, Partner, _ time: Timestamp, _ output: inout Batch<Output>
) throws -> Void

/// A record whose partners did not all fit into the output.
@usableFromInline
struct PendingMeeting<Key: Sendable> {
    @usableFromInline var place: KeySide<Key>
    /// The record's index among those of its side.
    @usableFromInline var own: Int
    /// The index of the next partner.
    @usableFromInline var position: Int

    @inlinable init(place: KeySide<Key>, own: Int, position: Int) {
        self.place = place
        self.own = own
        self.position = position
    }
}

/// The state of one subtask of an interval join: the records that may still find partners.
///
/// A record meets its partners when it comes: one lookup, a binary search by time, and a walk over those
/// in its interval.
///
/// Timers clean up. Where rows of single records are asked for, each side of a key has one: a side that puts
/// them out is visited for its first record (has more only for records that come out of order), the other
/// when half of its records, or all of a few, are of no more use. In other joins no one can tell when a record
/// goes, and a visit costs more than keeping a few: one timer cleans up both sides. It is set by the
/// key's first record, then by the last of those that are left; a side of many has one of its own, set
/// by the record in its middle, so that at most half of what is kept is of no more use, and a few
/// records of each key that is there.
@usableFromInline
final class IntervalJoinState<Left: Sendable, Right: Sendable, Key: StreamKey, Output> {
    @usableFromInline let core: JoinCore<Left, Right, Output>
    @usableFromInline let leftRules: IntervalRules<Left, Output>
    @usableFromInline let rightRules: IntervalRules<Right, Output>
    /// Whether cleaning up puts rows out.
    @usableFromInline let hasAlone: Bool
    @usableFromInline let table = StateTable<Key, IntervalRows<Left, Right>>()
    // Not checked for overlaps at run time, as in ``JoinCore``: no timer's change calls back.
    @exclusivity(unchecked) @usableFromInline var timers = TimeOrderedBuffer<KeySide<Key>>()
    @usableFromInline let ahead = KeysAhead()
    @exclusivity(unchecked) @usableFromInline var seenAhead: Int64 = 0
    @exclusivity(unchecked) @usableFromInline var pending: PendingMeeting<Key>?
    /// The key and side whose cleaning up waits for room in the output, and when its timer was due.
    @exclusivity(unchecked) @usableFromInline var visiting:
        (time: Timestamp, element: KeySide<Key>)?

    @inlinable init(
        core: JoinCore<Left, Right, Output>, interval: JoinInterval,
        outputs: JoinOutputs<Left, Right, Output>
    ) {
        self.core = core
        leftRules = IntervalRules(
            lower: interval.lower, upper: interval.upper, hasPairs: outputs.pair != nil,
            alone: outputs.leftAlone, matched: outputs.leftMatched)
        rightRules = IntervalRules(
            lower: -interval.upper, upper: -interval.lower,
            hasPairs: outputs.pair != nil, alone: outputs.rightAlone, matched: nil)
        hasAlone = leftRules.hasAlone || rightRules.hasAlone
        core.context.show("rows", table)
        core.context.keep("rows", table)
        core.context.keep("timers", of: self, \.timers, hash: { $0.hash })
    }

    // MARK: - Records

    /// Brings a left record together with the right ones in its interval; answers whether the output
    /// has room for more. The record is moved out where it is kept.
    ///
    /// - Parameters:
    ///   - rules: ``leftRules``. Handed in, as a record loop has them in locals: each reading of a property
    ///     that holds functions is so many retains.
    ///   - partnerRules: ``rightRules``.
    ///   - pair: Puts out the row of a pair; as a parameter, so that the job's function becomes part of the loop.
    @inlinable @inline(__always) func joinLeft(
        _ left: UnsafeMutablePointer<Left>, isMoved: inout Bool, at time: Timestamp, key: Key,
        hash: UInt64, _ rules: borrowing IntervalRules<Left, Output>,
        _ partnerRules: borrowing IntervalRules<Right, Output>,
        _ pair: IntervalPair<Left, Right, Output>
    ) throws -> Bool {
        if core.isLate(time) {
            isMoved = true
            core.noteLate(.left(left.move()), at: time)
            return true
        }
        let isEmpty = try table.update(key, hash: hash, initial: { IntervalRows() }) { rows in
            try meet(
                left, isMoved: &isMoved, at: time, key, hash, isLeft: true, own: &rows.lefts,
                partners: &rows.rights, rules, partnerRules, pair)
            return rows.lefts.isEmpty && rows.rights.isEmpty
        }
        if isEmpty { try table.remove(key, hash: hash) }
        return core.hasRoom && pending == nil
    }

    /// Brings a right record together with the left ones in its interval likewise.
    @inlinable @inline(__always) func joinRight(
        _ right: UnsafeMutablePointer<Right>, isMoved: inout Bool, at time: Timestamp, key: Key,
        hash: UInt64, _ rules: borrowing IntervalRules<Right, Output>,
        _ partnerRules: borrowing IntervalRules<Left, Output>,
        _ pair: IntervalPair<Right, Left, Output>
    ) throws -> Bool {
        if core.isLate(time) {
            isMoved = true
            core.noteLate(.right(right.move()), at: time)
            return true
        }
        let isEmpty = try table.update(key, hash: hash, initial: { IntervalRows() }) { rows in
            try meet(
                right, isMoved: &isMoved, at: time, key, hash, isLeft: false, own: &rows.rights,
                partners: &rows.lefts, rules, partnerRules, pair)
            return rows.lefts.isEmpty && rows.rights.isEmpty
        }
        if isEmpty { try table.remove(key, hash: hash) }
        return core.hasRoom && pending == nil
    }

    @inlinable @inline(__always) func meet<Own, Partner>(
        _ record: UnsafeMutablePointer<Own>, isMoved: inout Bool, at time: Timestamp, _ key: Key,
        _ hash: UInt64, isLeft: Bool, own: inout TimedRows<Own>,
        partners: inout TimedRows<Partner>, _ rules: borrowing IntervalRules<Own, Output>,
        _ partnerRules: borrowing IntervalRules<Partner, Output>,
        _ pair: IntervalPair<Own, Partner, Output>
    ) throws {
        let last = rules.expiry(time)
        var position = partners.firstIndex(from: time.advanced(byMicroseconds: rules.lower))
        let isMatched = position < partners.endIndex && partners.time(at: position) <= last
        if isMatched {
            if rules.isSettledByMatch {
                if let matched = rules.matched {
                    try append(record.pointee, at: rules.rowTime(time), matched)
                }
                core.release()
                return
            }
            if rules.hasPairs || partnerRules.isTracked {
                let isDone = try record.withBorrowedPointee {
                    try walk(
                        $0, at: time, &position, partners: &partners, rules, partnerRules, pair)
                }
                if !isDone {
                    isMoved = true
                    let place = KeySide(key: key, hash: hash, isLeft: isLeft)
                    let index = keep(
                        record.move(), at: time, isMatched: true, key, hash, isLeft: isLeft, &own,
                        partnerVisit: partners.visit, rules)
                    pending = PendingMeeting(place: place, own: index, position: position)
                    return
                }
            }
        }
        if last > core.watermark {
            isMoved = true
            keep(
                record.move(), at: time, isMatched: isMatched, key, hash, isLeft: isLeft, &own,
                partnerVisit: partners.visit, rules)
        } else {
            if !isMatched, let alone = rules.alone {
                try append(record.pointee, at: rules.rowTime(time), alone)
            }
            core.release()
        }
    }

    /// Puts out what a record and its partners make, from `position` on; answers whether that was all.
    @inlinable @inline(__always) func walk<Own, Partner>(
        _ record: Own, at time: Timestamp, _ position: inout Int,
        partners: inout TimedRows<Partner>, _ rules: borrowing IntervalRules<Own, Output>,
        _ partnerRules: borrowing IntervalRules<Partner, Output>,
        _ pair: IntervalPair<Own, Partner, Output>
    ) throws -> Bool {
        let last = rules.expiry(time)
        while position < partners.endIndex {
            let partnerTime = partners.time(at: position)
            guard partnerTime <= last else { return true }
            guard core.hasRoom else { return false }
            if rules.hasPairs {
                try partners.withRecord(at: position) { partner in
                    do { try pair(record, partner, max(time, partnerTime), &core.output) } catch {
                        throw RecordError(record: (record, partner), cause: error)
                    }
                }
            } else if let matched = partnerRules.matched, !partners.isMatched(at: position) {
                try append(
                    partners[position].record, at: partnerRules.rowTime(partnerTime), matched)
            }
            if partnerRules.isTracked { partners.markMatched(at: position) }
            position &+= 1
        }
        return true
    }

    /// Keeps a record for partners to come, and sees to it that it is cleaned up.
    @inlinable @discardableResult
    func keep<Own>(
        _ record: consuming Own, at time: Timestamp, isMatched: Bool, _ key: Key, _ hash: UInt64,
        isLeft: Bool, _ own: inout TimedRows<Own>, partnerVisit: Timestamp?,
        _ rules: borrowing IntervalRules<Own, Output>
    ) -> Int {
        let index = own.insert(record, at: time, isMatched: isMatched)
        var due = rules.expiry(time)
        if let visit = own.visit, !rules.hasAlone || visit <= due { return index }
        if !hasAlone, partnerVisit != nil {
            guard own.count > IntervalRows<Left, Right>.few else { return index }
            due = visit(of: own, rules)
        }
        own.visit = due
        timers.insert(KeySide(key: key, hash: hash, isLeft: isLeft), at: due)
        return index
    }

    @inlinable func append<Own>(
        _ own: Own, at time: Timestamp, _ make: (Own) throws -> Output
    ) throws {
        do { core.output.append(try make(own), at: time) } catch {
            throw RecordError(record: own, cause: error)
        }
    }

    /// Goes on with the record whose partners did not all fit; answers whether they did now.
    @inlinable func finishPending(_ pair: IntervalPair<Left, Right, Output>) throws -> Bool {
        guard var meeting = pending else { return true }
        let place = meeting.place
        let isDone = try table.updateIfPresent(place.key, hash: place.hash) { rows in
            if place.isLeft {
                let row = rows.lefts[meeting.own]
                return try walk(
                    row.record, at: row.time, &meeting.position, partners: &rows.rights, leftRules,
                    rightRules, pair)
            }
            let row = rows.rights[meeting.own]
            return try walk(
                row.record, at: row.time, &meeting.position, partners: &rows.lefts, rightRules,
                leftRules, { try pair($1, $0, $2, &$3) })
        }
        pending = isDone ?? true ? nil : meeting
        return isDone ?? true
    }

    // MARK: - Cleaning up

    /// Drops the records for which no partner can come any more, and puts out those that have had none
    /// where the join says so; answers whether that was all.
    @inlinable func advance() throws -> Bool {
        let watermark = core.watermark
        // Where cleaning puts nothing out, no one can tell in what order it goes.
        let isOrdered = hasAlone
        var released = 0
        defer { core.release(released) }
        if let visit = visiting {
            guard try clean(visit.element, dueAt: visit.time, &released) else { return false }
            visiting = nil
        }
        var lookedUp = 0
        while true {
            if lookedUp == 0 { lookedUp = lookAhead(upTo: watermark, isOrdered: isOrdered) }
            let next =
                isOrdered
                ? timers.popDue(upTo: watermark) : timers.popDueInAnyOrder(upTo: watermark)
            guard let visit = next else { break }
            lookedUp = max(0, lookedUp &- 1)
            guard try clean(visit.element, dueAt: visit.time, &released) else {
                visiting = visit
                return false
            }
        }
        return true
    }

    /// Has the memory fetched that cleaning up the next keys will read: no one has looked at most of these for as
    /// long as their records were kept. Answers how many they are.
    @inlinable func lookAhead(upTo watermark: Timestamp, isOrdered: Bool) -> Int {
        let count = min(
            timers.prepareDue(upTo: watermark, isOrdered: isOrdered), KeysAhead.capacity)
        table.lookAhead(ahead, from: 0, to: count) { timers.next($0)?.hash ?? 0 }
        var seen: Int64 = 0
        for number in 0..<count {
            table.peek(ahead, row: number) { seen |= $0.lefts.touch() | $0.rights.touch() }
        }
        // Kept, so that the reads are not left out.
        seenAhead = seen
        return count
    }

    /// Cleans up one side of a key, or both; answers whether all has been put out.
    ///
    /// A timer that is not the one that the side waits for is passed over: a record with an earlier time has
    /// come since, or the key has gone and come again.
    @inlinable func clean(
        _ place: KeySide<Key>, dueAt time: Timestamp, _ released: inout Int
    ) throws -> Bool {
        var isDone = true
        try table.updateOrRemove(place.key, hash: place.hash) { rows in
            guard (place.isLeft ? rows.lefts.visit : rows.rights.visit) == time else {
                return true
            }
            if !hasAlone {
                drop(&rows.lefts, leftRules, &released)
                drop(&rows.rights, rightRules, &released)
                scheduleNext(&rows, place)
            } else if place.isLeft {
                isDone = try adopt(&rows.rights, place, rightRules, &released)
                if isDone { isDone = try expire(&rows.lefts, place, leftRules, &released) }
            } else {
                isDone = try adopt(&rows.lefts, place, leftRules, &released)
                if isDone { isDone = try expire(&rows.rights, place, rightRules, &released) }
            }
            return !(rows.lefts.isEmpty && rows.rights.isEmpty)
        }
        return isDone
    }

    /// Drops the records that no partner can come for.
    @inlinable func drop<Own>(
        _ rows: inout TimedRows<Own>, _ rules: borrowing IntervalRules<Own, Output>,
        _ released: inout Int
    ) {
        guard !rows.isEmpty else { return }
        let (watermark, upper) = (core.watermark, rules.upper)
        let first = rows.firstIndex(notOver: { $0.advanced(byMicroseconds: upper) <= watermark })
        released &+= first &- rows.startIndex
        rows.dropFirst(first &- rows.startIndex)
    }

    /// Sets the timer that takes the place of one that has come, where both sides are cleaned up.
    @inlinable func scheduleNext(_ rows: inout IntervalRows<Left, Right>, _ place: KeySide<Key>) {
        if place.isLeft { rows.lefts.visit = nil } else { rows.rights.visit = nil }
        guard let (due, isLeft) = nextVisit(rows, place) else { return }
        if isLeft { rows.lefts.visit = due } else { rows.rights.visit = due }
        timers.insert(KeySide(key: place.key, hash: place.hash, isLeft: isLeft), at: due)
    }

    @inlinable func nextVisit(
        _ rows: borrowing IntervalRows<Left, Right>, _ place: KeySide<Key>
    ) -> (due: Timestamp, isLeft: Bool)? {
        let few = IntervalRows<Left, Right>.few
        let (lefts, rights) = (rows.lefts.count, rows.rights.count)
        if (place.isLeft ? rows.rights.visit : rows.lefts.visit) != nil {
            // The other side's timer cleans up the few of this one.
            guard (place.isLeft ? lefts : rights) > few else { return nil }
            return place.isLeft
                ? (visit(of: rows.lefts, leftRules), true)
                : (visit(of: rows.rights, rightRules), false)
        }
        guard lefts > 0 else {
            return rights > 0 ? (visit(of: rows.rights, rightRules), false) : nil
        }
        let left = visit(of: rows.lefts, leftRules)
        guard rights > 0 else { return (left, true) }
        let right = visit(of: rows.rights, rightRules)
        // Many must not wait for a few, nor for as many that go later.
        if lefts > few || rights > few {
            let isLeft = rights <= few || lefts > few && left <= right
            return isLeft ? (left, true) : (right, false)
        }
        return left >= right ? (left, true) : (right, false)
    }

    /// When it is worth while to clean up records: when all of a few, or half of many, are of no more use.
    @inlinable func visit<Own>(
        of rows: borrowing TimedRows<Own>, _ rules: borrowing IntervalRules<Own, Output>
    ) -> Timestamp {
        let behind =
            rows.count <= IntervalRows<Left, Right>.few ? rows.count &- 1 : rows.count / 2
        return rules.expiry(rows.time(at: rows.startIndex &+ behind))
    }

    /// Gives a timer of its own to a side that has none: its records were kept by a join that put out no
    /// records alone, before the job was changed. Answers whether the output had room for those that are due.
    @inlinable func adopt<Own>(
        _ rows: inout TimedRows<Own>, _ partner: KeySide<Key>,
        _ rules: borrowing IntervalRules<Own, Output>, _ released: inout Int
    ) throws -> Bool {
        guard rows.visit == nil, !rows.isEmpty else { return true }
        let place = KeySide(key: partner.key, hash: partner.hash, isLeft: !partner.isLeft)
        return try expire(&rows, place, rules, &released)
    }

    /// Drops the records of a side that no partner can come for, and puts out those that have had none
    /// where the join says so; answers whether the output had room for all.
    @inlinable func expire<Own>(
        _ rows: inout TimedRows<Own>, _ place: KeySide<Key>,
        _ rules: borrowing IntervalRules<Own, Output>, _ released: inout Int
    ) throws -> Bool {
        guard rules.hasAlone else {
            drop(&rows, rules, &released)
            schedule(&rows, place, rules)
            return true
        }
        var index = rows.startIndex
        let isDone = try putOutAlone(rows, &index, rules)
        released &+= index &- rows.startIndex
        rows.dropFirst(index &- rows.startIndex)
        if isDone { schedule(&rows, place, rules) }
        return isDone
    }

    /// Puts out the records that no partner can come for and none has come, from `index` on, which is then
    /// that of the first to stay; answers whether the output had room for all.
    @inlinable func putOutAlone<Own>(
        _ rows: borrowing TimedRows<Own>, _ index: inout Int,
        _ rules: borrowing IntervalRules<Own, Output>
    ) throws -> Bool {
        while index < rows.endIndex, rules.expiry(rows.time(at: index)) <= core.watermark {
            if let alone = rules.alone, !rows.isMatched(at: index) {
                guard core.hasRoom else { return false }
                try append(rows[index].record, at: rules.rowTime(rows.time(at: index)), alone)
            }
            index &+= 1
        }
        return true
    }

    /// Sets the timer of one side.
    @inlinable func schedule<Own>(
        _ rows: inout TimedRows<Own>, _ place: KeySide<Key>,
        _ rules: borrowing IntervalRules<Own, Output>
    ) {
        rows.visit = nil
        guard !rows.isEmpty else { return }
        let due =
            rules.hasAlone ? rules.expiry(rows.time(at: rows.startIndex)) : visit(of: rows, rules)
        rows.visit = due
        timers.insert(place, at: due)
    }
}
