/// The types that decoders read and store themselves, not through a field's closures: those that most
/// fields have.
///
/// A call through a closure costs little, but what is behind it cannot be told where the value lies
/// before it has been found there, so every byte is looked at twice.
@usableFromInline enum QuickType: UInt8, Sendable {
    /// Any other type.
    case none
    case integer, double, string, timestamp

    /// The type, or that of its optional.
    @inlinable init<Value>(_: Value.Type) {
        self =
            if Value.self == Int.self || Value.self == Int?.self || Value.self == Int64.self
                || Value.self == Int64?.self
            {
                MemoryLayout<Int>.size == 8 || Value.self == Int64.self
                    || Value.self == Int64?.self ? .integer : .none
            } else if Value.self == Double.self || Value.self == Double?.self {
                .double
            } else if Value.self == String.self || Value.self == String?.self {
                .string
            } else if Value.self == Timestamp.self || Value.self == Timestamp?.self {
                .timestamp
            } else {
                .none
            }
    }
}

extension UnsafeMutableRawPointer {
    /// Stores `value` in the property at this address, in place of what is there.
    ///
    /// - Parameter isOptional: Whether the property is an optional of the value's type.
    @inline(__always) func store<Value>(_ value: Value, isOptional: Bool) {
        // SAFETY: the address is that of an initialised property of a type that `QuickType` has told
        // to be `Value`, or its optional: see `FieldAccess`. `Int` is an `Int64` where it has its size.
        if isOptional {
            assumingMemoryBound(to: Value?.self).pointee = value
        } else {
            assumingMemoryBound(to: Value.self).pointee = value
        }
    }
}
