public import WeirCore
public import WeirState

/// The state of one subtask of a stream–table join: the latest row of each key.
@usableFromInline
final class LatestJoinState<Left: Sendable, Row: Sendable, Key: StreamKey, Output> {
    @usableFromInline let context: SubtaskContext
    @usableFromInline let counters: OperatorCounters
    @usableFromInline let next: Step<Output>
    @usableFromInline let outputs: JoinOutputs<Left, Row, Output>
    @usableFromInline let isDeletion: ((Row) -> Bool)?
    @usableFromInline let table = StateTable<Key, Row>()
    @usableFromInline var output: Batch<Output>
    /// Whether the left side has ended, and rows are of no more use.
    @usableFromInline var isOver = false

    @inlinable init(
        _ context: SubtaskContext, into next: Step<Output>,
        outputs: JoinOutputs<Left, Row, Output>, isDeletion: ((Row) -> Bool)?
    ) {
        self.context = context
        counters = context.counters
        self.next = next
        self.outputs = outputs
        self.isDeletion = isDeletion
        output = Batch(capacity: context.batchSize)
        context.show("row", table)
        context.keep("rows", table)
        context.keepReplicated("is-over", of: self, \.isOver)
    }

    /// Appends what a left record makes with its key's row.
    @inlinable func join(_ left: Left, at time: Timestamp, key: Key, hash: UInt64) throws {
        do {
            let isFound = try table.updateIfPresent(key, hash: hash) { row in
                if let pair = outputs.pair { output.append(try pair(left, row), at: time) }
                return true
            }
            guard isFound != true, let alone = outputs.leftAlone else { return }
            output.append(try alone(left), at: time)
        } catch {
            throw RecordError(record: left, cause: error)
        }
    }

    /// Takes a row in the place of its key's last one.
    @inlinable func take(_ row: Row, key: Key, hash: UInt64) throws {
        if let isDeletion, isDeletion(row) {
            let isKnown = try table.remove(key, hash: hash) != nil
            counters.held.add(isKnown ? -1 : 0)
            counters.passed.add(isKnown ? 2 : 1)
            return
        }
        let known = table.count
        try table.update(key, hash: hash, initial: { row }) { $0 = row }
        let isNew = table.count > known
        (isNew ? counters.held : counters.passed).add(1)
    }

    @inlinable func send() throws -> Progress {
        guard !output.isEmpty else { return .done }
        counters.emitted.add(output.count)
        return try next.process(&output)
    }

    /// Hands on a mark of the left side; with the end, forgets the rows.
    @inlinable func signal(_ signal: Signal) throws -> Progress {
        if signal == .end {
            isOver = true
            counters.held.add(-table.count)
            counters.passed.add(table.count)
            table.removeAll()
        }
        return try next.signal(signal)
    }
}

/// Joins a batch of left records: the record loop, formed where the key's function is known.
@usableFromInline
typealias LatestLoop<Input, State> =
    @Sendable (_ batch: inout Batch<Input>, _ state: State) throws ->
    Void

/// Makes the record loop of a stream–table join's left port.
@inlinable @inline(__always)
func latestLeftLoop<Left: Sendable, Row: Sendable, Key: StreamKey, Output>(
    by keyOf: @escaping @Sendable (Left) -> Key, _ row: Row.Type, _ output: Output.Type
) -> LatestLoop<Left, LatestJoinState<Left, Row, Key, Output>> {
    // Captures the key's function alone, for the reason that `mapStep` gives.
    { batch, state in
        let hasHashes = batch.hasHashes
        for row in batch.indices {
            let key = keyOf(batch[row])
            let hash = hasHashes ? batch.hash(at: row) : key.stableHash
            try state.join(batch[row], at: batch.time(at: row), key: key, hash: hash)
        }
    }
}

/// Makes the record loop of a stream–table join's right port.
@inlinable @inline(__always)
func latestRightLoop<Left: Sendable, Row: Sendable, Key: StreamKey, Output>(
    by keyOf: @escaping @Sendable (Row) -> Key, _ left: Left.Type, _ output: Output.Type
) -> LatestLoop<Row, LatestJoinState<Left, Row, Key, Output>> {
    { batch, state in
        let hasHashes = batch.hasHashes
        for row in batch.indices {
            let key = keyOf(batch[row])
            let hash = hasHashes ? batch.hash(at: row) : key.stableHash
            try state.take(batch[row], key: key, hash: hash)
        }
    }
}

/// Makes the two steps, left and right, of a stream–table join: each left record, as it comes, with the
/// last row of its key that has come by then.
///
/// Rows change nothing that has been put out. Event times and marks are those of the left side alone;
/// that of the right says nothing about what is put out. When the left side has ended, so has the
/// output, and rows that still come are dropped.
///
/// - Parameters:
///   - outputs: `pair` makes a row; `leftAlone` that of a left record whose key has no row.
///   - isDeletion: Whether a row takes its key out of the table instead of being put there.
@inlinable
public func latestJoinSteps<Left: Sendable, Row: Sendable, Key: StreamKey, Output>(
    _ context: SubtaskContext, into next: Step<Output>,
    leftKey: @escaping @Sendable (Left) -> Key, rightKey: @escaping @Sendable (Row) -> Key,
    outputs: JoinOutputs<Left, Row, Output>, isDeletion: ((Row) -> Bool)? = nil
) -> (left: Step<Left>, right: Step<Row>) {
    latestJoinSteps(
        context, into: next, left: latestLeftLoop(by: leftKey, Row.self, Output.self),
        right: latestRightLoop(by: rightKey, Left.self, Output.self), outputs: outputs,
        isDeletion: isDeletion)
}

/// Makes the same steps from their record loops; see `mapStep` of WeirCore.
@inlinable
func latestJoinSteps<Left: Sendable, Row: Sendable, Key: StreamKey, Output>(
    _ context: SubtaskContext, into next: Step<Output>,
    left: @escaping LatestLoop<Left, LatestJoinState<Left, Row, Key, Output>>,
    right: @escaping LatestLoop<Row, LatestJoinState<Left, Row, Key, Output>>,
    outputs: JoinOutputs<Left, Row, Output>, isDeletion: ((Row) -> Bool)?
) -> (left: Step<Left>, right: Step<Row>) {
    let state = LatestJoinState<Left, Row, Key, Output>(
        context, into: next, outputs: outputs, isDeletion: isDeletion)
    let counters = context.counters
    let leftStep = Step<Left>(
        process: { batch in
            counters.received.add(batch.count)
            counters.passed.add(batch.count)
            try context.attributing { try left(&batch, state) }
            batch.removeAll()
            return try state.send()
        },
        signal: { try state.signal($0) },
        resume: next.resume)
    let rightStep = Step<Row>(
        process: { batch in
            counters.received.add(batch.count)
            if state.isOver {
                counters.passed.add(batch.count)
            } else {
                try context.attributing { try right(&batch, state) }
            }
            batch.removeAll()
            return .done
        },
        // A flush or a tick goes down the chain through the left port.
        signal: { _ in .done },
        resume: { .done })
    return (leftStep, rightStep)
}
