/// The rows of a table, put together from its changes.
///
/// Holds every change against the rows so far: what does not fit is an error, not a silent repair.
public struct TableView<Key: Hashable, Row> {
    /// The rows by key.
    public private(set) var rows: [Key: Row] = [:]

    /// Makes a view without rows.
    public init() {}

    /// Applies one change.
    ///
    /// - Throws: ``TableInconsistency`` when it inserts a row that is there, or updates or deletes
    ///   one that is not.
    public mutating func apply(_ change: KeyedChange<Key, Row>) throws(TableInconsistency) {
        try check(change, isThere: rows[change.key] != nil)
        rows[change.key] = change.new
    }

    private func check(
        _ change: KeyedChange<Key, Row>, isThere: Bool
    ) throws(TableInconsistency) {
        let needsRow = change.old != nil
        guard needsRow != isThere else { return }
        throw TableInconsistency("\(change) but the row is \(isThere ? "there" : "not there")")
    }
}

extension TableView where Row: Equatable {
    /// Applies one change, and holds the row that it says was there against the one that is.
    ///
    /// - Throws: ``TableInconsistency`` when they differ.
    public mutating func applyChecked(
        _ change: KeyedChange<Key, Row>
    ) throws(TableInconsistency) {
        if let old = change.old, let current = rows[change.key], old != current {
            throw TableInconsistency("\(change) but the row is \(current)")
        }
        try apply(change)
    }
}

extension TableView: Sendable where Key: Sendable, Row: Sendable {}

/// A change does not fit the table that it was applied to.
public struct TableInconsistency: Error, Equatable, Sendable, CustomStringConvertible {
    /// What did not fit.
    public let description: String

    /// Says what did not fit.
    public init(_ description: String) { self.description = description }
}
