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
}
