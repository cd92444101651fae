/// The exact sum of integers of up to 64 bits, in 128 bits.
///
/// Two words where `Int128` would do, which asks for an alignment of 16 bytes: beside a key and a
/// count of 8 bytes each, that makes 48 bytes of 32.
@frozen
public struct IntegerSum: Hashable, Sendable {
    @usableFromInline var low: UInt64
    @usableFromInline var high: Int64

    /// A sum that is `value`.
    @inlinable public init(_ value: Int128 = 0) {
        low = UInt64(truncatingIfNeeded: value)
        high = Int64(truncatingIfNeeded: value &>> 64)
    }

    /// The sum.
    @inlinable public var value: Int128 { Int128(high) &<< 64 | Int128(low) }

    // Nothing here can overflow: that would take 2⁶³ values of 64 bits.
    @inlinable mutating func add(_ other: Int128) { self = IntegerSum(value &+ other) }
    @inlinable mutating func subtract(_ other: Int128) { self = IntegerSum(value &- other) }
}

extension IntegerSum: CustomStringConvertible {
    public var description: String { value.description }
}

/// Written as the number that it is.
extension IntegerSum: StateValue {
    public static var stateShape: StateShape { Int128.stateShape }

    @inlinable public func write(to output: inout StateWriter) { value.write(to: &output) }

    @inlinable public static func read(from input: inout StateReader) throws -> IntegerSum {
        IntegerSum(try Int128.read(from: &input))
    }

    public static func stateReader(
        of written: StateShape
    ) throws -> @Sendable (inout StateReader) throws -> IntegerSum {
        let read = try Int128.stateReader(of: written)
        return { IntegerSum(try read(&$0)) }
    }
}
