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
/// order); where rows of single records are not asked for, it is set by the record in the middle,
/// so that a visit drops half of them: cleaning costs O(1) a record, amortised, and a heap operation.
@usableFromInline
final class IntervalJoinState<Left: Sendable, Right: Sendable, Key: StreamKey, Output> {
    @usableFromInline let core: JoinCore<Left, Right, Output>
    @usableFromInline let leftRules: IntervalRules<Left, Right, Output>
    @usableFromInline let rightRules: IntervalRules<Right, Left, Output>
    @usableFromInline let table = StateTable<Key, IntervalRows<Left, Right>>()
    // Not checked for overlaps at run time, as in ``JoinCore``: no timer's change calls back.
    @exclusivity(unchecked) @usableFromInline var timers = TimeOrderedBuffer<KeySide<Key>>()
    @exclusivity(unchecked) @usableFromInline var pending: PendingMeeting<Key>?
    /// The key and side that is being cleaned up, and when its timer was due.
    @usableFromInline var visiting: (time: Timestamp, element: KeySide<Key>)?

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
    @inlinable func joinLeft(
        _ left: UnsafeMutablePointer<Left>, isMoved: inout Bool, at time: Timestamp, key: Key,
        hash: UInt64
    ) throws -> Bool {
        if core.isLate(time) {
            isMoved = true
            core.noteLate(.left(left.move()), at: time)
            return true
        }
        let isEmpty = try table.update(key, hash: hash, initial: { IntervalRows() }) { rows in
            try meet(
                left, isMoved: &isMoved, at: time, KeySide(key: key, hash: hash, isLeft: true),
                own: &rows.lefts,
                partners: &rows.rights, leftRules, rightRules)
            return rows.lefts.isEmpty && rows.rights.isEmpty
        }
        if isEmpty { try table.remove(key, hash: hash) }
        return core.hasRoom && pending == nil
    }

    /// Brings a right record together with the left ones in its interval likewise.
    @inlinable func joinRight(
        _ right: UnsafeMutablePointer<Right>, isMoved: inout Bool, at time: Timestamp, key: Key,
        hash: UInt64
    ) throws -> Bool {
        if core.isLate(time) {
            isMoved = true
            core.noteLate(.right(right.move()), at: time)
            return true
        }
        let isEmpty = try table.update(key, hash: hash, initial: { IntervalRows() }) { rows in
            try meet(
                right, isMoved: &isMoved, at: time, KeySide(key: key, hash: hash, isLeft: false),
                own: &rows.rights,
                partners: &rows.lefts, rightRules, leftRules)
            return rows.lefts.isEmpty && rows.rights.isEmpty
        }
        if isEmpty { try table.remove(key, hash: hash) }
        return core.hasRoom && pending == nil
    }

    @inlinable func meet<Own, Partner>(
        _ record: UnsafeMutablePointer<Own>, isMoved: inout Bool, at time: Timestamp,
        _ place: KeySide<Key>, own: inout TimedRows<Own>, partners: inout TimedRows<Partner>,
        _ rules: IntervalRules<Own, Partner, Output>,
        _ partnerRules: IntervalRules<Partner, Own, Output>
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
                    let index = keep(record.move(), at: time, isMatched: true, place, &own, rules)
                    pending = PendingMeeting(place: place, own: index, position: position)
                    return
                }
            }
        }
        if last > core.watermark {
            isMoved = true
            keep(record.move(), at: time, isMatched: isMatched, place, &own, rules)
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
        partners: inout TimedRows<Partner>, _ rules: IntervalRules<Own, Partner, Output>,
        _ partnerRules: IntervalRules<Partner, Own, Output>
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
        _ record: consuming Own, at time: Timestamp, isMatched: Bool, _ place: KeySide<Key>,
        _ own: inout TimedRows<Own>, _ rules: IntervalRules<Own, Partner, Output>
    ) -> Int {
        let index = own.insert(record, at: time, isMatched: isMatched)
        let due = rules.expiry(time)
        let isSoonEnough = own.visit.map { rules.alone == nil || $0 <= due } ?? false
        if !isSoonEnough {
            own.visit = due
            timers.insert(place, at: due)
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
        while true {
            if visiting == nil { visiting = timers.popDue(upTo: core.watermark) }
            guard let visit = visiting else { return true }
            guard try clean(visit.element, dueAt: visit.time) else { return false }
            visiting = nil
        }
    }

    /// Cleans up one side of a key; answers whether all has been put out.
    ///
    /// A timer that is not the one that the side waits for is passed over: a record with an earlier time has
    /// come since.
    @inlinable func clean(_ place: KeySide<Key>, dueAt time: Timestamp) throws -> Bool {
        var isDone = true
        let isEmpty = try table.updateIfPresent(place.key, hash: place.hash) { rows in
            guard (place.isLeft ? rows.lefts.visit : rows.rights.visit) == time else {
                return false
            }
            if place.isLeft {
                isDone = try expire(&rows.lefts, place, leftRules)
            } else {
                isDone = try expire(&rows.rights, place, rightRules)
            }
            return rows.lefts.isEmpty && rows.rights.isEmpty
        }
        if isDone, isEmpty == true { try table.remove(place.key, hash: place.hash) }
        return isDone
    }

    @inlinable func expire<Own, Partner>(
        _ rows: inout TimedRows<Own>, _ place: KeySide<Key>,
        _ rules: IntervalRules<Own, Partner, Output>
    ) throws -> Bool {
        var index = rows.startIndex
        var isDone = true
        while index < rows.endIndex, rules.expiry(rows.time(at: index)) <= core.watermark {
            if let alone = rules.alone, !rows.isMatched(at: index) {
                guard core.hasRoom else {
                    isDone = false
                    break
                }
                try append(rows[index].record, at: rules.rowTime(rows.time(at: index)), alone)
            }
            index &+= 1
        }
        core.release(index &- rows.startIndex)
        rows.dropFirst(index &- rows.startIndex)
        if isDone { scheduleNext(&rows, place, rules) }
        return isDone
    }

    @inlinable func scheduleNext<Own, Partner>(
        _ rows: inout TimedRows<Own>, _ place: KeySide<Key>,
        _ rules: IntervalRules<Own, Partner, Output>
    ) {
        rows.visit = nil
        guard !rows.isEmpty else { return }
        let next = rows.startIndex &+ (rules.alone == nil ? rows.count / 2 : 0)
        let due = rules.expiry(rows.time(at: next))
        rows.visit = due
        timers.insert(place, at: due)
    }
}
