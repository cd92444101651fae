#if RocksDB
    import CRocksDB
    public import Foundation
    public import WeirCore

    /// Keeps the pages of tables that are larger than their memory in a RocksDB database.
    ///
    /// One database for the whole job, in which each table has keys of its own, opened when the first
    /// table needs it and removed when the last one has gone. What is in it is scratch, emptied when
    /// a job starts: what lasts is in checkpoints, which are the same for all backends. So nothing is
    /// logged or synchronised.
    ///
    /// RocksDB takes memory of its own, on top of what `StateBackend.spilling` grants to pages: up
    /// to `buffers` bytes, and a few megabytes for each file that it is compacting.
    public struct RocksDBPages: PageStoreProvider {
        /// Where the database is.
        public let directory: URL
        /// The bytes that RocksDB may take: three quarters for pages on their way to a file, a quarter
        /// for a cache of what is in files.
        public let buffers: Int
        private let opened = Locked(Opened())

        private struct Opened {
            weak var database: RocksDBDatabase?
            var count = 0
            var lastTable: UInt64 = 0
        }

        /// Names the directory, which is made if it is not there. Two jobs must not share one.
        ///
        /// - Parameter buffers: The bytes that RocksDB may take for itself; at least 4 MB are granted.
        public init(_ directory: URL, buffers: Int = 64 << 20) {
            self.directory = directory
            self.buffers = max(4 << 20, buffers)
        }

        /// Makes an empty store.
        ///
        /// - Throws: ``RocksDBError`` where the database cannot be opened: another job has it, or the
        ///   directory cannot be written to.
        public func makeStore(named name: String) throws -> any PageStore {
            try opened.withLock { opened in
                let database = try opened.database ?? open(&opened)
                opened.lastTable += 1
                return RocksDBPageStore(RocksDBTable(opened.lastTable, name, in: database))
            }
        }

        private func open(_ opened: inout Opened) throws -> RocksDBDatabase {
            try FileManager.default.createDirectory(
                at: directory, withIntermediateDirectories: true)
            if opened.count == 0 { try removeLeftovers() }
            opened.count += 1
            // The one before may still be closing, on another thread.
            let path = directory.appending(path: "\(Self.prefix)\(opened.count)")
            let database = try RocksDBDatabase(
                path: path.path(percentEncoded: false), buffers: buffers)
            opened.database = database
            return database
        }

        private static var prefix: String { "pages-" }

        /// Removes what a job has left that was killed; one that runs has its database locked.
        private func removeLeftovers() throws {
            let found = try FileManager.default.contentsOfDirectory(
                at: directory, includingPropertiesForKeys: nil)
            for old in found where old.lastPathComponent.hasPrefix(Self.prefix) {
                try RocksDBDatabase.remove(old.path(percentEncoded: false))
            }
        }
    }

    /// Why RocksDB could not do what a table asked of it.
    public struct RocksDBError: Error, Equatable, Sendable, CustomStringConvertible {
        /// What was asked, where, and what RocksDB said.
        public let description: String
    }
#endif
