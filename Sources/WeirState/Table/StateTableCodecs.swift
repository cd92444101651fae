public import WeirCore

/// How a table's keys and values are written to checkpoints.
public struct StateTableCodecs<Key: StreamKey, Value>: Sendable {
    /// How keys are written.
    public let key: StateCodec<Key>
    /// How values are written.
    public let value: StateCodec<Value>

    /// Takes the codecs of keys and values.
    public init(key: StateCodec<Key>, value: StateCodec<Value>) {
        self.key = key
        self.value = value
    }

    /// Finds the codecs of both types.
    ///
    /// - Throws: ``StateFormatError`` where one has none.
    public static func find() throws -> StateTableCodecs {
        try StateTableCodecs(key: .find(), value: .find())
    }

    /// How a table of such keys and values is laid out in a checkpoint.
    public var layout: StateLayout {
        StateLayout(
            arrangement: "table", distribution: .keyed, key: key.shape, value: value.shape)
    }

    /// Writes entries as a block has them: their number, and keys and values by turns.
    func write(
        _ entries: UnsafeBufferPointer<StateTableEntry<Key, Value>>, to output: inout StateWriter
    ) throws {
        output.write(varint: UInt64(entries.count))
        for entry in entries {
            try key.write(entry.key, &output)
            try value.write(entry.value, &output)
        }
    }

    /// Reads so many entries that ``write(_:to:)`` wrote.
    func read(_ block: [UInt8], count: Int, _ body: (Key, Value) throws -> Void) throws {
        try StateReader.reading(block) { reader in
            guard try reader.readVarint() == UInt64(count) else {
                throw StateFormatError("a page of a table does not have \(count) entries")
            }
            for _ in 0..<count { try body(try key.read(&reader), try value.read(&reader)) }
        }
    }
}

extension StateFormatError {
    /// The error for a page that is neither in memory nor anywhere else, which is a bug.
    static func lostPage(_ page: Int) -> StateFormatError {
        StateFormatError("internal: page \(page) of a table is in no store; please report this")
    }
}
