public import WeirCore

/// What tells one kind of table operator from another: the state of a key, and the changes that come
/// of it. ``TableState`` does the rest.
public protocol TableOperation<Key, Output>: SendableMetatype {
    /// The key of the operator's state.
    associatedtype Key: StreamKey
    /// What is kept for a key.
    associatedtype State
    /// What must be remembered of a key's state while changes to it are held back.
    associatedtype Before
    /// What is put out.
    associatedtype Output

    /// The state of a key without records.
    func makeState() -> State
    /// What ``emit(_:_:before:at:isExpired:into:)`` will want to know of the state as it is now.
    func before(_ state: State) -> Before
    /// How what a checkpoint has of a state's changes is put into the restored state; `nil` where
    /// there is nothing to do.
    func restoring(_ before: Before) -> ((inout State) -> Void)?
    /// Forgets the records of a state whose time is over, and not what has been put out.
    func forget(_ state: inout State)
    /// Appends the changes that lead from what was put out to what the state is now.
    ///
    /// - Parameters:
    ///   - before: What the state was when changes were last put out.
    ///   - time: The event time of the changes.
    ///   - isExpired: Whether the state's time is over, so that what was put out must be deleted.
    /// - Returns: Whether the state has come to be that of a key without records.
    func emit(
        _ key: Key, _ state: inout State, before: Before, at time: Timestamp, isExpired: Bool,
        into output: inout Batch<Output>
    ) throws -> Bool
}

extension TableOperation {
    @inlinable public func restoring(_ before: Before) -> ((inout State) -> Void)? { nil }
}

/// The state of one key of a table operator.
public struct TableEntry<State> {
    /// The operator's own.
    public var state: State
    /// The latest event time of the records that have changed it.
    @usableFromInline var time: Timestamp
    /// When it was last changed, on the clock of its retention.
    @usableFromInline var updated: Timestamp
    /// Whether changes to it are held back.
    @usableFromInline var isTouched: Bool
    /// Whether no record has changed it yet.
    @usableFromInline var isNew: Bool

    @inlinable init(
        _ state: State, time: Timestamp = .earliest, updated: Timestamp = .earliest,
        isTouched: Bool = false, isNew: Bool = true
    ) {
        self.state = state
        self.time = time
        self.updated = updated
        self.isTouched = isTouched
        self.isNew = isNew
    }
}

/// An entry to which changes are held back.
@usableFromInline
struct TouchedEntry<Before> {
    @usableFromInline let number: UInt32
    @usableFromInline let before: Before

    @inlinable init(number: Int, before: Before) {
        self.number = UInt32(truncatingIfNeeded: number)
        self.before = before
    }
}

/// Folds a run of a batch's rows into a table's state: the record loop, formed where the functions
/// of the job are known.
public typealias TableFold<Input, Operation: TableOperation> =
    @Sendable (
        _ batch: inout Batch<Input>, _ rows: Range<Int>, _ state: TableState<Operation>
    ) throws -> Void

/// An input of a table operator: the batch that is being folded.
@usableFromInline
final class TablePort<Input, Operation: TableOperation> {
    @usableFromInline let fold: TableFold<Input, Operation>
    @usableFromInline var input = Batch<Input>()
    @usableFromInline var row = 0

    @inlinable init(_ fold: @escaping TableFold<Input, Operation>) { self.fold = fold }

    @inlinable var rowsLeft: Int { input.count &- row }

    /// Folds the next rows, at most so many; answers how many.
    @inlinable func foldRows(_ most: Int, into state: TableState<Operation>) throws -> Int {
        let end = row &+ min(rowsLeft, most)
        let folded = end &- row
        try fold(&input, row..<end, state)
        row = end
        if rowsLeft == 0 {
            input.removeAll()
            row = 0
        }
        return folded
    }
}
