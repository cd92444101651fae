public import WeirCore

/// The rows of both sides of a join of tables with one key, and what was put out for them.
public struct JoinedTableRow<Left, Right, Row> {
    @usableFromInline var left: Left?
    @usableFromInline var right: Right?
    @usableFromInline var emitted: Row?

    @inlinable init(left: Left? = nil, right: Right? = nil, emitted: Row? = nil) {
        self.left = left
        self.right = right
        self.emitted = emitted
    }
}

/// Joins two tables by their keys.
public struct JoinTable<Key: StreamKey, Left, Right, Row>: TableOperation {
    public typealias State = JoinedTableRow<Left, Right, Row>

    @usableFromInline let kind: JoinKind
    @usableFromInline let row: (Key, Left?, Right?) throws -> Row
    @usableFromInline let isSame: ((Row, Row) -> Bool)?

    @inlinable init(_ kind: JoinKind, row: @escaping (Key, Left?, Right?) throws -> Row) {
        self.kind = kind
        self.row = row
        isSame = comparison(of: Row.self)
    }

    @inlinable public func makeState() -> State { JoinedTableRow() }
    @inlinable public func before(_ state: State) {}

    @inlinable public func forget(_ state: inout State) {
        state.left = nil
        state.right = nil
    }

    @inlinable public func emit(
        _ key: Key, _ state: inout State, before: Void, at time: Timestamp, isExpired: Bool,
        into output: inout Batch<KeyedChange<Key, Row>>
    ) throws -> Bool {
        if isExpired { forget(&state) }
        let new = isShown(state) ? try row(key, state.left, state.right) : nil
        appendChange(key, from: state.emitted, to: new, at: time, isSame: isSame, into: &output)
        state.emitted = new
        return state.left == nil && state.right == nil
    }

    @inlinable func isShown(_ state: borrowing State) -> Bool {
        switch (state.left != nil, state.right != nil) {
        case (true, true): true
        case (true, false): kind.keepsLeft
        case (false, true): kind.keepsRight
        case (false, false): false
        }
    }
}

/// Makes the two steps, left and right, of a join of tables.
@inlinable
func joinTableSteps<Key: StreamKey, Left, Right, Row>(
    _ state: TableState<JoinTable<Key, Left, Right, Row>>
) -> (left: Step<KeyedChange<Key, Left>>, right: Step<KeyedChange<Key, Right>>) {
    let merger = TableMarks(ports: 2, state.context)
    let left: Step<KeyedChange<Key, Left>> = tablePortStep(state, 0, merger) {
        batch, rows, state in
        try state.fold(batch, rows, keyOf: { $0.key }) { change, _, entry in
            entry.state.left = change.new
            return true
        }
    }
    let right: Step<KeyedChange<Key, Right>> = tablePortStep(state, 1, merger) {
        batch, rows, state in
        try state.fold(batch, rows, keyOf: { $0.key }) { change, _, entry in
            entry.state.right = change.new
            return true
        }
    }
    return (left, right)
}

/// The marks of several inputs of a table operator, merged.
@usableFromInline
final class TableMarks {
    @usableFromInline var merger: SignalMerger
    @inlinable init(ports: Int, _ context: SubtaskContext) {
        merger = SignalMerger(SplitWatermarks(count: ports))
        context.keepInputs(of: self, \.merger)
    }
}

/// Makes the step of one of several inputs of a table operator.
@inlinable
func tablePortStep<Input, Operation: TableOperation>(
    _ state: TableState<Operation>, _ number: Int, _ marks: TableMarks,
    fold: @escaping TableFold<Input, Operation>
) -> Step<Input> {
    let port = TablePort(fold)
    let context = state.context
    return Step(
        process: { batch in
            context.counters.received.add(batch.count)
            context.counters.held.add(batch.count)
            marks.merger.noteRecords(from: number)
            swap(&port.input, &batch)
            return try context.attributing { try state.process(port) }
        },
        signal: { signal in
            guard let merged = marks.merger.note(signal, from: number) else { return .done }
            return try context.attributing { try state.signal(merged, port) }
        },
        resume: { try context.attributing { try state.resume(port) } })
}
