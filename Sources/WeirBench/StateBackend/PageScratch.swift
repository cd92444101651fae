import Foundation
import Weir

#if RocksDB
    import WeirRocksDB
#endif

/// Where one run's pages go that its memory has no room for: RocksDB databases in a directory of
/// their own, which goes with the last who has it.
final class PageScratch: Sendable {
    /// The bytes of memory that the job may take for state.
    let memory: Int
    private let directory = FileManager.default.temporaryDirectory
        .appending(path: "weir-pages-\(UUID().uuidString)")
    private let traffic = PageTraffic()

    /// Whether this program was built with RocksDB.
    static var isAvailable: Bool {
        #if RocksDB
            true
        #else
            false
        #endif
    }

    /// What to do where it was not.
    static let isMissing =
        "this program was built without RocksDB; install librocksdb-dev and build it with "
        + "'swift build -c release --traits RocksDB'"

    /// - Throws: Where this program was built without RocksDB.
    init(memory: Int) throws {
        guard Self.isAvailable else { throw BenchmarkError.unavailable(Self.isMissing) }
        self.memory = memory
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    /// Keeps state there.
    var backend: StateBackend {
        #if RocksDB
            .spilling(
                to: CountedPages(pages: RocksDBPages(directory), traffic: traffic),
                memory: memory)
        #else
            .memory
        #endif
    }

    /// What has gone there and come back so far.
    var moved: PageTraffic.Counts { traffic.counts }
}

/// Counts the pages that go to a store and come back.
final class PageTraffic: Sendable {
    /// The number of pages, and of their bytes.
    struct Counts: Sendable {
        var written = 0, read = 0
        var bytesWritten = 0, bytesRead = 0

        static func + (left: Counts, right: Counts) -> Counts {
            Counts(
                written: left.written + right.written, read: left.read + right.read,
                bytesWritten: left.bytesWritten + right.bytesWritten,
                bytesRead: left.bytesRead + right.bytesRead)
        }

        static func - (left: Counts, right: Counts) -> Counts {
            Counts(
                written: left.written - right.written, read: left.read - right.read,
                bytesWritten: left.bytesWritten - right.bytesWritten,
                bytesRead: left.bytesRead - right.bytesRead)
        }
    }

    private let state = Locked(Counts())

    var counts: Counts { state.withLock { $0 } }

    func noteWritten(_ bytes: Int) {
        state.withLock { counts in
            counts.written += 1
            counts.bytesWritten += bytes
        }
    }

    func noteRead(_ bytes: Int) {
        state.withLock { counts in
            counts.read += 1
            counts.bytesRead += bytes
        }
    }
}

/// Stores of pages whose traffic is counted.
struct CountedPages<Pages: PageStoreProvider>: PageStoreProvider {
    let pages: Pages
    let traffic: PageTraffic

    func makeStore(named name: String) throws -> any PageStore {
        CountedStore(store: try pages.makeStore(named: name), traffic: traffic)
    }

    /// A store whose traffic is counted; what snapshots read is not.
    private final class CountedStore: PageStore {
        private let store: any PageStore
        private let traffic: PageTraffic

        init(store: any PageStore, traffic: PageTraffic) {
            self.store = store
            self.traffic = traffic
        }

        func put(_ page: Int, _ bytes: [UInt8]) throws {
            try store.put(page, bytes)
            traffic.noteWritten(bytes.count)
        }

        func get(_ page: Int) throws -> [UInt8] {
            let bytes = try store.get(page)
            traffic.noteRead(bytes.count)
            return bytes
        }

        func snapshot() throws -> any PageStoreSnapshot { try store.snapshot() }
    }
}
