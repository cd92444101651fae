import Foundation
import GRDB
import Testing
import WeirCore
import WeirTesting

@testable import WeirSQLite

/// A row whose key comes again, with another value.
struct Reading: WeirCore.Record, Hashable {
    var sensor = 0
    var value = 0.0
    /// A column's name that SQLite takes for the row's number.
    var rowid = ""

    init() {}
    init(_ index: Int) {
        sensor = index % 7
        value = Double(index) / 4
        rowid = "r\(index)"
    }

    static let schema = Schema(Reading.init) {
        Field("sensor", \.sensor)
        Field("value", \.value)
        Field("rowid", \.rowid)
    }
}

extension Reading {
    /// The rows of the table `readings`.
    static func shown(in path: String) throws -> [Reading] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        return try withDatabase(path) { database in
            guard try database.tableExists("readings") else { return [] }
            return try Row.fetchAll(database, sql: "SELECT sensor, value, rowid FROM readings").map
            {
                var reading = Reading()
                (reading.sensor, reading.value, reading.rowid) = ($0[0], $0[1], $0[2])
                return reading
            }
        }
    }

    /// The last reading of each sensor.
    static func latest(_ readings: [Reading]) -> [Reading] {
        Array(
            Dictionary(readings.map { ($0.sensor, $0) }, uniquingKeysWith: { _, last in last })
                .values)
    }
}

@Suite struct `SQLite table, under failures` {
    private let kinds: Set<SinkEvent> = [
        .completed, .checkpointFailed, .committed, .committedAgain, .crashed, .recovered, .finished,
    ]

    @Test func `appends each row once, with the commit of its epoch`() throws {
        let conformance = SinkConformance(row: { Reading($0) }) {
            let directory = try TemporaryDirectory()
            let path = directory.path("out.db")
            let sink = SQLiteTable<Reading>(appendingTo: path, table: "readings")
            try sink.validate()
            return (
                sink,
                {
                    _ = directory
                    try sink.validateRestored()
                    return try Reading.shown(in: path)
                }
            )
        }
        let events = try conformance.check(seeds: 0..<25)
        #expect(Set(events.keys) == kinds)
    }

    @Test func `upserts in the order of the rows`() throws {
        let conformance = SinkConformance(
            isRewindable: false, row: { Reading($0) }, expected: Reading.latest
        ) {
            let directory = try TemporaryDirectory()
            let path = directory.path("out.db")
            let sink = SQLiteTable<Reading>(
                path, table: "readings", key: \.sensor, existing: .replace)
            return (
                sink,
                {
                    _ = directory
                    return try Reading.shown(in: path)
                }
            )
        }
        let events = try conformance.check(seeds: 0..<25)
        #expect(Set(events.keys) == kinds)
    }

    private func context(_ name: String = "sink") -> SubtaskContext {
        SubtaskContext(
            job: "job", operatorName: name, subtask: 0, parallelism: 1, isCheckpointed: true)
    }

    private func put(_ indices: Range<Int>, _ writer: SQLiteTableWriter<Reading>) throws {
        try writer.write(indices.map { Reading($0) })
    }

    /// Writes, prepares and commits an epoch.
    private func epoch(
        _ number: Int, _ indices: Range<Int>, _ writer: SQLiteTableWriter<Reading>,
        commits: Bool = true
    ) throws -> PreparedTransaction {
        try writer.begin(Epoch(number))
        try put(indices, writer)
        let content = try #require(try writer.prepare(Epoch(number)))
        let transaction = PreparedTransaction(epoch: Epoch(number), subtask: 0, content: content)
        if commits { try writer.commit(transaction) }
        return transaction
    }

    @Test func `notes the epoch, and leaves no staging table behind`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path("out.db")
        let sink = SQLiteTable<Reading>(appendingTo: path, table: "readings")
        let writer = try sink.writer(context: context())
        _ = try epoch(1, 0..<3, writer)
        _ = try epoch(2, 3..<5, writer, commits: false)
        #expect(try fetch(path, "SELECT * FROM weir_epochs") == [values("job", "sink", 0, 1, 2)])
        #expect(try Reading.shown(in: path).count == 3)
        try writer.recover([], after: Epoch(2))
        #expect(try Reading.shown(in: path).count == 5)
        try writer.finish()
        #expect(
            try fetch(path, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
                == [values("readings"), values("weir_epochs")])
    }

    @Test func `two sinks write one table without touching each other's rows`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path("out.db")
        let sink = SQLiteTable<Reading>(appendingTo: path, table: "readings")
        let first = try sink.writer(context: context("first"))
        let second = try sink.writer(context: context("second"))
        let transaction = try epoch(1, 0..<3, first, commits: false)
        try second.begin(Epoch(1))
        try put(3..<5, second)
        second.abandon()
        let restarted = try sink.writer(context: context("second"))
        try restarted.recover([], after: .none)
        try first.commit(transaction)
        #expect(try Reading.shown(in: path).map(\.rowid) == ["r0", "r1", "r2"])
    }

    @Test
    func `refuses to go back where rows are appended, and upserts again where they have a key`()
        throws
    {
        let directory = try TemporaryDirectory()
        let path = directory.path("out.db")
        let sink = SQLiteTable<Reading>(appendingTo: path, table: "readings")
        let writer = try sink.writer(context: context())
        let first = try epoch(1, 0..<3, writer)
        _ = try epoch(2, 3..<5, writer)
        #expect(
            throws: SQLiteSinkError.ahead(path: path, table: "readings", committed: 2, restored: 1)
        ) { try writer.recover([first], after: Epoch(1)) }
        #expect(try Reading.shown(in: path).count == 5)
        let other = directory.path("keyed.db")
        let keyed = try SQLiteTable<Reading>(other, table: "readings", key: \.sensor)
            .writer(context: context())
        let started = try epoch(1, 0..<3, keyed)
        _ = try epoch(2, 3..<10, keyed)
        try keyed.recover([started], after: Epoch(1))
        _ = try epoch(2, 3..<12, keyed)
        #expect(
            Set(try Reading.shown(in: other)) == Set(Reading.latest((0..<12).map { Reading($0) })))
    }

    @Test func `refuses a file in which the staged rows are gone`() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path("out.db")
        let sink = SQLiteTable<Reading>(appendingTo: path, table: "readings")
        let writer = try sink.writer(context: context())
        let transaction = try epoch(1, 0..<3, writer, commits: false)
        writer.abandon()
        let staged = SQLiteStaging(layout: sink.layout, context: context()).table
        try withDatabase(path) { try $0.execute(sql: "DELETE FROM \(staged) WHERE weir_order = 2") }
        let next = try sink.writer(context: context())
        let error = sinkError { try next.recover([transaction], after: Epoch(1)) }
        #expect(
            error.map { "\($0)" } == """
                SQLite table "readings" in \(path): the file is not as the checkpoint has left it: of \
                epoch 1 3 rows were staged in \(staged), and 2 are there. Put the file back, or start \
                the job without restoring.
                """)
        next.abandon()
        let fresh = directory.path("fresh.db")
        let other = try SQLiteTable<Reading>(appendingTo: fresh, table: "readings")
            .writer(context: context())
        #expect(
            sinkError { try other.recover([transaction], after: Epoch(1)) }
                == .notAsPrepared(
                    path: fresh, table: "readings",
                    reason: "weir_epochs has no row for this job and operator"))
    }

    @Test func `keeps its own tables' names for itself`() {
        for name in ["weir_epochs", "WEIR_EPOCHS", "weir_staged_x"] {
            #expect(
                sinkError { try SQLiteTable<Reading>(appendingTo: "o.db", table: name).validate() }
                    == .invalidTable(path: "o.db", table: name))
        }
    }
}
