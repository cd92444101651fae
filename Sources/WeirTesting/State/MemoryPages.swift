package import WeirCore

/// A page store in memory, that can be told to fail. For one thread.
package final class MemoryPages: PageStore {
    private final class Copy: PageStoreSnapshot {
        let pages: [Int: [UInt8]]
        init(_ pages: [Int: [UInt8]]) { self.pages = pages }
        func get(_ page: Int) throws -> [UInt8] {
            guard let bytes = pages[page] else { throw Failure(page: page) }
            return bytes
        }
    }

    /// That the store has failed.
    package struct Failure: Error {
        /// The page that was asked for.
        package var page: Int
    }

    private var pages: [Int: [UInt8]] = [:]
    private let count: SharedPageCounts
    /// How often pages were written and read.
    package private(set) var puts = 0, gets = 0
    /// Whether each call throws.
    package var fails = false

    /// Makes an empty store.
    package init() { count = SharedPageCounts() }

    fileprivate init(_ count: SharedPageCounts) {
        self.count = count
        count.add(stores: 1)
    }

    deinit { count.add(stores: -1) }

    package func put(_ page: Int, _ bytes: [UInt8]) throws {
        guard !fails else { throw Failure(page: page) }
        puts += 1
        count.add(puts: 1)
        pages[page] = bytes
    }

    package func get(_ page: Int) throws -> [UInt8] {
        guard !fails, let bytes = pages[page] else { throw Failure(page: page) }
        gets += 1
        count.add(gets: 1)
        return bytes
    }

    package func snapshot() -> any PageStoreSnapshot { Copy(pages) }
}

/// Makes page stores in memory, and counts what becomes of them.
package struct MemoryPagesProvider: PageStoreProvider {
    /// What its stores came to; from any thread.
    package let counts = SharedPageCounts()

    /// Has made no store yet.
    package init() {}

    package func makeStore(named name: String) -> any PageStore { MemoryPages(counts) }
}

/// What the stores of a provider came to.
package final class SharedPageCounts: Sendable {
    private let counts = Locked((open: 0, made: 0, puts: 0, gets: 0))

    fileprivate func add(stores: Int = 0, puts: Int = 0, gets: Int = 0) {
        counts.withLock {
            $0.open += stores
            $0.made += max(0, stores)
            $0.puts += puts
            $0.gets += gets
        }
    }

    /// The stores that are in use.
    package var open: Int { counts.withLock { $0.open } }
    /// The stores that were made.
    package var made: Int { counts.withLock { $0.made } }
    /// The pages written.
    package var puts: Int { counts.withLock { $0.puts } }
    /// The pages read.
    package var gets: Int { counts.withLock { $0.gets } }
}
