/// The value of one field as a store takes it.
public enum FieldScalar: Equatable, Sendable {
    /// A missing value.
    case null
    /// Any integer that fits; a `UInt64` above `Int64.max` comes as ``other(json:)``.
    case int(Int64)
    /// A `Float` or `Double`; may be NaN or infinite.
    case double(Double)
    /// A truth value.
    case bool(Bool)
    /// Text.
    case string(String)
    /// Bytes as they are.
    case bytes([UInt8])
    /// A point in time.
    case timestamp(Timestamp)
    /// What stores have no column type for (lists, nested records, large numbers), as JSON.
    case other(json: String)
}

/// Takes the fields of a row one by one, in order: what a SQL sink binds its parameters with.
public protocol FieldVisitor {
    /// Takes a missing value.
    mutating func visitNull(_ index: Int)
    /// Takes an integer of any width.
    mutating func visitInt(_ index: Int, _ value: Int64)
    /// Takes a `Float` or `Double`, which may be NaN or infinite.
    mutating func visitDouble(_ index: Int, _ value: Double)
    /// Takes a truth value.
    mutating func visitBool(_ index: Int, _ value: Bool)
    /// Takes a string, or the raw value of an enum of strings.
    mutating func visitString(_ index: Int, _ value: String)
    /// Takes bytes.
    mutating func visitBytes(_ index: Int, _ value: [UInt8])
    /// Takes a point in time.
    mutating func visitTimestamp(_ index: Int, _ value: Timestamp)
    /// Takes, as JSON text, a list, a nested record, or a `UInt64` above `Int64.max`.
    mutating func visitOther(_ index: Int, _ json: String)
}

extension FieldVisitor {
    /// Hands `scalar` to the method for it.
    @inlinable mutating func visit(_ index: Int, _ scalar: FieldScalar) {
        switch scalar {
        case .null: visitNull(index)
        case .int(let value): visitInt(index, value)
        case .double(let value): visitDouble(index, value)
        case .bool(let value): visitBool(index, value)
        case .string(let value): visitString(index, value)
        case .bytes(let value): visitBytes(index, value)
        case .timestamp(let value): visitTimestamp(index, value)
        case .other(let json): visitOther(index, json)
        }
    }
}
