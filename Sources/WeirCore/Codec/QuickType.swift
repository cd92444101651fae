/// The types that decoders read and store themselves, not through a field's closures: those that most
/// fields have.
///
/// A call through a closure costs little, but what is behind it can't tell where a number ends before the
/// end of its cell has been found, so every byte is looked at twice.
@usableFromInline enum QuickType: UInt8, Sendable {
    /// Any other type.
    case none
    /// 64 bits, signed.
    case integer
    case double, string, utf8String, timestamp

    /// The type, or that of its optional.
    @inlinable init<Value>(_: Value.Type) {
        let isWord = MemoryLayout<Int>.size == 8
        if Value.self == Int64.self || Value.self == Int64?.self {
            self = .integer
        } else if isWord, Value.self == Int.self || Value.self == Int?.self {
            self = .integer
        } else if Value.self == Double.self || Value.self == Double?.self {
            self = .double
        } else if Value.self == String.self || Value.self == String?.self {
            self = .string
        } else if Value.self == UTF8String.self || Value.self == UTF8String?.self {
            self = .utf8String
        } else if Value.self == Timestamp.self || Value.self == Timestamp?.self {
            self = .timestamp
        } else {
            self = .none
        }
    }
}

// SAFETY: the address is that of an initialised property, as for the closures of `FieldAccess`, of a type
// that `QuickType` has told.
extension UnsafeMutableRawPointer {
    /// Stores `value` in the property at this address, in place of what is there.
    ///
    /// - Parameter isOptional: Whether the property is an optional of the value's type.
    @inline(__always) func store<Value>(_ value: Value, isOptional: Bool) {
        if isOptional {
            assumingMemoryBound(to: Value?.self).pointee = value
        } else {
            assumingMemoryBound(to: Value.self).pointee = value
        }
    }

    /// Stores an integer of 64 bits, likewise.
    @inline(__always) func store(integer value: Int64, isOptional: Bool) {
        // As bytes, since the property may be an `Int`, which is another type of the same bits.
        if isOptional {
            storeBytes(of: value, as: Int64?.self)
        } else {
            storeBytes(of: value, as: Int64.self)
        }
    }
}
