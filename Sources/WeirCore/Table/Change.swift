/// What happened to one row of a table.
///
/// The changes of one key form a history: `insert`, any number of `update`s, perhaps `delete`, and
/// again from the start. The `old` row of an update, and the row of a delete, are always the row that
/// the change before it left behind.
public enum Change<Row> {
    /// The row is there, and was not.
    case insert(Row)
    /// The row is another.
    case update(old: Row, new: Row)
    /// The row is gone.
    case delete(Row)

    /// The change that leads from one state of a row to the other; `nil` when it is absent in both.
    @inlinable public init?(from old: Row?, to new: Row?) {
        switch (old, new) {
        case (nil, nil): return nil
        case (nil, let new?): self = .insert(new)
        case (let old?, let new?): self = .update(old: old, new: new)
        case (let old?, nil): self = .delete(old)
        }
    }

    /// The row before; `nil` for an insert.
    @inlinable public var old: Row? {
        switch self {
        case .insert: nil
        case .update(let old, _), .delete(let old): old
        }
    }

    /// The row after; `nil` for a delete.
    @inlinable public var new: Row? {
        switch self {
        case .insert(let new), .update(_, let new): new
        case .delete: nil
        }
    }

    /// This change with its rows transformed.
    @inlinable public func map<Other>(_ transform: (Row) throws -> Other) rethrows -> Change<Other>
    {
        switch self {
        case .insert(let row): .insert(try transform(row))
        case .update(let old, let new):
            .update(old: try transform(old), new: try transform(new))
        case .delete(let row): .delete(try transform(row))
        }
    }

    /// This change as the rows for which `isKept` holds see it: an update may be an insert or a
    /// delete to them, and `nil` when it is none of their business.
    @inlinable public func filter(_ isKept: (Row) throws -> Bool) rethrows -> Change? {
        Change(
            from: try old.flatMap { try isKept($0) ? $0 : nil },
            to: try new.flatMap { try isKept($0) ? $0 : nil })
    }
}

extension Change: Sendable where Row: Sendable {}
extension Change: Equatable where Row: Equatable {}
extension Change: Hashable where Row: Hashable {}

/// A change with the key of its row.
public struct KeyedChange<Key, Row> {
    /// The key of the row.
    public var key: Key
    /// What happened to the row.
    public var change: Change<Row>

    /// A change to the row of `key`.
    @inlinable public init(key: Key, _ change: Change<Row>) {
        self.key = key
        self.change = change
    }

    /// The row before; `nil` for an insert.
    @inlinable public var old: Row? { change.old }
    /// The row after; `nil` for a delete.
    @inlinable public var new: Row? { change.new }
}

extension KeyedChange: Sendable where Key: Sendable, Row: Sendable {}
extension KeyedChange: Equatable where Key: Equatable, Row: Equatable {}
extension KeyedChange: Hashable where Key: Hashable, Row: Hashable {}

extension Change: StateComposite {
    public static func stateCodec() throws -> StateCodec<Change> {
        .variant(
            "Change",
            [
                try StateCase("insert") {
                    if case .insert(let row) = $0 { row } else { nil }
                } make: {
                    .insert($0)
                },
                try StateCase("update") {
                    if case .update(let old, let new) = $0 {
                        UpdatedRow(old: old, new: new)
                    } else {
                        nil
                    }
                } make: {
                    .update(old: $0.old, new: $0.new)
                },
                try StateCase("delete") {
                    if case .delete(let row) = $0 { row } else { nil }
                } make: {
                    .delete($0)
                },
            ])
    }
}

/// What an update is written as.
private struct UpdatedRow<Row>: StateComposite {
    let old: Row
    let new: Row

    static func stateCodec() throws -> StateCodec<UpdatedRow> {
        try .record("Update", StateField("old") { $0.old }, StateField("new") { $0.new }) {
            UpdatedRow(old: $0, new: $1)
        }
    }
}

extension KeyedChange: StateComposite {
    public static func stateCodec() throws -> StateCodec<KeyedChange> {
        try .record(
            "KeyedChange", StateField("key") { $0.key }, StateField("change") { $0.change }
        ) { KeyedChange(key: $0, $1) }
    }
}
