#if RocksDB
    import CRocksDB
    import WeirCore

    /// The keys of one table in the job's database: 16 bytes, the table's number and the page's, the
    /// highest byte first, so that pages that lie together are stored together. Removed when neither the
    /// table nor a snapshot of it needs them any more.
    final class RocksDBTable: @unchecked Sendable {
        // Unchecked: `hasPages` is set by the table's worker, and read by deinit alone.
        let database: RocksDBDatabase
        private let number: UInt64
        private let name: String
        fileprivate var hasPages = false

        init(_ number: UInt64, _ name: String, in database: RocksDBDatabase) {
            self.number = number
            self.name = name
            self.database = database
        }

        deinit {
            guard hasPages else { return }
            // What cannot be removed is scratch, and goes with the database.
            withKey(of: number, 0) { first in
                withKey(of: number + 1, 0) { end in
                    var message: UnsafeMutablePointer<CChar>?
                    rocksdb_delete_file_in_range(database.handle, first, 16, end, 16, &message)
                    rocksdb_free(message)
                    message = nil
                    let batch = rocksdb_writebatch_create()
                    rocksdb_writebatch_delete_range(batch, first, 16, end, 16)
                    rocksdb_write(database.handle, database.writing, batch, &message)
                    rocksdb_writebatch_destroy(batch)
                    rocksdb_free(message)
                }
            }
        }

        func put(_ page: Int, _ bytes: [UInt8]) throws {
            hasPages = true
            var message: UnsafeMutablePointer<CChar>?
            bytes.withUnsafeBytes { content in
                content.withMemoryRebound(to: CChar.self) { value in
                    withKey(of: number, page) { key in
                        rocksdb_put(
                            database.handle, database.writing, key, 16, value.baseAddress,
                            value.count, &message)
                    }
                }
            }
            if message != nil { throw error("write", page, message) }
        }

        func get(_ page: Int, _ options: OpaquePointer) throws -> [UInt8] {
            var message: UnsafeMutablePointer<CChar>?
            var count = 0
            let value = withKey(of: number, page) {
                rocksdb_get(database.handle, options, $0, 16, &count, &message)
            }
            if message != nil { throw error("read", page, message) }
            guard let value else {
                throw RocksDBError(
                    description:
                        "RocksDB has lost page \(page) of '\(name)' in \(database.path)")
            }
            defer { rocksdb_free(value) }
            // SAFETY: RocksDB hands over a buffer of `count` bytes, freed after the copy.
            return Array(UnsafeRawBufferPointer(start: value, count: count))
        }

        private func error(
            _ action: String, _ page: Int, _ message: UnsafeMutablePointer<CChar>?
        ) -> RocksDBError {
            RocksDBDatabase.error("\(action) page \(page) of '\(name)' in", database.path, message)
        }

        private func withKey<Result>(
            of table: UInt64, _ page: Int, _ body: (UnsafePointer<CChar>) -> Result
        ) -> Result {
            withUnsafeBytes(of: (table.bigEndian, UInt64(page).bigEndian)) { key in
                key.withMemoryRebound(to: CChar.self) { bytes in
                    // SAFETY: two words have sixteen bytes, so the buffer has an address.
                    body(bytes.baseAddress.unsafelyUnwrapped)
                }
            }
        }
    }

    /// The pages of one table in RocksDB.
    final class RocksDBPageStore: PageStore {
        private let table: RocksDBTable

        init(_ table: RocksDBTable) { self.table = table }

        func put(_ page: Int, _ bytes: [UInt8]) throws { try table.put(page, bytes) }
        func get(_ page: Int) throws -> [UInt8] { try table.get(page, table.database.reading) }
        func snapshot() -> any PageStoreSnapshot { RocksDBPagesSnapshot(table) }
    }

    /// The pages of one table in RocksDB at a barrier.
    private final class RocksDBPagesSnapshot: PageStoreSnapshot, @unchecked Sendable {
        // Unchecked: a snapshot and its read options do not change until deinit.
        private let table: RocksDBTable
        private let snapshot: OpaquePointer
        private let reading: OpaquePointer

        init(_ table: RocksDBTable) {
            self.table = table
            snapshot = rocksdb_create_snapshot(table.database.handle)
            reading = rocksdb_readoptions_create()
            rocksdb_readoptions_set_snapshot(reading, snapshot)
        }

        deinit {
            rocksdb_readoptions_destroy(reading)
            rocksdb_release_snapshot(table.database.handle, snapshot)
        }

        func get(_ page: Int) throws -> [UInt8] { try table.get(page, reading) }
    }
#endif
