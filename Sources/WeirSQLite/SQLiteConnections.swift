import Foundation
import GRDB
import Synchronization

/// The connections of this process, one for each database file, shared by all tables in it.
///
/// SQLite lets one connection write at a time. Were each table to open its own, the tables of one
/// job would wait for each other by sleeping and trying again; over one connection they take turns
/// on its queue.
///
/// Unchecked, because `entries` is guarded by `lock`. An `NSLock` and not a `Mutex`, whose futex the
/// thread sanitizer does not see on Linux, so that it takes every access for a race.
final class SQLiteConnections: @unchecked Sendable {
    static let shared = SQLiteConnections()

    private struct Entry {
        let queue: DatabaseQueue
        var leases: Int
    }

    private let lock = NSLock()
    private var entries: [String: Entry] = [:]

    /// Opens the database at `path`, or shares the connection that is open already.
    ///
    /// - Parameter busyTimeout: How long to wait for a lock while opening.
    /// - Throws: What GRDB reports, mostly a `DatabaseError`.
    func lease(_ path: String, busyTimeout: Duration) throws -> SQLiteLease {
        let name = Self.canonical(path)
        // Opened under the lock: two tables that open one file at once must share one connection.
        return try lock.withLock {
            if var entry = entries[name] {
                entry.leases += 1
                entries[name] = entry
                return SQLiteLease(queue: entry.queue, name: name, owner: self)
            }
            var configuration = Configuration()
            configuration.busyMode = .timeout(busyTimeout.seconds)
            configuration.label = "weir.sqlite"
            let queue = try DatabaseQueue(path: name, configuration: configuration)
            entries[name] = Entry(queue: queue, leases: 1)
            return SQLiteLease(queue: queue, name: name, owner: self)
        }
    }

    /// The number of tables that share the connection to `path`.
    func leaseCount(_ path: String) -> Int {
        let name = Self.canonical(path)
        return lock.withLock { entries[name]?.leases ?? 0 }
    }

    fileprivate func release(_ name: String) {
        lock.withLock {
            guard var entry = entries[name] else { return }
            entry.leases -= 1
            guard entry.leases == 0 else {
                entries[name] = entry
                return
            }
            entries[name] = nil
            // All is committed by now, and a connection that fails to close is closed by SQLite
            // when its last statement goes: nothing is left to tell the user.
            try? entry.queue.close()
        }
    }

    /// The absolute path without links, dots or double slashes, as far as the path exists.
    static func canonical(_ path: String) -> String {
        if let resolved = resolve(path) { return resolved }
        // Not there yet: its directory is, made by the caller.
        let parent = resolve(path.parentDirectory) ?? path.parentDirectory
        return parent == "/" ? "/\(path.lastPathName)" : "\(parent)/\(path.lastPathName)"
    }

    private static func resolve(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}

/// A share in a connection, given back by ``close()`` or when it goes.
final class SQLiteLease: Sendable {
    let queue: DatabaseQueue
    private let name: String
    private let owner: SQLiteConnections
    private let isOpen = Atomic<Bool>(true)

    fileprivate init(queue: DatabaseQueue, name: String, owner: SQLiteConnections) {
        self.queue = queue
        self.name = name
        self.owner = owner
    }

    deinit { close() }

    /// Gives the share back; the connection is closed with its last share.
    func close() {
        if isOpen.exchange(false, ordering: .relaxed) { owner.release(name) }
    }
}

extension Duration {
    /// The span in seconds, as SQLite's drivers take it; never negative.
    var seconds: Double {
        let (seconds, attoseconds) = components
        return max(0, Double(seconds) + Double(attoseconds) * 1e-18)
    }

    /// The span in whole milliseconds, at least 0 and at most what SQLite takes.
    var busyMilliseconds: Int32 { Int32(clamping: Int64(min(seconds * 1_000, 2_147_483_647))) }
}
