import Dispatch
import Foundation
import GRDB
import Testing
import WeirCore

@testable import WeirSQLite

@Suite struct `Tables of one SQLite file` {
    let directory: TemporaryDirectory
    let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.path("out.db")
    }

    @Test func `are written from several threads, each row once`() throws {
        let rows = (0..<20_000).map(Delay.sample)
        let tables = (0..<4).map { number in
            // A wait of nothing: a single attempt at another connection's lock would fail.
            SQLiteTable<Delay>(
                path, table: "delays\(number)", key: \.origin, \.hour, busyTimeout: .zero)
        }
        let errors = Locked<[String]>([])
        DispatchQueue.concurrentPerform(iterations: tables.count) { number in
            do {
                let writer = try tables[number].writer(context: .test)
                for part in 0..<20 {
                    try writer.write(Array(rows[part * 1_000..<(part + 1) * 1_000]))
                    try writer.flush()
                }
                try writer.finish()
            } catch {
                errors.withLock { $0.append("\(error)") }
            }
        }
        #expect(errors.withLock { $0 } == [])
        for table in tables {
            #expect(
                try fetch(path, "SELECT * FROM \(table.table) ORDER BY flights")
                    == rows.map(\.stored))
        }
    }

    @Test func `share one connection, however the path is written`() throws {
        let link = directory.path("link.db")
        let first = try SQLiteTable<Delay>(path, table: "a", key: \.origin).writer(context: .test)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)
        let second = try SQLiteTable<Delay>(
            directory.path("./x/../out.db"), table: "b", key: \.origin
        ).writer(context: .test)
        let third = try SQLiteTable<Delay>(link, table: "c", key: \.origin).writer(context: .test)
        #expect(SQLiteConnections.shared.leaseCount(path) == 3)
        try first.finish()
        second.abandon()
        #expect(SQLiteConnections.shared.leaseCount(path) == 1)
        try third.write([.sample(0)])
        try third.finish()
        #expect(SQLiteConnections.shared.leaseCount(path) == 0)
        #expect(try fetch(path, "SELECT * FROM c") == [Delay.sample(0).stored])
    }

    @Test func `give the connection back when a writer is dropped without a word`() throws {
        _ = try SQLiteTable<Delay>(path, table: "a", key: \.origin).writer(context: .test)
        #expect(SQLiteConnections.shared.leaseCount(path) == 0)
    }

    @Test func `keep what one committed when another is abandoned`() throws {
        let kept = try SQLiteTable<Delay>(path, table: "kept", key: \.origin).writer(context: .test)
        let lost = try SQLiteTable<Delay>(path, table: "lost", key: \.origin).writer(context: .test)
        try kept.write([.sample(0)])
        try lost.write([.sample(1)])
        try kept.flush()
        lost.abandon()
        try kept.finish()
        #expect(try fetch(path, "SELECT * FROM kept") == [Delay.sample(0).stored])
        #expect(try fetch(path, "SELECT count(*) FROM lost") == [values(0)])
    }
}
