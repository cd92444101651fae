import GRDB
import GRDBSQLite
public import WeirCore

/// A table of an SQLite file, as the place where results go.
///
/// ```swift
/// .sink(to: SQLiteTable("out.db", table: "hourly_delay", key: \.origin, \.hour), as: "delays")
/// ```
///
/// With a key, a row replaces the one with the same key (an upsert). Without one (`appendingTo:`) rows
/// are appended.
///
/// **With checkpoints** each result is in the table once, after failures too
/// (``DeliveryGuarantee/transactional``). The rows of an epoch wait in a table of the same file,
/// `weir_staged_…`; when the epoch is committed, one transaction moves them and notes the epoch in the
/// table `weir_epochs`, by job and operator. A constraint of one's own that refuses a row is found
/// only then. A job that goes back further than to the last checkpoint is refused where rows are
/// appended; rows with a key are upserted again. The table, `weir_epochs` and the staging table belong
/// together: restore backups of the whole file. Without checkpoints, a job that is run again
/// upserts its rows again, or appends them a second time.
///
/// **The table** is made if it is absent, and so are the file and its directories. One that is there
/// must fit: the same columns in any order and case, each declared with a type that keeps the
/// field's values as they are, none `NOT NULL` whose field is optional, and the sink's key as its
/// primary key or under a unique index. Otherwise ``validate()`` refuses it with all differences.
///
/// **Types**: integers and `Bool` (0, 1) are `INTEGER`; `Float` and `Double` `REAL`; strings and
/// enums of strings `TEXT`; ``Timestamp`` `TEXT`, in ISO 8601 and UTC; `[UInt8]` `BLOB`; lists and
/// records within the record `TEXT`, as JSON. A missing value is `NULL`, every other column is
/// `NOT NULL`. A `UInt64` above `Int64.max`, and NaN in a field that is not optional, stop the job;
/// NaN in an optional field is stored as `NULL`. Times of whole seconds have one length, so they sort
/// as text; a fraction makes the text longer and breaks that within its second.
///
/// **Writing**: 10,000 rows a transaction, or fewer when the input pauses; a transaction is there as
/// a whole or not at all, also after a crash. The file is in WAL mode, so readers do not wait. After
/// a loss of power the last transactions may be missing, never parts of one. All tables of a file
/// share one connection in a process; several may be written by one job. Rows wait in memory for
/// their transaction, so a job killed at once loses those, and writes them again when it is run again.
public struct SQLiteTable<Row: Sendable>: Sink {
    public typealias Element = Row

    /// The file, as it was given; relative paths start at the working directory.
    public let path: String
    /// The table's name.
    public let table: String
    /// The names of the key fields; empty where rows are appended.
    public let key: [String]
    /// What happens to the rows of a table that is there when the job starts.
    public let existing: SQLiteExistingRows
    /// How long the sink waits for another connection's lock.
    public let busyTimeout: Duration

    let format: RowFormat<Row>
    /// Whether rows are to be upserted, for which there must be a key.
    let isUpserting: Bool

    init(
        path: String, table: String, key: [String], existing: SQLiteExistingRows,
        busyTimeout: Duration, format: RowFormat<Row>, isUpserting: Bool = true
    ) {
        self.isUpserting = isUpserting
        self.path = path
        self.table = table
        self.key = key
        self.existing = existing
        self.busyTimeout = busyTimeout
        self.format = format
    }

    public var summary: String {
        let how = key.isEmpty ? "appended" : "upserted by \(key.joined(separator: ", "))"
        return "SQLite table \(table) in \(path), \(how)"
    }

    /// One: SQLite writes with one connection at a time.
    public var maximumParallelism: Int? { 1 }
    public var guarantee: DeliveryGuarantee { .transactional }
    public var fields: [FieldDescription] { format.fields }

    var location: SQLiteLocation {
        SQLiteLocation(path: path, table: table, busyTimeout: busyTimeout)
    }
    var layout: TableLayout { TableLayout(table: table, fields: format.fields, key: key) }

    /// Checks the key, the path, and the table if it is there; makes and changes nothing.
    ///
    /// A table that will be replaced may have any columns, but must be a table and no view.
    ///
    /// - Throws: ``SQLiteSinkError``.
    public func validate() throws { try validate(isRestored: false) }

    /// As ``validate()``; a table that was replaced when the job began must now fit.
    public func validateRestored() throws { try validate(isRestored: true) }

    private func validate(isRestored: Bool) throws {
        try checkDefinition()
        try location.checkDirectory()
        guard location.fileExists else { return }
        let lease = try location.lease()
        defer { lease.close() }
        try location.access(lease) { database in
            try checkWritable(database)
            try checkTable(in: database, isRestored: isRestored)
        }
    }

    /// Opens the table, making it and the file where they are absent.
    ///
    /// Checks again what ``validate()`` checks, for the file may have changed since.
    ///
    /// - Throws: ``SQLiteSinkError``.
    public func writer(context: SubtaskContext) throws -> SQLiteTableWriter<Row> {
        try checkDefinition()
        try location.makeDirectory()
        let lease = try location.lease()
        do {
            try location.access(lease) { database in
                try checkWritable(database)
                try useWriteAheadLog(database)
                // With checkpoints the writer is told first whether the job begins anew.
                guard !context.isCheckpointed else { return }
                try database.inTransaction(.immediate) {
                    try prepareTable(in: database)
                    return .commit
                }
            }
        } catch {
            lease.close()
            throw error
        }
        return SQLiteTableWriter(sink: self, lease: lease, context: context)
    }
}

/// What happens to the rows of a table that is there when the job starts.
public enum SQLiteExistingRows: Sendable {
    /// They stay; the job's rows are upserted into them or appended to them.
    case keep
    /// The table is dropped and made anew, whatever its columns, as soon as the sink opens. For
    /// jobs that compute everything afresh in each run. A job that goes on from a checkpoint keeps
    /// what it has written.
    case replace
}

// MARK: - Opening

extension SQLiteTable {
    /// Checks that SQLite did not fall back to opening the file for reading alone.
    private func checkWritable(_ database: Database) throws(SQLiteSinkError) {
        guard sqlite3_db_readonly(database.sqliteConnection, "main") == 0 else {
            throw .readOnly(path: path, table: table)
        }
    }

    /// Checks that what has the table's name is a table, and one that fits unless it is replaced.
    ///
    /// - Returns: Whether there is such a table.
    @discardableResult
    func checkTable(in database: Database, isRestored: Bool = false) throws -> Bool {
        guard let kind = try layout.kind(in: database) else { return false }
        var differences: [String] = []
        if kind != "table" {
            differences = ["it is \(kind == "index" ? "an" : "a") \(kind)"]
        } else if existing == .keep || isRestored {
            differences = try layout.differences(in: database)
        }
        guard differences.isEmpty else {
            throw SQLiteSinkError.mismatched(path: path, table: table, differences: differences)
        }
        return true
    }

    /// Makes the table where it is absent or to be replaced.
    func prepareTable(in database: Database, isRestored: Bool = false) throws {
        let isThere = try checkTable(in: database, isRestored: isRestored)
        let isReplaced = existing == .replace && !isRestored
        if isThere, isReplaced { try database.execute(sql: layout.dropStatement) }
        if !isThere || isReplaced { try database.execute(sql: layout.createStatement) }
        // Whatever the comparison let through and SQLite would not is found here, before any row.
        _ = try database.cachedStatement(sql: layout.writeStatement)
    }

    /// Asks for WAL mode, in which readers go on while the job writes.
    ///
    /// On a file system without shared memory SQLite stays in its mode; the rows are as safe there,
    /// and only written more slowly.
    func useWriteAheadLog(_ database: Database) throws {
        let mode = try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL")
        if mode == "wal" { try database.execute(sql: "PRAGMA synchronous = NORMAL") }
    }
}
