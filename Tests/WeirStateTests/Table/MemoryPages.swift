import WeirCore

/// A page store in memory, that can be told to fail.
final class MemoryPages: PageStore {
    private final class Copy: PageStoreSnapshot {
        let pages: [Int: [UInt8]]
        init(_ pages: [Int: [UInt8]]) { self.pages = pages }
        func get(_ page: Int) throws -> [UInt8] {
            guard let bytes = pages[page] else { throw Failure(page: page) }
            return bytes
        }
    }

    struct Failure: Error { var page: Int }

    private var pages: [Int: [UInt8]] = [:]
    private(set) var puts = 0, gets = 0
    var fails = false

    func put(_ page: Int, _ bytes: [UInt8]) throws {
        guard !fails else { throw Failure(page: page) }
        puts += 1
        pages[page] = bytes
    }
    func get(_ page: Int) throws -> [UInt8] {
        guard !fails, let bytes = pages[page] else { throw Failure(page: page) }
        gets += 1
        return bytes
    }
    func snapshot() -> any PageStoreSnapshot { Copy(pages) }
}
