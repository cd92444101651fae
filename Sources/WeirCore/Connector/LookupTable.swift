/// A table outside the job that records are looked up in, by key: a database, a service.
public protocol LookupTable<Key, Row>: Sendable {
    /// What rows are found by.
    associatedtype Key: StreamKey
    /// What is found.
    associatedtype Row: Sendable
    /// What looks rows up.
    associatedtype Reader: LookupReader where Reader.Key == Key, Reader.Row == Row

    /// For the plan: what and where the table is.
    var summary: String { get }
    /// Opens a reader: one for each subtask, before its first record and off the workers, so it may
    /// block.
    func reader() throws -> Reader
}

/// Looks rows up in a ``LookupTable``.
public protocol LookupReader<Key, Row>: Sendable {
    /// What rows are found by.
    associatedtype Key: StreamKey
    /// What is found.
    associatedtype Row: Sendable

    /// The most keys that are asked for at once; 1 unless defined otherwise.
    var maximumBatch: Int { get }
    /// The rows of those of `keys` that have one.
    ///
    /// Called beside the workers, several at a time: it may wait but should not block.
    ///
    /// - Parameter keys: At least one, at most ``maximumBatch``, none twice.
    /// - Throws: When the lookup has failed, which may be tried again; that there is no row is no error.
    func rows(for keys: [Key]) async throws -> [Key: Row]
    /// Releases what the reader holds; called once, when all is done, or when the job fails. Does
    /// nothing unless defined otherwise.
    func close()
}

extension LookupReader {
    public var maximumBatch: Int { 1 }
    public func close() {}
}

/// A table that is a function: asks for one key at a time.
public struct AsyncLookup<Key: StreamKey, Row: Sendable>: LookupTable, LookupReader {
    public let summary: String
    private let row: @Sendable (Key) async throws -> Row?

    /// A table whose rows are what `row` gives; `nil` where a key has none.
    ///
    /// - Parameter summary: For the plan: what and where the table is.
    public init(
        _ summary: String = "a function", row: @escaping @Sendable (Key) async throws -> Row?
    ) {
        self.summary = summary
        self.row = row
    }

    public func reader() -> AsyncLookup { self }

    public func rows(for keys: [Key]) async throws -> [Key: Row] {
        var rows: [Key: Row] = [:]
        for key in keys { rows[key] = try await row(key) }
        return rows
    }
}
