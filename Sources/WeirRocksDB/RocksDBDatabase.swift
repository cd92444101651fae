#if RocksDB
    import CRocksDB
    import Foundation

    /// An open database, closed and removed when nobody has it any more.
    final class RocksDBDatabase: @unchecked Sendable {
        // Unchecked: RocksDB's handles may be used by any number of threads; the options do not change.
        let handle: OpaquePointer
        let path: String
        let reading: OpaquePointer
        let writing: OpaquePointer
        private let options: OpaquePointer

        init(path: String, buffers: Int) throws {
            self.path = path
            options = RocksDBDatabase.makeOptions(buffers: buffers)
            try RocksDBDatabase.remove(path)
            var message: UnsafeMutablePointer<CChar>?
            guard let opened = rocksdb_open(options, path, &message), message == nil else {
                rocksdb_options_destroy(options)
                throw RocksDBDatabase.error("open", path, message)
            }
            handle = opened
            reading = rocksdb_readoptions_create()
            writing = rocksdb_writeoptions_create()
            rocksdb_writeoptions_disable_WAL(writing, 1)
        }

        deinit {
            rocksdb_readoptions_destroy(reading)
            rocksdb_writeoptions_destroy(writing)
            rocksdb_close(handle)
            // Scratch that stays behind is removed by the next job.
            try? RocksDBDatabase.remove(path)
            rocksdb_options_destroy(options)
        }

        private static func makeOptions(buffers: Int) -> OpaquePointer {
            let options: OpaquePointer = rocksdb_options_create()
            rocksdb_options_set_create_if_missing(options, 1)
            rocksdb_options_set_compression(options, Int32(rocksdb_lz4_compression))
            rocksdb_options_set_write_buffer_size(options, buffers / 4)
            rocksdb_options_set_max_write_buffer_number(options, 3)
            let cache = rocksdb_cache_create_lru(buffers / 4)
            let tables = rocksdb_block_based_options_create()
            rocksdb_block_based_options_set_block_cache(tables, cache)
            // Else indexes are kept for each open file, beside the cache.
            rocksdb_block_based_options_set_cache_index_and_filter_blocks(tables, 1)
            rocksdb_options_set_block_based_table_factory(options, tables)
            // The options share both.
            rocksdb_block_based_options_destroy(tables)
            rocksdb_cache_destroy(cache)
            return options
        }

        /// Removes a database with all its files; does nothing where there is none.
        static func remove(_ path: String) throws {
            // RocksDB makes a directory of the one it is to remove, where there is none.
            guard FileManager.default.fileExists(atPath: path) else { return }
            let options = rocksdb_options_create()
            defer { rocksdb_options_destroy(options) }
            var message: UnsafeMutablePointer<CChar>?
            rocksdb_destroy_db(options, path, &message)
            if message != nil { throw error("empty", path, message) }
        }

        static func error(
            _ action: String, _ path: String, _ message: UnsafeMutablePointer<CChar>?
        ) -> RocksDBError {
            defer { rocksdb_free(message) }
            let text = message.map { String(cString: $0) } ?? "no reason given"
            return RocksDBError(
                description: "RocksDB could not \(action) \(path): \(text). Each job needs a "
                    + "directory of its own, with room for its state")
        }
    }
#endif
