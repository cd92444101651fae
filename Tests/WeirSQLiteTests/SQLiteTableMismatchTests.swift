import GRDB
import Testing
import WeirCore
import WeirSQLite

@Suite struct `A table that is there` {
    let directory: TemporaryDirectory
    let path: String
    let table: SQLiteTable<Delay>

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.path("out.db")
        table = SQLiteTable(path, table: "delays", key: \.origin, \.hour)
    }

    private func create(_ sql: String) throws {
        try withDatabase(path) { try $0.execute(sql: sql) }
    }

    /// The differences that are found, by the check and by the writer alike.
    private func differences(_ sql: String) throws -> [String]? {
        try create(sql)
        let error = sinkError { try table.validate() }
        #expect(sinkError { _ = try table.writer(context: .test) } == error)
        guard case .mismatched(path, "delays", let differences)? = error else { return nil }
        return differences
    }

    @Test func `is refused with every difference, and left as it is`() throws {
        let sql = """
            CREATE TABLE delays (
                origin TEXT NOT NULL PRIMARY KEY, hour_start INTEGER, flights DATETIME,
                mean_delay REAL NOT NULL, worst_delay TEXT, extra TEXT)
            """
        try create(sql)
        #expect(
            sinkError { try table.validate() }?.description == """
                SQLite table "delays" in \(path): the table that is there does not fit the records: \
                column "hour_start" is declared INTEGER, but the field is timestamp and needs TEXT; \
                column "cancelled" ("cancelled" INTEGER NOT NULL) is missing; \
                column "mean_delay" is NOT NULL, but the field may be missing; \
                column "worst_delay" is declared TEXT, but the field is double and needs REAL; \
                column "extra" is no field of the records; \
                it has the key (origin), but the sink's is (origin, hour_start). \
                Give another table name, alter or drop the table, or say `existing: .replace` to \
                have it dropped and made anew.
                """)
        #expect(
            try fetch(path, "SELECT sql FROM sqlite_master WHERE name = 'delays'") == [values(sql)])
    }

    @Test func `is refused without a key when rows are upserted`() throws {
        #expect(
            try differences(
                """
                CREATE TABLE delays (origin TEXT, hour_start TEXT, flights INT, cancelled INT,
                    mean_delay REAL, worst_delay REAL);
                CREATE INDEX i ON delays (origin, hour_start);
                CREATE UNIQUE INDEX u ON delays (origin, hour_start) WHERE flights > 0;
                """) == ["it has no key, but the sink's is (origin, hour_start)"])
    }

    @Test func `is refused with a key when rows are appended`() throws {
        try table.write([])
        let appending = SQLiteTable<Delay>(appendingTo: path, table: "delays")
        #expect(
            sinkError { try appending.validate() }
                == .mismatched(
                    path: path, table: "delays",
                    differences: [
                        "it has the key (origin, hour_start), but the sink appends without one"
                    ]))
    }

    @Test(arguments: [SQLiteExistingRows.keep, .replace])
    func `is refused when it is a view`(existing: SQLiteExistingRows) throws {
        try create("CREATE VIEW delays AS SELECT 1 AS origin")
        let table = SQLiteTable<Delay>(path, table: "delays", key: \.origin, existing: existing)
        let expected = SQLiteSinkError.mismatched(
            path: path, table: "delays", differences: ["it is a view"])
        #expect(sinkError { try table.validate() } == expected)
        #expect(sinkError { _ = try table.writer(context: .test) } == expected)
    }

    @Test func `is refused with a generated column`() throws {
        #expect(
            try differences(
                """
                CREATE TABLE delays (origin TEXT, hour_start TEXT, flights INT,
                    cancelled INT AS (flights), mean_delay REAL, worst_delay REAL,
                    PRIMARY KEY (origin, hour_start))
                """) == ["column \"cancelled\" is a generated one"])
    }

    @Test func `fits with other words for the types, another order and case`() throws {
        try create(
            """
            CREATE TABLE Delays (cancelled BIGINT, FLIGHTS NUMERIC, worst_delay DOUBLE PRECISION,
                mean_delay, hour_start VARCHAR(20), origin CHARACTER(3),
                PRIMARY KEY (hour_start, ORIGIN))
            """)
        try table.validate()
        try table.write([.sample(1), .sample(1)])
        #expect(
            try fetch(
                path,
                "SELECT origin, hour_start, flights, cancelled, mean_delay, worst_delay FROM delays"
            )
                == [Delay.sample(1).stored])
    }

    @Test func `fits with a unique index for a key`() throws {
        try create(
            """
            CREATE TABLE delays (origin TEXT, hour_start TEXT, flights INT, cancelled INT,
                mean_delay REAL, worst_delay REAL);
            CREATE UNIQUE INDEX u ON delays (hour_start, origin);
            """)
        try table.validate()
        try table.write([.sample(1), .sample(2), .sample(1)])
        #expect(
            try fetch(path, "SELECT * FROM delays ORDER BY flights")
                == [Delay.sample(1).stored, Delay.sample(2).stored])
    }
}
