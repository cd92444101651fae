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
///
/// In a job with checkpoints the transactions go to a staging table of the same file, and `commit`
/// moves the rows of an epoch from there into the table.
public final class SQLiteTableWriter<Row: Sendable>: SinkWriter {
    public typealias Element = Row

    private let sink: SQLiteTable<Row>
    private let layout: TableLayout
    private let location: SQLiteLocation
    private let statement: String
    private let lease: SQLiteLease
    private var waiting = Batch<Row>()
    /// `nil` in a job without checkpoints.
    private let staging: SQLiteStaging?
    private var epoch = Epoch.none
    /// The rows of the epoch that are in the staging table.
    private var stagedCount = 0
    private var hasStarted = false

    init(sink: SQLiteTable<Row>, lease: SQLiteLease, context: SubtaskContext) {
        self.sink = sink
        self.lease = lease
        layout = sink.layout
        location = sink.location
        let staging =
            context.isCheckpointed ? SQLiteStaging(layout: sink.layout, context: context) : nil
        self.staging = staging
        statement = staging?.stageStatement ?? layout.writeStatement
    }

    /// Takes the rows, and commits when enough wait.
    ///
    /// - Throws: ``SQLiteSinkError``, or a `RecordError` with one for a row that the table refuses.
    public func write(_ batch: inout Batch<Row>) throws {
        waiting.moveRows(from: &batch, startingAt: 0)
        if waiting.count >= 10_000 { try writeWaiting() }
    }

    /// Commits the rows that wait; in a job with checkpoints, leaves them to `prepare`.
    public func flush() throws {
        if staging == nil { try writeWaiting() }
    }

    /// Commits the rows that wait and gives the connection back.
    public func finish() throws {
        if let staging {
            try transaction { try staging.end(in: $0) }
        } else {
            try writeWaiting()
        }
        // The access itself tells whether the file is still in its place.
        try location.access(lease) { _ in }
        lease.close()
    }

    /// Drops the rows that wait and gives the connection back; what was committed or prepared stays.
    public func abandon() {
        waiting.removeAll()
        lease.close()
    }

    private func writeWaiting() throws {
        guard !waiting.isEmpty else { return }
        try transaction { try insert(into: $0) }
        noteWritten()
    }

    private func noteWritten() {
        stagedCount += waiting.count
        waiting.removeAll()
    }

    private func transaction(_ body: (Database) throws -> Void) throws {
        try location.access(lease) { try Self.transaction(in: $0, body) }
    }

    private static func transaction(
        in database: Database, _ body: (Database) throws -> Void
    ) throws {
        try database.inTransaction(.immediate) {
            try body(database)
            return .commit
        }
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
        if staging != nil {
            // Stays bound for all rows.
            sqlite3_bind_int64(handle, Int32(layout.columns.count + 1), Int64(epoch.number))
        }
        var binder = RowBinder(statement: handle, columns: layout.columns)
        for row in waiting.indices {
            do {
                try sink.format.visit(waiting[row], with: &binder)
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

// MARK: - Epochs

extension SQLiteTableWriter {
    public func begin(_ epoch: Epoch) throws {
        if !hasStarted { try recover([], after: .none) }
        self.epoch = epoch
        stagedCount = 0
    }

    /// Stages the rows that wait, and waits until the disk holds all of the epoch.
    public func prepare(_ epoch: Epoch) throws -> [UInt8]? {
        guard let staging, stagedCount + waiting.count > 0 else { return nil }
        try location.access(lease) { database in
            // Rows that a checkpoint counts on must outlast a loss of power; the WAL is synchronised
            // as a whole, and with it what was staged before.
            try database.execute(sql: "PRAGMA synchronous = FULL")
            defer { try? sink.useWriteAheadLog(database) }
            try Self.transaction(in: database) { database in
                try insert(into: database)
                try staging.setPrepared(epoch, in: database)
            }
        }
        noteWritten()
        var writer = StateWriter()
        writer.write(varint: UInt64(stagedCount))
        // The rows bear the number under which the epoch began; where a barrier was given up, it ends
        // under a higher one.
        writer.write(signed: Int64(self.epoch.number))
        return writer.bytes
    }

    /// Moves the rows of the epoch into the table, unless they are there.
    ///
    /// This transaction is not waited for: where a loss of power takes it back, the rows are staged
    /// again, and `recover` moves all that are staged up to its epoch.
    public func commit(_ transaction: PreparedTransaction) throws {
        guard let staging else { return }
        try self.transaction { database in
            guard let committed = try staging.committed(in: database) else {
                throw notAsPrepared("the sink's row in \(SQLiteStaging.epochsTable) is gone")
            }
            guard transaction.epoch > committed else { return }
            try staging.commit(upTo: transaction.epoch, in: database)
        }
    }

    /// - Throws: As ``recover(_:after:)``.
    public func validateRecovery(
        _ transactions: [PreparedTransaction], after epoch: Epoch
    ) throws {
        guard let staging else { return }
        try location.access(lease) { database in
            try database.inTransaction(.deferred) {
                _ = try committed(transactions, after: epoch, staging, in: database)
                return .rollback
            }
        }
    }

    /// - Throws: ``SQLiteSinkError/notAsPrepared(path:table:reason:)`` when staged rows are gone, and
    ///   ``SQLiteSinkError/ahead(path:table:committed:restored:)`` when rows of later epochs are in a
    ///   table without a key.
    public func recover(_ transactions: [PreparedTransaction], after epoch: Epoch) throws {
        hasStarted = true
        waiting.removeAll()
        guard let staging else { return }
        try transaction { database in
            if epoch == .none {
                try sink.prepareTable(in: database)
                try staging.begin(in: database)
            } else {
                try recover(transactions, after: epoch, staging, in: database)
            }
        }
    }

    private func recover(
        _ transactions: [PreparedTransaction], after epoch: Epoch, _ staging: SQLiteStaging,
        in database: Database
    ) throws {
        let committed = try committed(transactions, after: epoch, staging, in: database)
        try staging.makeTables(in: database)
        guard committed != nil else {
            // A sink that the job did not have when the checkpoint was taken.
            try sink.prepareTable(in: database, isRestored: true)
            return try staging.setCommitted(epoch, in: database)
        }
        try staging.drop(after: epoch, in: database)
        try staging.commit(upTo: epoch, in: database)
    }

    /// Checks that the file has what the checkpoint needs and nothing that it can't undo.
    ///
    /// - Returns: The epoch committed last; `nil` where the file knows nothing of the sink, and the
    ///   checkpoint neither.
    private func committed(
        _ transactions: [PreparedTransaction], after epoch: Epoch, _ staging: SQLiteStaging,
        in database: Database
    ) throws -> Epoch? {
        guard let committed = try staging.committed(in: database) else {
            guard transactions.isEmpty else {
                throw notAsPrepared(
                    "\(SQLiteStaging.epochsTable) has no row for this job and operator")
            }
            return nil
        }
        guard try sink.checkTable(in: database, isRestored: true) else {
            throw notAsPrepared("the table is gone")
        }
        guard committed <= epoch || !layout.key.isEmpty else {
            throw SQLiteSinkError.ahead(
                path: location.path, table: location.table, committed: committed.number,
                restored: epoch.number)
        }
        for transaction in transactions where transaction.epoch > committed {
            try check(transaction, staging, in: database)
        }
        return committed
    }

    private func check(
        _ transaction: PreparedTransaction, _ staging: SQLiteStaging, in database: Database
    ) throws {
        let (wanted, begun) = try StateReader.reading(transaction.content) {
            (try $0.readVarint(), Epoch(Int(truncatingIfNeeded: try $0.readSigned())))
        }
        let found = try staging.count(of: begun, in: database)
        if UInt64(found) != wanted {
            throw notAsPrepared(
                "of epoch \(transaction.epoch) \(wanted) rows were staged in \(staging.table), and "
                    + "\(found) are there")
        }
    }

    private func notAsPrepared(_ reason: String) -> SQLiteSinkError {
        .notAsPrepared(path: location.path, table: location.table, reason: reason)
    }
}
