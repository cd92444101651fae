import Foundation
import GRDB
import GRDBSQLite
import WeirCore

/// Where a table is, and how long to wait for it: what every message of the sink names.
struct SQLiteLocation: Equatable, Sendable {
    let path: String
    let table: String
    let busyTimeout: Duration

    /// Opens the database, or shares the connection of another table in it.
    func lease() throws(SQLiteSinkError) -> SQLiteLease {
        do {
            return try SQLiteConnections.shared.lease(path, busyTimeout: busyTimeout)
        } catch {
            throw translate(error)
        }
    }

    /// Runs `body` on the connection, which waits for locks as long as this table says.
    ///
    /// The wait is set anew each time, because tables that share the connection may differ in it.
    func access<Result>(
        _ lease: SQLiteLease, _ body: (Database) throws -> Result
    ) throws -> Result {
        do {
            return try lease.queue.writeWithoutTransaction { database in
                sqlite3_busy_timeout(database.sqliteConnection, busyTimeout.busyMilliseconds)
                let result = try body(database)
                try checkInPlace(database)
                return result
            }
        } catch let error as DatabaseError {
            throw translate(error)
        }
    }

    /// Checks that the file is still the one that the path leads to.
    ///
    /// In WAL mode SQLite goes on writing a file that was deleted, and says nothing.
    private func checkInPlace(_ database: Database) throws(SQLiteSinkError) {
        var hasMoved: Int32 = 0
        sqlite3_file_control(
            database.sqliteConnection, "main", SQLITE_FCNTL_HAS_MOVED, &hasMoved)
        if hasMoved != 0 { throw .moved(path: path, table: table) }
    }

    /// The sink's error for what GRDB has thrown.
    func translate(_ error: any Error) -> SQLiteSinkError {
        if let error = error as? SQLiteSinkError { return error }
        guard let error = error as? DatabaseError else {
            return .cannotOpen(path: path, table: table, reason: "\(error)")
        }
        return translate(
            code: error.extendedResultCode.rawValue, message: error.message ?? "unknown error")
    }

    /// The sink's error for an extended result code of SQLite.
    func translate(code: Int32, message: String) -> SQLiteSinkError {
        if code == DatabaseError.SQLITE_READONLY_DBMOVED.rawValue {
            return .moved(path: path, table: table)
        }
        switch code & 0xff {
        case SQLITE_BUSY, SQLITE_LOCKED:
            return .locked(path: path, table: table, waited: busyTimeout)
        case SQLITE_FULL: return .full(path: path, table: table, reason: message)
        case SQLITE_READONLY: return .readOnly(path: path, table: table)
        case SQLITE_CANTOPEN, SQLITE_PERM:
            return .cannotOpen(path: path, table: table, reason: message)
        case SQLITE_NOTADB, SQLITE_CORRUPT:
            return .notADatabase(path: path, table: table, reason: message)
        case SQLITE_CONSTRAINT: return .rejected(path: path, table: table, reason: message)
        default: return .failed(path: path, table: table, code: code, reason: message)
        }
    }
}

// MARK: - The directory

extension SQLiteLocation {
    /// Whether the file is there.
    var fileExists: Bool { FileManager.default.fileExists(atPath: path) }

    private var directory: String { path.parentDirectory }

    /// Makes the directories on the path that are not there.
    func makeDirectory() throws(SQLiteSinkError) {
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true)
        } catch {
            throw checkedDirectoryProblem
                ?? cannotOpen("\(directory) could not be made: \(Self.reason(of: error))")
        }
    }

    /// What the system says, rather than all the fields of Foundation's error.
    private static func reason(of error: any Error) -> String {
        let error = error as NSError
        guard let cause = error.userInfo[NSUnderlyingErrorKey] as? NSError,
            cause.domain == NSPOSIXErrorDomain
        else { return error.localizedDescription }
        return String(cString: strerror(Int32(truncatingIfNeeded: cause.code)))
    }

    /// Checks, without making anything, that the file could be made or written where it is.
    func checkDirectory() throws(SQLiteSinkError) {
        if let problem = checkedDirectoryProblem { throw problem }
    }

    private var checkedDirectoryProblem: SQLiteSinkError? {
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) {
            if isDirectory.boolValue { return cannotOpen("it is a directory") }
        }
        // The nearest directory that is there; those below it will be made.
        var ancestor = directory
        while !FileManager.default.fileExists(atPath: ancestor, isDirectory: &isDirectory) {
            if ancestor == ancestor.parentDirectory { break }
            ancestor = ancestor.parentDirectory
        }
        guard isDirectory.boolValue else { return cannotOpen("\(ancestor) is not a directory") }
        guard FileManager.default.isWritableFile(atPath: ancestor) else {
            return fileExists
                ? .readOnly(path: path, table: table)
                : cannotOpen("\(ancestor) cannot be written")
        }
        return nil
    }

    private func cannotOpen(_ reason: String) -> SQLiteSinkError {
        .cannotOpen(path: path, table: table, reason: reason)
    }
}

extension String {
    /// The directory in which this path lies: `.` for a bare name, and for `.` and `/` themselves.
    var parentDirectory: String {
        let trimmed = self.reversed().drop { $0 == "/" }
        let parent = trimmed.drop { $0 != "/" }
        if parent.isEmpty { return hasPrefix("/") ? "/" : "." }
        let kept = parent.drop { $0 == "/" }
        return kept.isEmpty ? "/" : String(kept.reversed())
    }

    /// What follows the last slash.
    var lastPathName: String { String(split(separator: "/").last ?? "") }
}
