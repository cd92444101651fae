/// What the outside world may know of one field of a record: an entry of its contract.
public struct FieldDescription: Hashable, Sendable {
    /// The field's name in files, tables and messages.
    public var name: String
    /// What its values are.
    public var type: FieldType
    /// Whether a value may be missing.
    public var isOptional: Bool
    /// Other names under which it is found when read.
    public var aliases: [String]
    /// What it means.
    public var documentation: String?
    /// The unit of its values: `minutes`, `USD`.
    public var unit: String?

    /// Describes a field.
    public init(
        name: String, type: FieldType, isOptional: Bool, aliases: [String] = [],
        documentation: String? = nil, unit: String? = nil
    ) {
        self.name = name
        self.type = type
        self.isOptional = isOptional
        self.aliases = aliases
        self.documentation = documentation
        self.unit = unit
    }
}

/// The kinds of value a field can hold, as stores and contracts know them.
public indirect enum FieldType: Hashable, Sendable {
    /// A truth value.
    case bool
    /// A signed integer of so many bits.
    case int8, int16, int32, int64
    /// An integer of so many bits that is not negative.
    case uint8, uint16, uint32, uint64
    /// A floating-point number: 32 bits, 64 bits.
    case float, double
    /// Text.
    case string
    /// Bytes as they are.
    case bytes
    /// A point in time.
    case timestamp
    /// A list of values of one type.
    case list(FieldType)
    /// A record within the record.
    case record([FieldDescription])
}
