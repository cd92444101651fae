import Foundation
import Weir

#if RocksDB
    import WeirRocksDB
#endif

/// Where one run's pages go that its memory has no room for: RocksDB databases in a directory of
/// their own, which goes with the last of them.
final class PageScratch: Sendable {
    /// The bytes of memory that the job may take for state.
    let memory: Int
    private let directory = TemporaryDirectory("weir-pages")
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

    /// Keeps state there.
    var backend: StateBackend {
        #if RocksDB
            .spilling(
                to: CountedPages(
                    pages: RocksDBPages(directory.url), directory: directory, traffic: traffic),
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

/// A directory that is removed when nobody has it any more.
final class TemporaryDirectory: Sendable {
    let url: URL

    init(_ name: String) {
        url = FileManager.default.temporaryDirectory
            .appending(path: "\(name)-\(UUID().uuidString)")
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    var path: String { url.path(percentEncoded: false) }
}

/// Stores of pages whose traffic is counted, and which keep the directory that they are in.
struct CountedPages<Pages: PageStoreProvider>: PageStoreProvider {
    let pages: Pages
    let directory: TemporaryDirectory
    let traffic: PageTraffic

    func makeStore(named name: String) throws -> any PageStore {
        CountedStore(
            store: try pages.makeStore(named: name), directory: directory, traffic: traffic)
    }

    /// A store whose traffic is counted; what snapshots read is not.
    private final class CountedStore: PageStore {
        // Properties go in their order: the store closes its database before the directory goes.
        private let store: any PageStore
        private let directory: TemporaryDirectory
        private let traffic: PageTraffic

        init(store: any PageStore, directory: TemporaryDirectory, traffic: PageTraffic) {
            self.store = store
            self.directory = directory
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

        func snapshot() throws -> any PageStoreSnapshot {
            KeepingSnapshot(snapshot: try store.snapshot(), directory: directory)
        }
    }

    private final class KeepingSnapshot: PageStoreSnapshot {
        private let snapshot: any PageStoreSnapshot
        private let directory: TemporaryDirectory

        init(snapshot: any PageStoreSnapshot, directory: TemporaryDirectory) {
            self.snapshot = snapshot
            self.directory = directory
        }

        func get(_ page: Int) throws -> [UInt8] { try snapshot.get(page) }
    }
}
