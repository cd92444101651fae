/// A number that ``Sum``, ``Mean`` and the other numeric aggregates take.
///
/// The type says in what its totals are kept: integers exactly, in 128 bits, so that no order of
/// additions can overflow on the way; floating-point numbers as a ``CompensatedSum``.
public protocol Summable: Sendable {
    /// What a total is kept in while it grows.
    associatedtype PartialSum: Sendable

    /// The total of no values.
    static var emptySum: PartialSum { get }
    /// Adds one value to a total.
    static func add(_ value: Self, to partial: inout PartialSum)
    /// Takes one value, which was added, out of a total.
    static func retract(_ value: Self, from partial: inout PartialSum)
    /// Adds one total to another.
    static func merge(_ other: PartialSum, into partial: inout PartialSum)
    /// The total as a value; `nil` when it lies outside this type.
    static func total(of partial: PartialSum) -> Self?
    /// The total, rounded to a double.
    static func approximateTotal(of partial: PartialSum) -> Double
    /// This value, rounded to a double.
    var approximateValue: Double { get }
}

extension Summable where Self: FixedWidthInteger {
    @inlinable public static var emptySum: IntegerSum { IntegerSum() }
    @inlinable public static func add(_ value: Self, to partial: inout IntegerSum) {
        partial.add(Int128(truncatingIfNeeded: value))
    }
    @inlinable public static func retract(_ value: Self, from partial: inout IntegerSum) {
        partial.subtract(Int128(truncatingIfNeeded: value))
    }
    @inlinable public static func merge(_ other: IntegerSum, into partial: inout IntegerSum) {
        partial.add(other.value)
    }
    @inlinable public static func total(of partial: IntegerSum) -> Self? {
        Self(exactly: partial.value)
    }
    @inlinable public static func approximateTotal(of partial: IntegerSum) -> Double {
        Double(partial.value)
    }
    @inlinable public var approximateValue: Double { Double(self) }
}

extension Int: Summable {}
extension Int8: Summable {}
extension Int16: Summable {}
extension Int32: Summable {}
extension Int64: Summable {}
extension UInt: Summable {}
extension UInt8: Summable {}
extension UInt16: Summable {}
extension UInt32: Summable {}
extension UInt64: Summable {}

extension Summable where Self: BinaryFloatingPoint {
    @inlinable public static var emptySum: CompensatedSum { CompensatedSum() }
    @inlinable public static func add(_ value: Self, to partial: inout CompensatedSum) {
        partial.add(Double(value))
    }
    @inlinable public static func retract(_ value: Self, from partial: inout CompensatedSum) {
        partial.add(-Double(value))
    }
    @inlinable public static func merge(_ other: CompensatedSum, into partial: inout CompensatedSum)
    {
        partial.add(other)
    }
    @inlinable public static func total(of partial: CompensatedSum) -> Self? { Self(partial.total) }
    @inlinable public static func approximateTotal(of partial: CompensatedSum) -> Double {
        partial.total
    }
    @inlinable public var approximateValue: Double { Double(self) }
}

extension Double: Summable {}
extension Float: Summable {}
