public import WeirCore
public import WeirState

/// The records of one key of an interval join.
public struct IntervalRows<Left, Right> {
    /// The records of the stream that the join was called on.
    public var lefts: TimedRows<Left>
    /// The records of the other stream.
    public var rights: TimedRows<Right>

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
/// in its interval. Each key and side has one timer at most (more only for records that come out of
/// order); where rows of single records are not asked for, it is set by the last record of a few, or
/// the one in the middle of many, so that a visit drops at least half of them: cleaning costs O(1) a
/// record, amortised.
@usableFromInline
final class IntervalJoinState<Left: Sendable, Right: Sendable, Key: StreamKey, Output> {
    @usableFromInline let core: JoinCore<Left, Right, Output>
    @usableFromInline let leftRules: IntervalRules<Left, Right, Output>
    @usableFromInline let rightRules: IntervalRules<Right, Left, Output>
    @usableFromInline let table = StateTable<Key, IntervalRows<Left, Right>>()
    // Not checked for overlaps at run time, as in ``JoinCore``: no timer's change calls back.
    @exclusivity(unchecked) @usableFromInline var timers = TimeOrderedBuffer<KeySide<Key>>()
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
            lower: interval.lower, upper: interval.upper, pair: outputs.pair,
            alone: outputs.leftAlone, matched: outputs.leftMatched)
        let pair = outputs.pair
        rightRules = IntervalRules(
            lower: -interval.upper, upper: -interval.lower,
            pair: pair.map { pair in { try pair($1, $0) } }, alone: outputs.rightAlone, matched: nil
        )
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
    @inlinable func joinLeft(
        _ left: UnsafeMutablePointer<Left>, isMoved: inout Bool, at time: Timestamp, key: Key,
        hash: UInt64, _ rules: borrowing IntervalRules<Left, Right, Output>,
        _ partnerRules: borrowing IntervalRules<Right, Left, Output>
    ) throws -> Bool {
        if core.isLate(time) {
            isMoved = true
            core.noteLate(.left(left.move()), at: time)
            return true
        }
        let isEmpty = try table.update(key, hash: hash, initial: { IntervalRows() }) { rows in
            try meet(
                left, isMoved: &isMoved, at: time, key, hash, isLeft: true, own: &rows.lefts,
                partners: &rows.rights, rules, partnerRules)
            return rows.lefts.isEmpty && rows.rights.isEmpty
        }
        if isEmpty { try table.remove(key, hash: hash) }
        return core.hasRoom && pending == nil
    }

    /// Brings a right record together with the left ones in its interval likewise.
    @inlinable func joinRight(
        _ right: UnsafeMutablePointer<Right>, isMoved: inout Bool, at time: Timestamp, key: Key,
        hash: UInt64, _ rules: borrowing IntervalRules<Right, Left, Output>,
        _ partnerRules: borrowing IntervalRules<Left, Right, Output>
    ) throws -> Bool {
        if core.isLate(time) {
            isMoved = true
            core.noteLate(.right(right.move()), at: time)
            return true
        }
        let isEmpty = try table.update(key, hash: hash, initial: { IntervalRows() }) { rows in
            try meet(
                right, isMoved: &isMoved, at: time, key, hash, isLeft: false, own: &rows.rights,
                partners: &rows.lefts, rules, partnerRules)
            return rows.lefts.isEmpty && rows.rights.isEmpty
        }
        if isEmpty { try table.remove(key, hash: hash) }
        return core.hasRoom && pending == nil
    }

    @inlinable @inline(__always) func meet<Own, Partner>(
        _ record: UnsafeMutablePointer<Own>, isMoved: inout Bool, at time: Timestamp, _ key: Key,
        _ hash: UInt64, isLeft: Bool, own: inout TimedRows<Own>,
        partners: inout TimedRows<Partner>, _ rules: borrowing IntervalRules<Own, Partner, Output>,
        _ partnerRules: borrowing IntervalRules<Partner, Own, Output>
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
            if rules.pair != nil || partnerRules.isTracked {
                let isDone = try record.withMovedPointee {
                    try walk($0, at: time, &position, partners: &partners, rules, partnerRules)
                }
                if !isDone {
                    isMoved = true
                    let place = KeySide(key: key, hash: hash, isLeft: isLeft)
                    let index = keep(
                        record.move(), at: time, isMatched: true, key, hash, isLeft: isLeft, &own,
                        rules)
                    pending = PendingMeeting(place: place, own: index, position: position)
                    return
                }
            }
        }
        if last > core.watermark {
            isMoved = true
            keep(
                record.move(), at: time, isMatched: isMatched, key, hash, isLeft: isLeft, &own,
                rules)
        } else {
            if !isMatched, let alone = rules.alone {
                try append(record.pointee, at: rules.rowTime(time), alone)
            }
            core.release()
        }
    }

    /// Puts out what a record and its partners make, from `position` on; answers whether that was all.
    @inlinable func walk<Own, Partner>(
        _ record: Own, at time: Timestamp, _ position: inout Int,
        partners: inout TimedRows<Partner>, _ rules: borrowing IntervalRules<Own, Partner, Output>,
        _ partnerRules: borrowing IntervalRules<Partner, Own, Output>
    ) throws -> Bool {
        let last = rules.expiry(time)
        while position < partners.endIndex {
            let partnerTime = partners.time(at: position)
            guard partnerTime <= last else { return true }
            guard core.hasRoom else { return false }
            if let pair = rules.pair {
                try partners.withRecord(at: position) {
                    try append(record, $0, at: max(time, partnerTime), pair)
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
    func keep<Own, Partner>(
        _ record: consuming Own, at time: Timestamp, isMatched: Bool, _ key: Key, _ hash: UInt64,
        isLeft: Bool, _ own: inout TimedRows<Own>,
        _ rules: borrowing IntervalRules<Own, Partner, Output>
    ) -> Int {
        let index = own.insert(record, at: time, isMatched: isMatched)
        let due = rules.expiry(time)
        let isSoonEnough =
            if let visit = own.visit { !rules.hasAlone || visit <= due } else { false }
        if !isSoonEnough {
            own.visit = due
            timers.insert(KeySide(key: key, hash: hash, isLeft: isLeft), at: due)
        }
        return index
    }

    @inlinable func append<Own, Partner>(
        _ own: Own, _ partner: Partner, at time: Timestamp, _ make: (Own, Partner) throws -> Output
    ) throws {
        do { core.output.append(try make(own, partner), at: time) } catch {
            throw RecordError(record: (own, partner), cause: error)
        }
    }

    @inlinable func append<Own>(
        _ own: Own, at time: Timestamp, _ make: (Own) throws -> Output
    ) throws {
        do { core.output.append(try make(own), at: time) } catch {
            throw RecordError(record: own, cause: error)
        }
    }

    /// Goes on with the record whose partners did not all fit; answers whether they did now.
    @inlinable func finishPending() throws -> Bool {
        guard var meeting = pending else { return true }
        let place = meeting.place
        let isDone = try table.updateIfPresent(place.key, hash: place.hash) { rows in
            if place.isLeft {
                let row = rows.lefts[meeting.own]
                return try walk(
                    row.record, at: row.time, &meeting.position, partners: &rows.rights, leftRules,
                    rightRules)
            }
            let row = rows.rights[meeting.own]
            return try walk(
                row.record, at: row.time, &meeting.position, partners: &rows.lefts, rightRules,
                leftRules)
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
        let isOrdered = leftRules.hasAlone || rightRules.hasAlone
        var released = 0
        defer { core.release(released) }
        if let visit = visiting {
            guard try clean(visit.element, dueAt: visit.time, &released) else { return false }
            visiting = nil
        }
        while let visit = isOrdered
            ? timers.popDue(upTo: watermark) : timers.popDueInAnyOrder(upTo: watermark)
        {
            guard try clean(visit.element, dueAt: visit.time, &released) else {
                visiting = visit
                return false
            }
        }
        return true
    }

    /// Cleans up one side of a key; answers whether all has been put out.
    ///
    /// A timer that is not the one that the side waits for is passed over: a record with an earlier time has
    /// come since.
    @inlinable func clean(
        _ place: KeySide<Key>, dueAt time: Timestamp, _ released: inout Int
    ) throws -> Bool {
        var isDone = true
        try table.updateOrRemove(place.key, hash: place.hash) { rows in
            if place.isLeft {
                guard rows.lefts.visit == time else { return true }
                isDone = try expire(&rows.lefts, place, leftRules, &released)
            } else {
                guard rows.rights.visit == time else { return true }
                isDone = try expire(&rows.rights, place, rightRules, &released)
            }
            return !(rows.lefts.isEmpty && rows.rights.isEmpty)
        }
        return isDone
    }

    @inlinable func expire<Own, Partner>(
        _ rows: inout TimedRows<Own>, _ place: KeySide<Key>,
        _ rules: borrowing IntervalRules<Own, Partner, Output>, _ released: inout Int
    ) throws -> Bool {
        let watermark = core.watermark
        var index = rows.startIndex
        var isDone = true
        if rules.hasAlone {
            isDone = try putOutAlone(rows, &index, rules)
        } else {
            let upper = rules.upper
            index = rows.firstIndex(notOver: { $0.advanced(byMicroseconds: upper) <= watermark })
        }
        released &+= index &- rows.startIndex
        rows.dropFirst(index &- rows.startIndex)
        if isDone { scheduleNext(&rows, place, rules) }
        return isDone
    }

    /// Puts out the records that no partner can come for and none has come, from `index` on, which is then
    /// that of the first to stay; answers whether the output had room for all.
    @inlinable func putOutAlone<Own, Partner>(
        _ rows: borrowing TimedRows<Own>, _ index: inout Int,
        _ rules: borrowing IntervalRules<Own, Partner, Output>
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

    @inlinable func scheduleNext<Own, Partner>(
        _ rows: inout TimedRows<Own>, _ place: KeySide<Key>,
        _ rules: borrowing IntervalRules<Own, Partner, Output>
    ) {
        rows.visit = nil
        guard !rows.isEmpty else { return }
        // A few wait for the last of them: a visit costs as much as they do.
        let behind = rules.hasAlone ? 0 : rows.count <= 16 ? rows.count &- 1 : rows.count / 2
        let due = rules.expiry(rows.time(at: rows.startIndex &+ behind))
        rows.visit = due
        timers.insert(place, at: due)
    }
}
