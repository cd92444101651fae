import GRDB
import WeirCore

/// The table in which a sink of a job with checkpoints keeps rows until their epoch is committed, and
/// the sink's row in `weir_epochs`, which says how far that has come.
///
/// Both are in the file of the table itself. So one transaction moves the rows of an epoch into the
/// table and notes the epoch, and whatever moment a process dies at, SQLite shows both or neither.
/// All functions are to be called within a transaction.
struct SQLiteStaging: Sendable {
    /// The table with a row for each sink: its job, its operator, its subtask, the epoch committed
    /// last, and the one prepared last.
    static let epochsTable = "weir_epochs"

    /// The name of the staging table.
    let table: String
    private let layout: TableLayout
    private let epochColumn: String
    private let orderColumn: String
    private let writer: StatementArguments

    /// The staging table of one writer, by job, operator and subtask.
    init(layout: TableLayout, context: SubtaskContext) {
        self.layout = layout
        var hasher = StableHasher()
        for name in [context.job, context.operatorName] { name.hash(into: &hasher) }
        let owner = String(hasher.finalize(), radix: 16)
        table = "weir_staged_\(layout.table)_\(owner)_\(context.subtask)"
        epochColumn = Self.unused("weir_epoch", layout)
        orderColumn = Self.unused("weir_order", layout)
        writer = [context.job, context.operatorName, context.subtask]
    }

    private static func unused(_ name: String, _ layout: TableLayout) -> String {
        let taken = Set(layout.columns.map { $0.name.foldedName })
        var name = name
        while taken.contains(name) { name += "_" }
        return name.quotedName
    }

    private var columns: String { TableLayout.list(layout.columns.map(\.name)) }

    /// Stages one row: column `n` is parameter `n`, and the epoch is the one after the last.
    var stageStatement: String {
        let marks = (0...layout.columns.count).map { "?\($0 + 1)" }.joined(separator: ", ")
        return """
            INSERT INTO \(table.quotedName) (\(columns), \(epochColumn)) VALUES (\(marks))
            """
    }

    // MARK: - Starting

    /// Makes the tables, with nothing staged: for a job that begins anew.
    func begin(in database: Database) throws {
        try database.execute(sql: "DROP TABLE IF EXISTS \(table.quotedName)")
        try makeTables(in: database)
        try setCommitted(.none, in: database)
    }

    /// Makes the tables where they are missing.
    func makeTables(in database: Database) throws {
        let staged = layout.columns.map { "\($0.name.quotedName) \($0.type.rawValue)" }
        try database.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS \(table.quotedName) (
                    \(orderColumn) INTEGER PRIMARY KEY, \(epochColumn) INTEGER NOT NULL,
                    \(staged.joined(separator: ", ")))
                """)
        try database.execute(
            sql: """
                CREATE TABLE IF NOT EXISTS \(Self.epochsTable) (
                    job TEXT NOT NULL, sink TEXT NOT NULL, subtask INTEGER NOT NULL,
                    epoch INTEGER NOT NULL, prepared INTEGER NOT NULL,
                    PRIMARY KEY (job, sink, subtask)) WITHOUT ROWID
                """)
    }

    /// Drops the staging table, from which all has been committed.
    func end(in database: Database) throws {
        try database.execute(sql: "DROP TABLE IF EXISTS \(table.quotedName)")
    }

    // MARK: - Epochs

    /// The epoch committed last; `nil` where the sink has no row.
    func committed(in database: Database) throws -> Epoch? {
        guard try database.tableExists(Self.epochsTable) else { return nil }
        return try Int.fetchOne(
            database,
            sql: """
                SELECT epoch FROM \(Self.epochsTable) WHERE job = ? AND sink = ? AND subtask = ?
                """, arguments: writer
        ).map { Epoch($0) }
    }

    /// Notes the epoch committed last, and none prepared after it.
    func setCommitted(_ epoch: Epoch, in database: Database) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO \(Self.epochsTable) VALUES (?, ?, ?, ?, ?)",
            arguments: writer + [epoch.number, epoch.number])
    }

    /// Notes the epoch prepared last. A write, so that the transaction reaches the disk even where
    /// all its rows were staged before.
    func setPrepared(_ epoch: Epoch, in database: Database) throws {
        try database.execute(
            sql: """
                UPDATE \(Self.epochsTable) SET prepared = ?
                WHERE job = ? AND sink = ? AND subtask = ?
                """, arguments: [epoch.number] + writer)
    }

    /// The number of rows staged in an epoch.
    func count(of epoch: Epoch, in database: Database) throws -> Int {
        guard try database.tableExists(table) else { return 0 }
        return try Int.fetchOne(
            database,
            sql: "SELECT count(*) FROM \(table.quotedName) WHERE \(epochColumn) = ?",
            arguments: [epoch.number]) ?? 0
    }

    /// Removes what was staged after an epoch.
    func drop(after epoch: Epoch, in database: Database) throws {
        try database.execute(
            sql: "DELETE FROM \(table.quotedName) WHERE \(epochColumn) > ?",
            arguments: [epoch.number])
    }

    /// Moves what was staged up to an epoch into the table, in the order in which it came, and notes
    /// the epoch.
    func commit(upTo epoch: Epoch, in database: Database) throws {
        let source = """
            SELECT \(columns) FROM \(table.quotedName) WHERE \(epochColumn) <= ?
            ORDER BY \(orderColumn)
            """
        try database.execute(sql: layout.insertStatement(source), arguments: [epoch.number])
        try database.execute(
            sql: "DELETE FROM \(table.quotedName) WHERE \(epochColumn) <= ?",
            arguments: [epoch.number])
        try setCommitted(epoch, in: database)
    }
}
