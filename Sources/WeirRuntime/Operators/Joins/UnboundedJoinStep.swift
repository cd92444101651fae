public import WeirCore
public import WeirState

/// The records of one key of an unbounded join, each side in order of arrival.
public struct JoinedRows<Left, Right> {
    /// The records of the stream that the join was called on.
    public var lefts: ContiguousArray<TimedRecord<Left>>
    /// The records of the other stream.
    public var rights: ContiguousArray<TimedRecord<Right>>

    @inlinable init(
        lefts: ContiguousArray<TimedRecord<Left>> = [],
        rights: ContiguousArray<TimedRecord<Right>> = []
    ) {
        self.lefts = lefts
        self.rights = rights
    }
}

extension JoinedRows: Sendable where Left: Sendable, Right: Sendable {}

/// A record whose pairs did not all fit into the output: the last that came of its side and key.
@usableFromInline
struct PendingPairs<Key> {
    @usableFromInline var key: Key
    @usableFromInline var hash: UInt64
    @usableFromInline var isLeft: Bool
    /// The index of the next partner.
    @usableFromInline var position: Int

    @inlinable init(key: Key, hash: UInt64, isLeft: Bool, position: Int) {
        self.key = key
        self.hash = hash
        self.isLeft = isLeft
        self.position = position
    }
}

/// The state of one subtask of an unbounded join: all records that came.
@usableFromInline
final class UnboundedJoinState<Left: Sendable, Right: Sendable, Key: StreamKey, Output> {
    @usableFromInline let core: JoinCore<Left, Right, Output>
    @usableFromInline let result: (Left, Right) throws -> Output
    @usableFromInline let table = StateTable<Key, JoinedRows<Left, Right>>()
    @usableFromInline var pending: PendingPairs<Key>?

    @inlinable init(
        core: JoinCore<Left, Right, Output>, result: @escaping (Left, Right) throws -> Output
    ) {
        self.core = core
        self.result = result
        core.context.show("rows", table)
        core.context.keep("rows", table)
    }

    /// Joins a record of the left side with all that came of the right, and keeps it: moves it out.
    @inlinable func joinLeft(
        _ left: UnsafeMutablePointer<Left>, isMoved: inout Bool, at time: Timestamp, key: Key,
        hash: UInt64
    ) throws -> Bool {
        let next = try table.update(key, hash: hash, initial: { JoinedRows() }) { rows in
            let next =
                rows.rights.isEmpty
                ? nil
                : try left.withBorrowedPointee { try pair($0, at: time, rows.rights, from: 0) }
            isMoved = true
            rows.lefts.append(TimedRecord(left.move(), at: time))
            return next
        }
        if let next { pending = PendingPairs(key: key, hash: hash, isLeft: true, position: next) }
        return core.hasRoom
    }

    /// Joins a record of the right side with all that came of the left, and keeps it.
    @inlinable func joinRight(
        _ right: UnsafeMutablePointer<Right>, isMoved: inout Bool, at time: Timestamp, key: Key,
        hash: UInt64
    ) throws -> Bool {
        let next = try table.update(key, hash: hash, initial: { JoinedRows() }) { rows in
            let next =
                rows.lefts.isEmpty
                ? nil
                : try right.withBorrowedPointee { try pair($0, at: time, rows.lefts, from: 0) }
            isMoved = true
            rows.rights.append(TimedRecord(right.move(), at: time))
            return next
        }
        if let next { pending = PendingPairs(key: key, hash: hash, isLeft: false, position: next) }
        return core.hasRoom
    }

    /// Puts out the pairs of a left record, from `position` on; answers where to go on if the output
    /// became full first.
    @inlinable func pair(
        _ left: Left, at time: Timestamp, _ rights: ContiguousArray<TimedRecord<Right>>,
        from position: Int
    ) throws -> Int? {
        for index in position..<rights.count {
            guard core.hasRoom else { return index }
            let time = max(time, rights[index].time)
            core.output.append(try join(left, rights[index].record), at: time)
        }
        return nil
    }

    /// Puts out the pairs of a right record likewise.
    @inlinable func pair(
        _ right: Right, at time: Timestamp, _ lefts: ContiguousArray<TimedRecord<Left>>,
        from position: Int
    ) throws -> Int? {
        for index in position..<lefts.count {
            guard core.hasRoom else { return index }
            let time = max(time, lefts[index].time)
            core.output.append(try join(lefts[index].record, right), at: time)
        }
        return nil
    }

    @inlinable func join(_ left: Left, _ right: Right) throws -> Output {
        do { return try result(left, right) } catch {
            throw RecordError(record: (left, right), cause: error)
        }
    }

    /// Goes on with the record whose pairs did not all fit; answers whether they did now.
    @inlinable func finishPending() throws -> Bool {
        guard let place = pending else { return true }
        let next = try table.updateIfPresent(place.key, hash: place.hash) { rows -> Int? in
            if place.isLeft, let left = rows.lefts.last {
                return try pair(left.record, at: left.time, rows.rights, from: place.position)
            }
            guard let right = rows.rights.last else { return nil }
            return try pair(right.record, at: right.time, rows.lefts, from: place.position)
        }
        if let next = next ?? nil {
            pending?.position = next
            return false
        }
        pending = nil
        return true
    }

    /// Forgets everything when the input has ended.
    @inlinable func advance(_ signal: Signal) -> Bool {
        guard signal == .end else { return true }
        table.removeAll()
        core.release(core.counters.held.current)
        return true
    }
}

/// Makes the record loop of an unbounded join's left port.
@inlinable @inline(__always)
func unboundedLeftLoop<Left: Sendable, Right: Sendable, Key: StreamKey, Output>(
    by keyOf: @escaping @Sendable (Left) -> Key, _ right: Right.Type, _ output: Output.Type
) -> JoinLoop<Left, UnboundedJoinState<Left, Right, Key, Output>> {
    // Captures the key's function alone, for the reason that `mapStep` gives.
    { batch, state in
        guard try state.finishPending() else { return false }
        batch.assignMissingHashes(keyOf)
        let isEmpty = try batch.drainHashedPlaces { left, isMoved, time, hash in
            try state.joinLeft(
                left, isMoved: &isMoved, at: time, key: keyOf(left.pointee), hash: hash)
        }
        return isEmpty && state.pending == nil
    }
}

/// Makes the record loop of an unbounded join's right port.
@inlinable @inline(__always)
func unboundedRightLoop<Left: Sendable, Right: Sendable, Key: StreamKey, Output>(
    by keyOf: @escaping @Sendable (Right) -> Key, _ left: Left.Type, _ output: Output.Type
) -> JoinLoop<Right, UnboundedJoinState<Left, Right, Key, Output>> {
    { batch, state in
        guard try state.finishPending() else { return false }
        batch.assignMissingHashes(keyOf)
        let isEmpty = try batch.drainHashedPlaces { right, isMoved, time, hash in
            try state.joinRight(
                right, isMoved: &isMoved, at: time, key: keyOf(right.pointee), hash: hash)
        }
        return isEmpty && state.pending == nil
    }
}

/// Makes the two steps, left and right, of an inner join of all records with equal keys.
///
/// Each record is joined, as it comes, with all that came before it on the other side. A pair's event
/// time is the later of the two, so it is behind the watermark only if the record was that completed it.
/// State: all records, until the input ends.
@inlinable
public func unboundedJoinSteps<Left: Sendable, Right: Sendable, Key: StreamKey, Output>(
    _ context: SubtaskContext, into next: Step<Output>,
    leftKey: @escaping @Sendable (Left) -> Key, rightKey: @escaping @Sendable (Right) -> Key,
    result: @escaping (Left, Right) throws -> Output
) -> (left: Step<Left>, right: Step<Right>) {
    unboundedJoinSteps(
        context, into: next, left: unboundedLeftLoop(by: leftKey, Right.self, Output.self),
        right: unboundedRightLoop(by: rightKey, Left.self, Output.self), result: result)
}

/// Makes the same steps from their record loops; see `mapStep` of WeirCore.
@inlinable
func unboundedJoinSteps<Left: Sendable, Right: Sendable, Key: StreamKey, Output>(
    _ context: SubtaskContext, into next: Step<Output>,
    left: @escaping JoinLoop<Left, UnboundedJoinState<Left, Right, Key, Output>>,
    right: @escaping JoinLoop<Right, UnboundedJoinState<Left, Right, Key, Output>>,
    result: @escaping (Left, Right) throws -> Output
) -> (left: Step<Left>, right: Step<Right>) {
    let core = JoinCore<Left, Right, Output>(context, into: next, late: nil)
    let state = UnboundedJoinState<Left, Right, Key, Output>(core: core, result: result)
    return (
        core.step(0, join: { try left(&$0, state) }, advance: { state.advance($0) }),
        core.step(1, join: { try right(&$0, state) }, advance: { state.advance($0) })
    )
}
