import WeirCore

/// Reads the entries of a table that one subtask saved.
struct StateTableReader<Key: StreamKey, Value>: Sendable {
    let directory: StateTableDirectory
    let saved: SavedState
    /// Whether blocks can be copied into a new checkpoint as they are.
    let isSameForm: Bool
    private let readKey: @Sendable (inout StateReader) throws -> Key
    private let readValue: @Sendable (inout StateReader) throws -> Value

    /// - Throws: ``StateFormatError`` where what was saved is no table, is cut off, or where its
    ///   keys or values are of another form.
    init(_ saved: SavedState, codecs: StateTableCodecs<Key, Value>) throws {
        directory = try StateTableDirectory(saved)
        guard let keyShape = saved.layout.key else {
            throw StateFormatError("a table was saved without the form of its keys")
        }
        self.saved = saved
        isSameForm = saved.layout == codecs.layout
        readKey = try codecs.key.reader(of: keyShape)
        readValue = try codecs.value.reader(of: saved.layout.value)
    }

    /// The content of a page's block.
    func block(ofPage page: Int) throws -> [UInt8] {
        try saved.block(directory.index(of: .entries(page: page)))
    }

    /// Calls `body` with each entry of a page, in their order.
    func readEntries(ofPage page: Int, _ body: (Key, Value) throws -> Void) throws {
        try readEntries(in: block(ofPage: page), count: directory.entryCount(ofPage: page), body)
    }

    /// Calls `body` with each entry of a block that has so many.
    func readEntries(
        in block: [UInt8], count: Int, _ body: (Key, Value) throws -> Void
    ) throws {
        try StateReader.reading(block) { reader in
            guard try reader.readVarint() == UInt64(count) else {
                throw StateFormatError("a block of a table does not have \(count) entries")
            }
            for _ in 0..<count { try body(try readKey(&reader), try readValue(&reader)) }
            guard reader.left == 0 else {
                throw StateFormatError("bytes are left after the last entry of a table's block")
            }
        }
    }

    /// The tags of all keys of a group of pages, in the order of the entries.
    func tags(ofGroup group: Int) throws -> [UInt32] {
        let pages = directory.pages(ofGroup: group)
        let count = pages.reduce(0) { $0 + directory.entryCount(ofPage: $1) }
        let block = try saved.block(directory.index(of: .hashes(group: group)))
        guard block.count == count * 4 else {
            throw StateFormatError("a block does not have the hashes of \(count) keys")
        }
        return try StateReader.reading(block) { reader in
            try (0..<count).map { _ in try reader.readTag() }
        }
    }
}
