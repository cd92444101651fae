public import WeirCore

/// Makes the record loop of an interval join's left port.
///
/// - Parameters:
///   - isPair: What two partners must fulfil besides.
///   - pair: Makes the row of a pair.
@inlinable @inline(__always)
func intervalLeftLoop<Left: Sendable, Right: Sendable, Key: StreamKey, Output>(
    by keyOf: @escaping @Sendable (Left) -> Key,
    where isPair: @escaping @Sendable (Left, Right) throws -> Bool,
    pair: @escaping @Sendable (Left, Right) throws -> Output
) -> JoinLoop<Left, IntervalJoinState<Left, Right, Key, Output>> {
    // Captures the job's functions alone, for the reason that `mapStep` gives.
    { batch, state in
        let putOut: IntervalPair<Left, Right, Output> = { left, right, time, output in
            if try isPair(left, right) { output.append(try pair(left, right), at: time) }
        }
        guard try state.finishPending(putOut) else { return false }
        batch.assignMissingHashes(keyOf)
        let (rules, partnerRules) = (state.leftRules, state.rightRules)
        let isEmpty = try batch.drainHashedPlaces { left, isMoved, time, hash in
            try state.joinLeft(
                left, isMoved: &isMoved, at: time, key: keyOf(left.pointee), hash: hash, rules,
                partnerRules
            ) { left, right, time, output in
                if try isPair(left, right) { output.append(try pair(left, right), at: time) }
            }
        }
        return isEmpty && state.pending == nil
    }
}

/// Makes the record loop of an interval join's right port.
@inlinable @inline(__always)
func intervalRightLoop<Left: Sendable, Right: Sendable, Key: StreamKey, Output>(
    by keyOf: @escaping @Sendable (Right) -> Key,
    where isPair: @escaping @Sendable (Left, Right) throws -> Bool,
    pair: @escaping @Sendable (Left, Right) throws -> Output
) -> JoinLoop<Right, IntervalJoinState<Left, Right, Key, Output>> {
    { batch, state in
        let putOut: IntervalPair<Left, Right, Output> = { left, right, time, output in
            if try isPair(left, right) { output.append(try pair(left, right), at: time) }
        }
        guard try state.finishPending(putOut) else { return false }
        batch.assignMissingHashes(keyOf)
        let (rules, partnerRules) = (state.rightRules, state.leftRules)
        let isEmpty = try batch.drainHashedPlaces { right, isMoved, time, hash in
            try state.joinRight(
                right, isMoved: &isMoved, at: time, key: keyOf(right.pointee), hash: hash, rules,
                partnerRules
            ) { right, left, time, output in
                if try isPair(left, right) { output.append(try pair(left, right), at: time) }
            }
        }
        return isEmpty && state.pending == nil
    }
}

/// Makes the two steps, left and right, of an interval join: records with equal keys are partners if
/// the right one's event time is that of the left one plus something in `interval`.
///
/// - A pair is put out when its second record comes, with the later of the two event times.
/// - A row of one record alone has the last point at which a partner could have come as its event time
///   (or the record's own, if that is later): rows without a partner are put out when the watermark
///   gets there, those of a semi join with the first partner.
/// - No row is behind a watermark handed on before.
/// - A record behind the merged watermark is late.
/// - A record is kept until the watermark reaches the last point at which a partner can come.
///
/// - Parameter outputs: Which rows are put out, and how they are made.
@inlinable
public func intervalJoinSteps<Left: Sendable, Right: Sendable, Key: StreamKey, Output>(
    _ context: SubtaskContext, into next: Step<Output>, late: Step<JoinSide<Left, Right>>?,
    _ interval: JoinInterval, leftKey: @escaping @Sendable (Left) -> Key,
    rightKey: @escaping @Sendable (Right) -> Key, outputs: JoinOutputs<Left, Right, Output>
) -> (left: Step<Left>, right: Step<Right>) {
    let pair = outputs.pair ?? { _, _ in throw JoinSideMissing() }
    return intervalJoinSteps(
        context, into: next, late: late, interval,
        left: intervalLeftLoop(by: leftKey, where: { _, _ in true }, pair: pair),
        right: intervalRightLoop(by: rightKey, where: { _, _ in true }, pair: pair),
        outputs: outputs)
}

/// Makes the same steps from their record loops; see `mapStep` of WeirCore.
@inlinable
func intervalJoinSteps<Left: Sendable, Right: Sendable, Key: StreamKey, Output>(
    _ context: SubtaskContext, into next: Step<Output>, late: Step<JoinSide<Left, Right>>?,
    _ interval: JoinInterval,
    left: @escaping JoinLoop<Left, IntervalJoinState<Left, Right, Key, Output>>,
    right: @escaping JoinLoop<Right, IntervalJoinState<Left, Right, Key, Output>>,
    outputs: JoinOutputs<Left, Right, Output>
) -> (left: Step<Left>, right: Step<Right>) {
    let core = JoinCore<Left, Right, Output>(context, into: next, late: late)
    let state = IntervalJoinState<Left, Right, Key, Output>(
        core: core, interval: interval, outputs: outputs)
    return (
        core.step(0, join: { try left(&$0, state) }, advance: { _ in try state.advance() }),
        core.step(1, join: { try right(&$0, state) }, advance: { _ in try state.advance() })
    )
}
