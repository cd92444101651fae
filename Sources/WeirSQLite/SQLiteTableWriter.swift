import GRDB
import GRDBSQLite
public import WeirCore

/// Writes rows to one table, a transaction for each 10,000 of them.
///
/// Rows wait in memory until their transaction, because the connection is shared with the other
/// tables of the file: a transaction that stayed open would hold rows of several tables, which could
/// then only be committed or given up together.
///
/// A transaction that fails is rolled back and its rows go on waiting, so `flush` may be tried again.
public final class SQLiteTableWriter<Row: Sendable>: SinkWriter {
    public typealias Element = Row

    private let format: RowFormat<Row>
    private let layout: TableLayout
    private let location: SQLiteLocation
    private let statement: String
    private let lease: SQLiteLease
    private var waiting = Batch<Row>()

    init(
        format: RowFormat<Row>, layout: TableLayout, location: SQLiteLocation, lease: SQLiteLease
    ) {
        self.format = format
        self.layout = layout
        self.location = location
        self.lease = lease
        statement = layout.writeStatement
    }

    /// Takes the rows, and commits when enough wait.
    ///
    /// - Throws: ``SQLiteSinkError``, or a `RecordError` with one for a row that the table refuses.
    public func write(_ batch: inout Batch<Row>) throws {
        waiting.moveRows(from: &batch, startingAt: 0)
        if waiting.count >= 10_000 { try commit() }
    }

    /// Commits the rows that wait.
    public func flush() throws { try commit() }

    /// Commits the rows that wait and gives the connection back.
    public func finish() throws {
        try commit()
        // The access itself tells whether the file is still in its place.
        try location.access(lease) { _ in }
        lease.close()
    }

    /// Drops the rows that wait and gives the connection back; what was committed stays.
    public func abandon() {
        waiting.removeAll()
        lease.close()
    }

    private func commit() throws {
        guard !waiting.isEmpty else { return }
        try location.access(lease) { database in
            try database.inTransaction(.immediate) {
                try insert(into: database)
                return .commit
            }
        }
        waiting.removeAll()
    }

    private func insert(into database: Database) throws {
        let prepared = try database.cachedStatement(sql: statement)
        // The parameters are bound and the rows stepped through SQLite's own calls: through GRDB's
        // they would be an array of values for each row.
        let handle = prepared.sqliteStatement
        defer {
            sqlite3_reset(handle)
            sqlite3_clear_bindings(handle)
        }
        var binder = RowBinder(statement: handle, columns: layout.columns)
        for row in waiting.indices {
            do {
                try format.visit(waiting[row], with: &binder)
            } catch {
                throw WeirCore.RecordError(record: waiting[row], cause: error)
            }
            if let failure = binder.failure { throw refused(row, failure) }
            guard sqlite3_step(handle) == SQLITE_DONE else { throw problem(database, row: row) }
            sqlite3_reset(handle)
        }
    }

    private func refused(_ row: Int, _ failure: RowBinder.Failure) -> WeirCore.RecordError {
        WeirCore.RecordError(
            record: waiting[row],
            cause: SQLiteSinkError.unrepresentable(
                path: location.path, table: location.table,
                field: layout.columns[failure.column].name, reason: failure.reason))
    }

    /// What the last step failed of, with the row where the row is at fault.
    private func problem(_ database: Database, row: Int) -> any Error {
        let connection = database.sqliteConnection
        let error = location.translate(
            code: sqlite3_extended_errcode(connection),
            message: String(cString: sqlite3_errmsg(connection)))
        guard case .rejected = error else { return error }
        return WeirCore.RecordError(record: waiting[row], cause: error)
    }
}
