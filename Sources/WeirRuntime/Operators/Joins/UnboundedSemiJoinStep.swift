public import WeirCore
public import WeirState

/// What an unbounded semi join knows of a key.
public struct SemiJoinRows<Left> {
    /// The records that have no partner yet, in order of arrival.
    public var waiting: ContiguousArray<TimedRecord<Left>>
    /// The earliest event time among the partners that came; `nil`: none came.
    public var partner: Timestamp?

    @inlinable init(
        waiting: ContiguousArray<TimedRecord<Left>> = [], partner: Timestamp? = nil
    ) {
        self.waiting = waiting
        self.partner = partner
    }
}

extension SemiJoinRows: Sendable where Left: Sendable {}

/// The state of one subtask of an unbounded semi join: of the right side, that a key has come; of the
/// left side, the records of those keys that have not.
@usableFromInline
final class UnboundedSemiJoinState<Left: Sendable, Right: Sendable, Key: StreamKey> {
    @usableFromInline let core: JoinCore<Left, Right, Left>
    @usableFromInline let table = StateTable<Key, SemiJoinRows<Left>>()
    /// The key whose waiting records are being put out.
    @usableFromInline var pending: DueKey<Key>?
    /// The index of the next of them.
    @usableFromInline var position = 0
    /// The event time of the partner that they waited for.
    @usableFromInline var partnerTime = Timestamp.earliest

    @inlinable init(core: JoinCore<Left, Right, Left>) {
        self.core = core
        core.context.show("rows", table)
        core.context.keep("rows", table)
    }

    /// Puts out a left record if its key has come on the right side, and keeps it otherwise.
    @inlinable func joinLeft(_ left: Left, at time: Timestamp, key: Key, hash: UInt64) throws
        -> Bool
    {
        try table.update(key, hash: hash, initial: { SemiJoinRows() }) { rows in
            guard let partner = rows.partner else {
                rows.waiting.append(TimedRecord(left, at: time))
                return
            }
            core.output.append(left, at: max(time, partner))
            core.release()
        }
        return core.hasRoom
    }

    /// Notes that a key has come on the right side, and puts out what waited for it.
    @inlinable func joinRight(at time: Timestamp, key: Key, hash: UInt64) throws -> Bool {
        core.release()
        let hasWaiting = try table.update(key, hash: hash, initial: { SemiJoinRows() }) { rows in
            rows.partner = min(rows.partner ?? time, time)
            return !rows.waiting.isEmpty
        }
        if hasWaiting {
            pending = DueKey(key: key, hash: hash)
            partnerTime = time
            return try finishPending()
        }
        return core.hasRoom
    }

    /// Goes on with what waited for a key; answers whether that is all, and there is room for more.
    @inlinable func finishPending() throws -> Bool {
        guard let place = pending else { return true }
        let isDone = try table.updateIfPresent(place.key, hash: place.hash) { rows in
            while position < rows.waiting.count {
                guard core.hasRoom else { return false }
                let left = rows.waiting[position]
                core.output.append(left.record, at: max(left.time, partnerTime))
                core.release()
                position &+= 1
            }
            rows.waiting = []
            return true
        }
        guard isDone ?? true else { return false }
        pending = nil
        position = 0
        return core.hasRoom
    }

    /// Forgets everything when the input has ended.
    @inlinable func advance(_ signal: Signal) -> Bool {
        guard signal == .end else { return true }
        table.removeAll()
        core.release(core.counters.held.current)
        return true
    }
}

/// Makes the record loop of an unbounded semi join's left port.
@inlinable @inline(__always)
func unboundedSemiLeftLoop<Left: Sendable, Right: Sendable, Key: StreamKey>(
    by keyOf: @escaping @Sendable (Left) -> Key, _ right: Right.Type
) -> JoinLoop<Left, UnboundedSemiJoinState<Left, Right, Key>> {
    // Captures the key's function alone, for the reason that `mapStep` gives.
    { batch, state in
        batch.assignMissingHashes(keyOf)
        return try batch.drainHashedRows { left, time, hash in
            try state.joinLeft(left, at: time, key: keyOf(left), hash: hash)
        }
    }
}

/// Makes the record loop of an unbounded semi join's right port.
@inlinable @inline(__always)
func unboundedSemiRightLoop<Left: Sendable, Right: Sendable, Key: StreamKey>(
    by keyOf: @escaping @Sendable (Right) -> Key, _ left: Left.Type
) -> JoinLoop<Right, UnboundedSemiJoinState<Left, Right, Key>> {
    { batch, state in
        guard try state.finishPending() else { return false }
        batch.assignMissingHashes(keyOf)
        let isEmpty = try batch.drainHashedRows { right, time, hash in
            try state.joinRight(at: time, key: keyOf(right), hash: hash)
        }
        return isEmpty && state.pending == nil
    }
}

/// Makes the two steps, left and right, of a semi join of all records with equal keys: each left record
/// that has a partner, once.
///
/// A record is put out as soon as it has come and its key has come on the right side. Its row's event time
/// is the later of its own and that of a partner: of the one it waited for, or, if partners came before
/// it, of the earliest of those.
/// State: each key of the right side, and the left records without a partner, until the input ends.
@inlinable
public func unboundedSemiJoinSteps<Left: Sendable, Right: Sendable, Key: StreamKey>(
    _ context: SubtaskContext, into next: Step<Left>,
    leftKey: @escaping @Sendable (Left) -> Key, rightKey: @escaping @Sendable (Right) -> Key
) -> (left: Step<Left>, right: Step<Right>) {
    unboundedSemiJoinSteps(
        context, into: next, left: unboundedSemiLeftLoop(by: leftKey, Right.self),
        right: unboundedSemiRightLoop(by: rightKey, Left.self))
}

/// Makes the same steps from their record loops; see `mapStep` of WeirCore.
@inlinable
func unboundedSemiJoinSteps<Left: Sendable, Right: Sendable, Key: StreamKey>(
    _ context: SubtaskContext, into next: Step<Left>,
    left: @escaping JoinLoop<Left, UnboundedSemiJoinState<Left, Right, Key>>,
    right: @escaping JoinLoop<Right, UnboundedSemiJoinState<Left, Right, Key>>
) -> (left: Step<Left>, right: Step<Right>) {
    let core = JoinCore<Left, Right, Left>(context, into: next, late: nil)
    let state = UnboundedSemiJoinState<Left, Right, Key>(core: core)
    return (
        core.step(0, join: { try left(&$0, state) }, advance: { state.advance($0) }),
        core.step(1, join: { try right(&$0, state) }, advance: { state.advance($0) })
    )
}
