#if RocksDB
    import CRocksDB
    public import Foundation
    public import WeirCore

    /// Keeps the pages of tables that are larger than their memory in RocksDB databases, one for each
    /// table, in a directory.
    ///
    /// They are scratch: emptied when a job starts and removed when a table goes. What lasts is in
    /// checkpoints, which are the same for all backends; so nothing is logged or synchronised.
    public struct RocksDBPages: PageStoreProvider {
        /// Where the databases are.
        public let directory: URL

        /// Names the directory, which is made if it is not there. Two jobs must not share one.
        public init(_ directory: URL) { self.directory = directory }

        /// Opens an empty database.
        ///
        /// - Throws: ``RocksDBError``.
        public func makeStore(named name: String) throws -> any PageStore {
            let file = name.map { $0.isLetter || $0.isNumber || $0 == "-" ? $0 : "_" }
            let path = directory.appending(path: String(file)).path(percentEncoded: false)
            try FileManager.default.createDirectory(
                at: directory, withIntermediateDirectories: true)
            return try RocksDBPageStore(path: path)
        }
    }

    /// Why RocksDB could not do what a table asked of it.
    public struct RocksDBError: Error, Equatable, Sendable, CustomStringConvertible {
        /// What was asked, where, and what RocksDB said.
        public let description: String
    }

    /// An open database, closed when nobody has it any more: snapshots keep it open.
    private final class RocksDBDatabase: @unchecked Sendable {
        // Unchecked: RocksDB's handles may be used by any number of threads.
        let handle: OpaquePointer
        let path: String
        private let options: OpaquePointer

        init(path: String) throws {
            self.path = path
            options = rocksdb_options_create()
            rocksdb_options_set_create_if_missing(options, 1)
            rocksdb_options_set_compression(options, Int32(rocksdb_lz4_compression))
            // Pages come and go whole: what matters is that the database itself stays small in memory.
            rocksdb_options_set_write_buffer_size(options, 8 << 20)
            rocksdb_options_set_max_write_buffer_number(options, 3)
            var message: UnsafeMutablePointer<CChar>?
            rocksdb_destroy_db(options, path, &message)
            rocksdb_free(message)
            message = nil
            let opened = rocksdb_open(options, path, &message)
            guard let opened, message == nil else {
                rocksdb_options_destroy(options)
                throw RocksDBDatabase.error("open", path, message)
            }
            handle = opened
        }

        deinit {
            rocksdb_close(handle)
            var message: UnsafeMutablePointer<CChar>?
            rocksdb_destroy_db(options, path, &message)
            rocksdb_free(message)
            rocksdb_options_destroy(options)
        }

        static func error(
            _ action: String, _ path: String, _ message: UnsafeMutablePointer<CChar>?
        ) -> RocksDBError {
            defer { rocksdb_free(message) }
            let text = message.map { String(cString: $0) } ?? "no reason given"
            return RocksDBError(description: "RocksDB could not \(action) \(path): \(text)")
        }

        func get(_ page: Int, _ options: OpaquePointer) throws -> [UInt8] {
            var message: UnsafeMutablePointer<CChar>?
            var count = 0
            let value = withKey(page) { rocksdb_get(handle, options, $0, 8, &count, &message) }
            if message != nil {
                throw RocksDBDatabase.error("read page \(page) of", path, message)
            }
            guard let value else {
                throw RocksDBError(description: "RocksDB has lost page \(page) of \(path)")
            }
            defer { rocksdb_free(value) }
            // SAFETY: RocksDB hands over a buffer of `count` bytes, freed after the copy.
            return Array(UnsafeRawBufferPointer(start: value, count: count))
        }

        func withKey<Result>(_ page: Int, _ body: (UnsafePointer<CChar>) -> Result) -> Result {
            // Big-endian, so that pages that lie together are stored together.
            withUnsafeBytes(of: UInt64(page).bigEndian) { key in
                key.withMemoryRebound(to: CChar.self) { bytes in
                    // SAFETY: a word has eight bytes, so the buffer has an address.
                    body(bytes.baseAddress.unsafelyUnwrapped)
                }
            }
        }
    }

    /// The pages of one table in RocksDB.
    private final class RocksDBPageStore: PageStore {
        private let database: RocksDBDatabase
        private let reading: OpaquePointer
        private let writing: OpaquePointer

        init(path: String) throws {
            database = try RocksDBDatabase(path: path)
            reading = rocksdb_readoptions_create()
            writing = rocksdb_writeoptions_create()
            rocksdb_writeoptions_disable_WAL(writing, 1)
        }

        deinit {
            rocksdb_readoptions_destroy(reading)
            rocksdb_writeoptions_destroy(writing)
        }

        func put(_ page: Int, _ bytes: [UInt8]) throws {
            var message: UnsafeMutablePointer<CChar>?
            bytes.withUnsafeBytes { content in
                content.withMemoryRebound(to: CChar.self) { value in
                    database.withKey(page) { key in
                        rocksdb_put(
                            database.handle, writing, key, 8, value.baseAddress, value.count,
                            &message)
                    }
                }
            }
            if message != nil {
                throw RocksDBDatabase.error("write page \(page) of", database.path, message)
            }
        }

        func get(_ page: Int) throws -> [UInt8] { try database.get(page, reading) }

        func snapshot() -> any PageStoreSnapshot { RocksDBPagesSnapshot(database) }
    }

    /// The pages of one table in RocksDB at a barrier.
    private final class RocksDBPagesSnapshot: PageStoreSnapshot, @unchecked Sendable {
        // Unchecked: a snapshot and its read options do not change until deinit.
        private let database: RocksDBDatabase
        private let snapshot: OpaquePointer
        private let reading: OpaquePointer

        init(_ database: RocksDBDatabase) {
            self.database = database
            snapshot = rocksdb_create_snapshot(database.handle)
            reading = rocksdb_readoptions_create()
            rocksdb_readoptions_set_snapshot(reading, snapshot)
        }

        deinit {
            rocksdb_readoptions_destroy(reading)
            rocksdb_release_snapshot(database.handle, snapshot)
        }

        func get(_ page: Int) throws -> [UInt8] { try database.get(page, reading) }
    }
#endif
