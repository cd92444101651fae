import GRDB
import Testing
import WeirCore

@testable import WeirSQLite

@Suite struct `Writing an SQLite table` {
    let directory: TemporaryDirectory
    let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.path("out.db")
    }

    private var upserting: SQLiteTable<Delay> {
        SQLiteTable(path, table: "delays", key: \.origin, \.hour)
    }

    private var stored: [[DatabaseValue]] {
        get throws { try fetch(path, "SELECT * FROM delays ORDER BY flights") }
    }

    @Test(arguments: [1, 7, 1_000, 30_000])
    func `stores every row, whatever the size of the batches`(size: Int) throws {
        let rows = (0..<25_001).map(Delay.sample)
        try upserting.write(rows, size: size)
        #expect(try stored == rows.map(\.stored))
    }

    @Test func `keeps the last of the rows with one key`() throws {
        let rows = (0..<9_000).map(Delay.sample)
        let changed = rows.map { row in
            var row = row
            row.flights += 100_000
            row.mean = row.mean == nil ? 1 : nil
            return row
        }
        // The same keys within one transaction, across transactions, and in a second run.
        try upserting.write(rows + rows + changed)
        #expect(try stored == changed.map(\.stored))
        try upserting.write(rows)
        #expect(try stored == rows.map(\.stored))
    }

    @Test func `keeps one row where all fields are the key`() throws {
        let table = SQLiteTable<Pair>(path, table: "pairs", key: \.left, \.right)
        try table.write([Pair(left: 1, right: 2), Pair(left: 1, right: 2), Pair(left: 2, right: 1)])
        #expect(try fetch(path, "SELECT * FROM pairs ORDER BY 1") == [values(1, 2), values(2, 1)])
    }

    @Test func `keeps all rows when it appends`() throws {
        let table = SQLiteTable<Delay>(appendingTo: path, table: "delays")
        let rows = (0..<2).map(Delay.sample)
        try table.write(rows + rows)
        try table.write(rows)
        #expect(
            try fetch(path, "SELECT * FROM delays ORDER BY rowid")
                == (rows + rows + rows).map(\.stored))
    }

    @Test func `drops what was there when it is to be replaced`() throws {
        try withDatabase(path) {
            try $0.execute(sql: "CREATE TABLE delays (other TEXT); INSERT INTO delays VALUES ('x')")
            try $0.execute(sql: "CREATE TABLE mine (x INTEGER); INSERT INTO mine VALUES (1)")
        }
        let table = SQLiteTable<Delay>(
            path, table: "delays", key: \.origin, \.hour, existing: .replace)
        try table.validate()
        #expect(try fetch(path, "SELECT * FROM delays") == [values("x")])
        try table.write([.sample(1)])
        try table.write([.sample(2), .sample(3)])
        #expect(try stored == [Delay.sample(2).stored, Delay.sample(3).stored])
        #expect(try fetch(path, "SELECT * FROM mine") == [values(1)])
    }

    @Test func `stores rows of a Codable type`() throws {
        let table = SQLiteTable<CodableDelay>(path, table: "delays", key: \.origin, \.hour)
        let hour = Timestamp(seconds: 1_357_034_400)
        let rows = [
            CodableDelay(origin: "EWR", hour: hour, flights: 1, mean: 2.5),
            CodableDelay(origin: "JFK", hour: hour, flights: 2, mean: nil),
        ]
        try table.validate()
        try table.write(rows + rows)
        try table.validate()
        #expect(
            try stored == [
                values("EWR", "2013-01-01T10:00:00Z", 1, 2.5),
                values("JFK", "2013-01-01T10:00:00Z", 2, nil),
            ])
    }

    @Test func `makes the table even when no row comes`() throws {
        let path = directory.path("a/c/out.db")
        let table = SQLiteTable<Delay>(path, table: "delays", key: \.origin)
        try table.validate()
        #expect(!directory.contains("a"))
        try table.write([])
        #expect(
            try fetch(directory.path("a/c/out.db"), "SELECT count(*) FROM delays") == [values(0)])
    }

    // MARK: - What is visible when

    @Test func `shows rows after a full transaction, a flush and the end`() throws {
        let count = "SELECT count(*) FROM delays"
        let writer = try upserting.writer(context: .test)
        try writer.write((0..<9_999).map(Delay.sample), size: 10_000)
        #expect(try fetch(path, count) == [values(0)])
        try writer.write([.sample(9_999)])
        #expect(try fetch(path, count) == [values(10_000)])
        try writer.write([.sample(10_000)])
        try writer.flush()
        #expect(try fetch(path, count) == [values(10_001)])
        try writer.flush()
        try writer.write([.sample(10_001)])
        try writer.finish()
        #expect(try fetch(path, count) == [values(10_002)])
    }

    @Test func `drops what was not committed when it is abandoned`() throws {
        let writer = try upserting.writer(context: .test)
        try writer.write([.sample(0)])
        try writer.flush()
        try writer.write([.sample(1)])
        writer.abandon()
        #expect(try stored == [Delay.sample(0).stored])
        #expect(SQLiteConnections.shared.leaseCount(path) == 0)
    }

    @Test func `lets readers read while a transaction is open`() throws {
        try upserting.write([.sample(0)])
        let reader = try DatabaseQueue(path: path)
        try reader.read { database in
            #expect(try Int.fetchOne(database, sql: "SELECT count(*) FROM delays") == 1)
            try upserting.write([.sample(1)])
            // A reader's transaction goes on seeing what it saw first.
            #expect(try Int.fetchOne(database, sql: "SELECT count(*) FROM delays") == 1)
        }
        #expect(try stored.count == 2)
    }

    @Test func `leaves one file behind`() throws {
        try upserting.write([.sample(0)])
        #expect(directory.contains("out.db"))
        #expect(!directory.contains("out.db-wal"))
        #expect(!directory.contains("out.db-shm"))
    }
}

struct Pair: WeirCore.Record, Equatable {
    var left = 0
    var right = 0

    static let schema = Schema(Pair.init) {
        Field("left", \.left)
        Field("right", \.right)
    }

    init() {}
    init(left: Int, right: Int) {
        self.left = left
        self.right = right
    }
}
