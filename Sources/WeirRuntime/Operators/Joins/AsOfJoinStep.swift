public import WeirCore
public import WeirState

/// A left record of an as-of join that waits for the watermark to reach it.
public struct WaitingRecord<Key: Sendable, Record: Sendable>: Sendable {
    @usableFromInline var key: Key
    @usableFromInline var hash: UInt64
    @usableFromInline var record: Record

    @inlinable init(key: Key, hash: UInt64, record: Record) {
        self.key = key
        self.hash = hash
        self.record = record
    }
}

/// A key whose history is due to be cleaned up.
public struct DueKey<Key: Sendable>: Sendable {
    @usableFromInline var key: Key
    @usableFromInline var hash: UInt64

    @inlinable init(key: Key, hash: UInt64) {
        self.key = key
        self.hash = hash
    }
}

/// The state of one subtask of an as-of join: the left records that the watermark has not reached, and
/// the history of each key's right records.
///
/// A history is cleaned up when the watermark has reached its middle, which drops half of it: O(1) a
/// record, amortised. One timer at most for each key (more only for records that
/// come out of order).
@usableFromInline
final class AsOfJoinState<Left: Sendable, Right: Sendable, Key: StreamKey, Output> {
    @usableFromInline let core: JoinCore<Left, Right, Output>
    /// How much older a right record may be, microseconds; `nil`: as old as it likes.
    @usableFromInline let maximumAge: Int64?
    @usableFromInline let pair: (Left, Right) throws -> Output
    @usableFromInline let alone: ((Left) throws -> Output)?
    @usableFromInline let table = StateTable<Key, TimedRows<Right>>()
    @usableFromInline var waiting = TimeOrderedBuffer<WaitingRecord<Key, Left>>()
    @usableFromInline var timers = TimeOrderedBuffer<DueKey<Key>>()

    @inlinable init(
        core: JoinCore<Left, Right, Output>, maximumAge: Duration?,
        outputs: JoinOutputs<Left, Right, Output>
    ) {
        self.core = core
        self.maximumAge = maximumAge.map { max(0, $0.wholeMicroseconds) }
        pair = outputs.pair ?? { _, _ in throw JoinSideMissing() }
        alone = outputs.leftAlone
        core.context.show("right rows", table)
        core.context.keep("rows", table)
        core.context.keep("waiting", of: self, \.waiting, hash: { $0.hash })
        core.context.keep("timers", of: self, \.timers, hash: { $0.hash })
    }

    // MARK: - Records

    /// Has a left record wait until the watermark has reached it.
    @inlinable func takeLeft(_ left: Left, at time: Timestamp, key: Key, hash: UInt64) {
        if core.isLate(time) { return core.noteLate(.left(left), at: time) }
        waiting.insert(WaitingRecord(key: key, hash: hash, record: left), at: time)
    }

    /// Adds a right record to the history of its key; of those with one time the last that came counts.
    @inlinable func takeRight(_ right: Right, at time: Timestamp, key: Key, hash: UInt64) throws {
        if core.isLate(time) { return core.noteLate(.right(right), at: time) }
        try table.update(key, hash: hash, initial: { TimedRows() }) { history in
            if let same = history.lastIndex(through: time), history[same].time == time {
                history.replace(at: same, with: right)
                core.release()
            } else {
                history.insert(right, at: time, isMatched: false)
                schedule(&history, key, hash)
            }
        }
    }

    /// Sees to it that a history is cleaned up when the watermark has reached its middle.
    @inlinable func schedule(_ history: inout TimedRows<Right>, _ key: Key, _ hash: UInt64) {
        guard let due = nextVisit(history) else { return }
        if let visit = history.visit, visit <= due { return }
        history.visit = due
        timers.insert(DueKey(key: key, hash: hash), at: due)
    }

    /// When half of a history, or the one record that it has, will be of no more use.
    @inlinable func nextVisit(_ history: TimedRows<Right>) -> Timestamp? {
        guard !history.isEmpty else { return nil }
        let middle = history.startIndex &+ max(1, history.count / 2)
        let superseded = middle < history.endIndex ? history[middle].time : nil
        guard let maximumAge else { return superseded }
        let aged = history[middle &- 1].time.advanced(byMicroseconds: maximumAge)
        return superseded.map { min($0, aged) } ?? aged
    }

    // MARK: - Marks

    /// Answers the left records that the watermark has reached, then cleans up; answers whether all has
    /// been put out.
    @inlinable func advance(_ signal: Signal) throws -> Bool {
        while core.hasRoom {
            guard let due = waiting.popDue(upTo: core.watermark) else {
                try cleanUp()
                if signal == .end { forgetAll() }
                return true
            }
            try answer(due.element, at: due.time)
        }
        return false
    }

    @inlinable func answer(_ left: WaitingRecord<Key, Left>, at time: Timestamp) throws {
        core.release()
        do {
            let isFound = try table.updateIfPresent(left.key, hash: left.hash) { history in
                guard let index = history.lastIndex(through: time),
                    isYoungEnough(history[index].time, at: time)
                else { return false }
                core.output.append(try pair(left.record, history[index].record), at: time)
                return true
            }
            guard isFound != true, let alone else { return }
            core.output.append(try alone(left.record), at: time)
        } catch {
            throw RecordError(record: left.record, cause: error)
        }
    }

    @inlinable func isYoungEnough(_ right: Timestamp, at left: Timestamp) -> Bool {
        guard let maximumAge else { return true }
        return left <= right.advanced(byMicroseconds: maximumAge)
    }

    /// Drops what no left record to come can ask for: all before the newest right record at or before
    /// the watermark, and what is too old.
    @inlinable func cleanUp() throws {
        while let due = timers.popDue(upTo: core.watermark) {
            let isEmpty = try table.updateIfPresent(due.element.key, hash: due.element.hash) {
                history in
                guard history.visit == due.time else { return false }
                history.visit = nil
                drop(&history)
                schedule(&history, due.element.key, due.element.hash)
                return history.isEmpty
            }
            if isEmpty == true { try table.remove(due.element.key, hash: due.element.hash) }
        }
    }

    @inlinable func drop(_ history: inout TimedRows<Right>) {
        var first = history.lastIndex(through: core.watermark) ?? history.startIndex
        if let maximumAge {
            while first < history.endIndex,
                history[first].time.advanced(byMicroseconds: maximumAge) <= core.watermark
            {
                first &+= 1
            }
        }
        let dropped = first &- history.startIndex
        core.release(dropped)
        history.dropFirst(dropped)
    }

    @inlinable func forgetAll() {
        table.removeAll()
        timers = TimeOrderedBuffer()
        core.release(core.counters.held.current)
    }
}

/// Makes the record loop of an as-of join's left port.
@inlinable @inline(__always)
func asOfLeftLoop<Left: Sendable, Right: Sendable, Key: StreamKey, Output>(
    by keyOf: @escaping @Sendable (Left) -> Key, _ right: Right.Type, _ output: Output.Type
) -> JoinLoop<Left, AsOfJoinState<Left, Right, Key, Output>> {
    // Captures the key's function alone, for the reason that `mapStep` gives.
    { batch, state in
        batch.assignMissingHashes(keyOf)
        return try batch.drainHashedRows { left, time, hash in
            state.takeLeft(left, at: time, key: keyOf(left), hash: hash)
            return true
        }
    }
}

/// Makes the record loop of an as-of join's right port.
@inlinable @inline(__always)
func asOfRightLoop<Left: Sendable, Right: Sendable, Key: StreamKey, Output>(
    by keyOf: @escaping @Sendable (Right) -> Key, _ left: Left.Type, _ output: Output.Type
) -> JoinLoop<Right, AsOfJoinState<Left, Right, Key, Output>> {
    { batch, state in
        batch.assignMissingHashes(keyOf)
        return try batch.drainHashedRows { right, time, hash in
            try state.takeRight(right, at: time, key: keyOf(right), hash: hash)
            return true
        }
    }
}

/// Makes the two steps, left and right, of an as-of join: each left record with the latest right record
/// of its key whose event time is not after its own.
///
/// - A left record waits until the watermark reaches its time, so that the result does not depend on the
///   order of arrival. Its row has its event time; rows come in the order of their times.
/// - Of right records with one key and time the last that came counts.
/// - A record behind the merged watermark is late.
/// - Of each key's right records, the newest at or before the watermark is kept, and all after it.
///
/// - Parameters:
///   - maximumAge: How much older than the left record the right one may be; `nil`: without limit.
///   - outputs: `pair` makes a row; `leftAlone` that of a left record without a right one.
@inlinable
public func asOfJoinSteps<Left: Sendable, Right: Sendable, Key: StreamKey, Output>(
    _ context: SubtaskContext, into next: Step<Output>, late: Step<JoinSide<Left, Right>>?,
    maximumAge: Duration?, leftKey: @escaping @Sendable (Left) -> Key,
    rightKey: @escaping @Sendable (Right) -> Key, outputs: JoinOutputs<Left, Right, Output>
) -> (left: Step<Left>, right: Step<Right>) {
    asOfJoinSteps(
        context, into: next, late: late, maximumAge: maximumAge,
        left: asOfLeftLoop(by: leftKey, Right.self, Output.self),
        right: asOfRightLoop(by: rightKey, Left.self, Output.self), outputs: outputs)
}

/// Makes the same steps from their record loops; see `mapStep` of WeirCore.
@inlinable
func asOfJoinSteps<Left: Sendable, Right: Sendable, Key: StreamKey, Output>(
    _ context: SubtaskContext, into next: Step<Output>, late: Step<JoinSide<Left, Right>>?,
    maximumAge: Duration?,
    left: @escaping JoinLoop<Left, AsOfJoinState<Left, Right, Key, Output>>,
    right: @escaping JoinLoop<Right, AsOfJoinState<Left, Right, Key, Output>>,
    outputs: JoinOutputs<Left, Right, Output>
) -> (left: Step<Left>, right: Step<Right>) {
    let core = JoinCore<Left, Right, Output>(context, into: next, late: late)
    let state = AsOfJoinState<Left, Right, Key, Output>(
        core: core, maximumAge: maximumAge, outputs: outputs)
    return (
        core.step(0, join: { try left(&$0, state) }, advance: { try state.advance($0) }),
        core.step(1, join: { try right(&$0, state) }, advance: { try state.advance($0) })
    )
}
