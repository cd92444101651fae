/// Where a table keeps pages that it has no memory for: a scratch store, empty when made.
///
/// What is in it survives neither the table nor the process: checkpoints are what lasts. Confined to
/// the table's worker, but for the snapshots it makes.
public protocol PageStore: AnyObject {
    /// Keeps a page's bytes, in place of what it had.
    ///
    /// - Throws: Where they cannot be written; the page then stays in memory.
    func put(_ page: Int, _ bytes: [UInt8]) throws
    /// The bytes that a page was last put with.
    ///
    /// - Throws: Where they cannot be read, or there are none.
    func get(_ page: Int) throws -> [UInt8]
    /// The pages as they are now; pages put later do not change it. Quick: a barrier waits for it.
    func snapshot() throws -> any PageStoreSnapshot
}

/// The pages of a store at one moment; read by another thread.
public protocol PageStoreSnapshot: AnyObject, Sendable {
    /// The bytes that a page had then.
    func get(_ page: Int) throws -> [UInt8]
}

/// Makes page stores, of one kind and in one place.
public protocol PageStoreProvider: Sendable {
    /// Makes an empty store.
    ///
    /// - Parameter name: What it is for, for messages: job, operator, subtask and table.
    func makeStore(named name: String) throws -> any PageStore
}

/// Where the keyed state of a job is kept while it runs. Checkpoints are the same for all of them.
public enum StateBackend: Sendable {
    /// In memory.
    case memory
    /// In memory as far as `memory` bytes go, for the whole job, and what was not used lately in a
    /// store. The bytes are those of keys and values in pages of 256, with what they have on the heap
    /// as far as the size of their written form tells; indexes and timers come on top, and what a store
    /// needs for itself. Each subtask of an operator keeps at least 64 pages in memory.
    case spilling(to: any PageStoreProvider, memory: Int)
}
