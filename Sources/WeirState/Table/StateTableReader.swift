import WeirCore

/// Reads the entries of a table that one subtask saved.
struct StateTableReader<Key: StreamKey, Value> {
    /// The blocks that hold entries; they come first.
    let entryBlockCount: Int
    private let saved: SavedState
    private let readKey: @Sendable (inout StateReader) throws -> Key
    private let readValue: @Sendable (inout StateReader) throws -> Value

    /// - Throws: ``StateFormatError`` where what was saved is no table, is cut off, or where its
    ///   keys or values are of another form.
    init(_ saved: SavedState, codecs: StateTableCodecs<Key, Value>) throws {
        guard saved.layout.arrangement == "table", let keyShape = saved.layout.key else {
            throw StateFormatError("a table was expected, and '\(saved.layout.arrangement)' found")
        }
        self.saved = saved
        readKey = try codecs.key.reader(of: keyShape)
        readValue = try codecs.value.reader(of: saved.layout.value)
        let blockCount = saved.blockCount
        entryBlockCount = try StateReader.reading(saved.directory) { reader in
            let count = try reader.readVarint()
            guard count <= UInt64(blockCount) else {
                throw StateFormatError(
                    "a table of \(count) blocks of entries has \(blockCount) blocks")
            }
            return Int(count)
        }
    }

    /// Calls `body` with each entry of a block, in their order.
    func readEntries(of block: Int, _ body: (Key, Value) throws -> Void) throws {
        try StateReader.reading(try saved.block(block)) { reader in
            let count = try reader.readVarint()
            for _ in 0..<count { try body(try readKey(&reader), try readValue(&reader)) }
            guard reader.left == 0 else {
                throw StateFormatError("bytes are left after the last entry of a table's block")
            }
        }
    }
}
