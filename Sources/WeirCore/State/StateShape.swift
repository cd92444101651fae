/// The form of a value in a checkpoint, written beside the bytes: so that a later version of the job
/// can tell what it finds, and a reader can show it without the job's types.
public indirect enum StateShape: Hashable, Sendable, Codable {
    /// No bytes at all.
    case unit
    /// One byte: 0 or 1.
    case bool
    /// A signed number of so many bits, as a zigzag varint.
    case signed(bits: Int)
    /// An unsigned number of so many bits, as a varint.
    case unsigned(bits: Int)
    /// A floating-point number of 32 or 64 bits, little-endian.
    case float(bits: Int)
    /// UTF-8, after its length in bytes as a varint.
    case string
    /// Bytes, after their number as a varint.
    case bytes
    /// Microseconds since 1970 UTC, as a zigzag varint.
    case timestamp
    /// A byte, 0 for nothing or 1, and then the value.
    case optional(StateShape)
    /// Values after their number as a varint.
    case array(StateShape)
    /// Keys and values by turns, after the number of pairs as a varint.
    case dictionary(key: StateShape, value: StateShape)
    /// The fields of a named type, one after another.
    case record(String, [Field])
    /// A choice among named cases: the number of the case as a varint, and then its value.
    case variant(String, [Field])
    /// Bytes of a form of its own, after their number as a varint; equal names mean equal forms.
    case opaque(String)
    /// A value of a `Codable` type: members by name, each with its own form beside it. The fields are
    /// the members that the type asks for; none where they could not be found out.
    case coded(String, [Field])

    /// A field of a record, or a case of a choice.
    public struct Field: Hashable, Sendable, Codable {
        /// Its name.
        public var name: String
        /// Earlier names under which it is found as well.
        public var aliases: [String]
        /// The form of its value.
        public var shape: StateShape
        /// Whether a value can be made up where none was written: the field is optional, or its
        /// type has a default.
        public var hasDefault: Bool

        /// Describes a field.
        public init(
            _ name: String, _ shape: StateShape, aliases: [String] = [], hasDefault: Bool = false
        ) {
            self.name = name
            self.shape = shape
            self.aliases = aliases
            self.hasDefault = hasDefault
        }
    }
}
