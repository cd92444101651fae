import Dispatch
import Foundation
import GRDB
import Testing
import WeirCore

@testable import WeirSQLite

@Suite struct `An SQLite file that cannot be written` {
    let directory: TemporaryDirectory
    let path: String

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.path("out.db")
    }

    private func table(busyTimeout: Duration = .zero) -> SQLiteTable<Delay> {
        SQLiteTable(path, table: "delays", key: \.origin, \.hour, busyTimeout: busyTimeout)
    }

    private var count: [[DatabaseValue]] {
        get throws { try fetch(path, "SELECT count(*) FROM delays") }
    }

    // MARK: - Locks

    @Test func `says so when another connection holds the lock, and loses nothing`() throws {
        let rows = (0..<10).map(Delay.sample)
        let writer = try table(busyTimeout: .milliseconds(20)).writer(context: .test)
        try writer.write(rows)
        try withDatabase(path) { other in
            try other.execute(sql: "BEGIN IMMEDIATE")
            let error = sinkError { try writer.flush() }
            #expect(
                error?.description == """
                    SQLite table "delays" in \(path): another connection has kept the file locked \
                    for 0.02 seconds. Close the program that writes it, or raise the sink's \
                    `busyTimeout`.
                    """)
            #expect(sinkError { _ = try table().writer(context: .test) } == locked(.zero))
            try other.execute(sql: "COMMIT")
        }
        try writer.finish()
        #expect(try count == [values(10)])
    }

    @Test func `says so before the job starts when nobody may even read it`() throws {
        try withDatabase(path) { other in
            try other.execute(sql: "CREATE TABLE x (y); BEGIN EXCLUSIVE")
            #expect(sinkError { try table().validate() } == locked(.zero))
            try other.execute(sql: "COMMIT")
        }
        try table().validate()
    }

    @Test func `waits for a lock that is given back in time`() throws {
        let writer = try table(busyTimeout: .seconds(60)).writer(context: .test)
        try writer.write([.sample(0)])
        let other = try connection(to: path)
        try other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        let started = DispatchSemaphore(value: 0)
        DispatchQueue.global().async {
            started.wait()
            try? other.writeWithoutTransaction { try $0.execute(sql: "COMMIT") }
        }
        started.signal()
        try writer.finish()
        #expect(try count == [values(1)])
    }

    @Test func `says so when somebody reads it before it is in WAL mode`() throws {
        try withDatabase(path) { reader in
            try reader.execute(sql: "CREATE TABLE x (y); BEGIN; SELECT * FROM x")
            #expect(sinkError { _ = try table().writer(context: .test) } == locked(.zero))
            try reader.execute(sql: "COMMIT")
            try table().write([.sample(0)])
        }
        #expect(try count == [values(1)])
        #expect(try fetch(path, "PRAGMA journal_mode") == [values("wal")])
    }

    private func locked(_ waited: Duration) -> SQLiteSinkError {
        .locked(path: path, table: "delays", waited: waited)
    }

    // MARK: - Room

    @Test func `says so when it is full, keeps what was committed, and goes on with room`() throws {
        // The limit is the connection's own, and the connection is shared.
        let lease = try SQLiteConnections.shared.lease(path, busyTimeout: .zero)
        let writer = try table().writer(context: .test)
        try writer.write((0..<10).map(Delay.sample))
        try writer.flush()
        try lease.queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 8") }
        try writer.write((0..<5_000).map(Delay.sample))
        #expect(
            sinkError { try writer.flush() }?.description == """
                SQLite table "delays" in \(path): no room is left: database or disk is full. Free \
                space on the disk, or give a path on another one; what was committed so far is safe.
                """)
        #expect(try count == [values(10)])
        try lease.queue.writeWithoutTransaction {
            try $0.execute(sql: "PRAGMA max_page_count = 100000")
        }
        try writer.finish()
        #expect(try count == [values(5_000)])
    }

    @Test(.enabled(if: SmallDisk.isMountable, "mounting a small disk needs root"))
    func `says so when the disk is full`() throws {
        let disk = try SmallDisk(kilobytes: 256)
        let sink = SQLiteTable<Delay>(disk.path("out.db"), table: "delays", key: \.origin, \.hour)
        let error = sinkError { try sink.write((0..<50_000).map(Delay.sample)) }
        guard case .full(disk.path("out.db"), "delays", _) = error else {
            Issue.record("expected a full disk, found \(String(describing: error))")
            return
        }
        // The first transaction did not fit either: the file is whole, and empty.
        #expect(
            try fetch(disk.path("out.db"), "SELECT count(*) FROM delays; ") == [values(0)])
        #expect(try fetch(disk.path("out.db"), "PRAGMA integrity_check") == [values("ok")])
    }

    // MARK: - Permissions

    @Test(.enabled(if: SmallDisk.isMountable, "mounting a disk needs root"))
    func `says so when its disk is read-only`() throws {
        let disk = try SmallDisk(kilobytes: 1_024)
        let path = disk.path("out.db")
        let sink = SQLiteTable<Delay>(path, table: "delays", key: \.origin, \.hour)
        try sink.write([.sample(0)])
        try disk.makeReadOnly()
        #expect(sinkError { try sink.validate() } == .readOnly(path: path, table: "delays"))
        let other = SQLiteTable<Delay>(disk.path("new.db"), table: "t", key: \.origin)
        #expect(
            sinkError { try other.validate() }
                == .cannotOpen(
                    path: disk.path("new.db"), table: "t",
                    reason: "\(disk.directory) cannot be written"))
    }

    @Test(.enabled(if: geteuid() != 0, "root may write every file"))
    func `says so when the file or the directory is read-only`() throws {
        try table().write([.sample(0)])
        let expected = SQLiteSinkError.readOnly(path: path, table: "delays")
        try setPermissions(0o444, path)
        #expect(sinkError { try table().validate() } == expected)
        #expect(sinkError { _ = try table().writer(context: .test) } == expected)
        try setPermissions(0o644, path)
        try setPermissions(0o555, directory.url.path)
        defer { try? setPermissions(0o755, directory.url.path) }
        #expect(sinkError { try table().validate() } == expected)
        let other = SQLiteTable<Delay>(directory.path("new.db"), table: "t", key: \.origin)
        #expect(
            sinkError { try other.validate() }
                == .cannotOpen(
                    path: directory.path("new.db"), table: "t",
                    reason: "\(directory.url.path) cannot be written"))
    }

    private func setPermissions(_ mode: Int, _ path: String) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    // MARK: - What is there instead

    @Test func `says so when it is no database`() throws {
        let bytes = Data((0..<5_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        try bytes.write(to: URL(filePath: path))
        let expected = SQLiteSinkError.notADatabase(
            path: path, table: "delays", reason: "file is not a database")
        #expect(sinkError { try table().validate() } == expected)
        #expect(sinkError { _ = try table().writer(context: .test) } == expected)
        #expect(try Data(contentsOf: URL(filePath: path)) == bytes)
        #expect(SQLiteConnections.shared.leaseCount(path) == 0)
    }

    @Test func `says so when it is damaged`() throws {
        try table().write((0..<5_000).map(Delay.sample))
        let file = try FileHandle(forUpdating: URL(filePath: path))
        try file.seek(toOffset: 100)
        try file.write(contentsOf: Data(repeating: 0xAA, count: 60_000))
        try file.close()
        guard case .notADatabase(path, "delays", _)? = sinkError({ try table().validate() }) else {
            Issue.record("the damage was not noticed")
            return
        }
    }

    @Test func `says so when it is a directory, or in a file`() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        let isDirectory = SQLiteSinkError.cannotOpen(
            path: path, table: "delays", reason: "it is a directory")
        #expect(sinkError { try table().validate() } == isDirectory)
        #expect(sinkError { _ = try table().writer(context: .test) } != nil)

        try Data().write(to: URL(filePath: directory.path("file")))
        let inside = directory.path("file/sub/out.db")
        let sink = SQLiteTable<Delay>(inside, table: "t", key: \.origin)
        let inFile = SQLiteSinkError.cannotOpen(
            path: inside, table: "t", reason: "\(directory.path("file")) is not a directory")
        #expect(sinkError { try sink.validate() } == inFile)
        #expect(sinkError { _ = try sink.writer(context: .test) } == inFile)
    }

    @Test func `says so when it is deleted under the writer`() throws {
        let writer = try table().writer(context: .test)
        try writer.write([.sample(0)])
        try writer.flush()
        try FileManager.default.removeItem(atPath: path)
        #expect(sinkError { try writer.finish() } == .moved(path: path, table: "delays"))
        try writer.write([.sample(1)])
        #expect(sinkError { try writer.flush() } == .moved(path: path, table: "delays"))
        #expect(
            sinkError { _ = try table().writer(context: .test) }
                == .moved(path: path, table: "delays"))
        writer.abandon()
        try table().write([.sample(2)])
        #expect(try count == [values(1)])
    }

    @Test func `says which row a constraint has refused`() throws {
        try withDatabase(path) {
            try $0.execute(
                sql: """
                    CREATE TABLE delays (
                        origin TEXT, hour_start TEXT, flights INT CHECK (flights < 5), cancelled INT,
                        mean_delay REAL, worst_delay REAL, PRIMARY KEY (origin, hour_start))
                    """)
        }
        let error = #expect(throws: WeirCore.RecordError.self) {
            try table().write((0..<10).map(Delay.sample))
        }
        #expect(error?.record.contains("flights: 5") == true)
        #expect(
            error?.cause as? SQLiteSinkError
                == .rejected(
                    path: path, table: "delays", reason: "CHECK constraint failed: flights < 5"))
        #expect(try count == [values(0)])
    }
}

/// A small disk in memory, for a test that needs one full or read-only; unmounted afterwards.
private final class SmallDisk {
    let directory: String
    private let parent: TemporaryDirectory

    static let isMountable = geteuid() == 0 && (try? SmallDisk(kilobytes: 64)) != nil

    init(kilobytes: Int) throws {
        parent = try TemporaryDirectory()
        directory = parent.url.path
        try Self.run("mount", "-t", "tmpfs", "-o", "size=\(kilobytes)k", "tmpfs", directory)
    }

    deinit { try? Self.run("umount", "-l", directory) }

    func path(_ name: String) -> String { "\(directory)/\(name)" }

    func makeReadOnly() throws { try Self.run("mount", "-o", "remount,ro", directory) }

    private static func run(_ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = arguments
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.fileWriteUnknown) }
    }
}
