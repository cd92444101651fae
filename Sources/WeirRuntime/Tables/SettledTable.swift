public import WeirCore

/// The joined row of a left key, as the latest answer has it.
public struct SettledRow<Row> {
    @usableFromInline var row: Row?
    /// The number of the left row's change that is the latest known.
    @usableFromInline var number: Int
    /// Whether the left row is there, as far as its own changes have come.
    @usableFromInline var isThere: Bool

    @inlinable init(row: Row? = nil, number: Int = 0, isThere: Bool = false) {
        self.row = row
        self.number = number
        self.isThere = isThere
    }
}

/// Makes a table of the answers of groups, of which some may be out of date.
public struct SettledTable<Key: StreamKey, Row: Sendable>: TableOperation {
    @usableFromInline let isSame: ((Row, Row) -> Bool)?
    /// The number of the left change that came last: an answer to a greater one is ahead of it.
    @usableFromInline let seen = ChangeCounter()

    @inlinable init() { isSame = comparison(of: Row.self) }

    @inlinable public func makeState() -> SettledRow<Row> { SettledRow() }
    @inlinable public func before(_ state: SettledRow<Row>) -> Row? { state.row }
    @inlinable public func forget(_ state: inout SettledRow<Row>) { state.row = nil }

    @inlinable func settle(
        _ change: Change<some Any>, _ number: Int, _ state: inout SettledRow<Row>
    ) {
        seen.count = number
        state.isThere = change.new != nil
        // An answer to a later change of the row may have come before this one.
        guard number >= state.number else { return }
        state.number = number
        if !state.isThere { state.row = nil }
    }

    @inlinable func settle(_ answer: ForeignAnswer<Key, Row>, _ state: inout SettledRow<Row>)
        -> Bool
    {
        guard answer.number >= state.number, state.isThere || answer.number > seen.count else {
            return false
        }
        state.number = answer.number
        state.row = answer.row
        return true
    }

    @inlinable public func emit(
        _ key: Key, _ state: inout SettledRow<Row>, before: Row?, at time: Timestamp,
        isExpired: Bool, into output: inout Batch<KeyedChange<Key, Row>>
    ) throws -> Bool {
        if isExpired { state.row = nil }
        appendChange(key, from: before, to: state.row, at: time, isSame: isSame, into: &output)
        // What has been answered ahead of the row's own changes must be known when these come.
        return state.row == nil && !state.isThere && state.number <= seen.count
    }
}

/// Makes the two steps of the last operator of a foreign-key join.
@inlinable
func settledTableSteps<Key: StreamKey, Left: Sendable, Row: Sendable>(
    _ state: TableState<SettledTable<Key, Row>>, _ left: Left.Type
) -> (changes: Step<NumberedChange<Key, Left>>, answers: Step<ForeignAnswer<Key, Row>>) {
    let marks = TableMarks(ports: 2, state.context)
    let changes: Step<NumberedChange<Key, Left>> = tablePortStep(state, 0, marks) {
        batch, rows, state in
        let operation = state.operation
        try state.fold(batch, rows, keyOf: { $0.keyed.key }) { change, _, entry in
            operation.settle(change.keyed.change, change.number, &entry.state)
            return true
        }
    }
    let answers: Step<ForeignAnswer<Key, Row>> = tablePortStep(state, 1, marks) {
        batch, rows, state in
        let operation = state.operation
        try state.fold(batch, rows, keyOf: { $0.leftKey }) { answer, _, entry in
            operation.settle(answer, &entry.state)
        }
    }
    return (changes, answers)
}
