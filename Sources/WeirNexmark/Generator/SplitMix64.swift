/// The random numbers that events are made of.
///
/// A counter with two finalisers, one for 64 and one for 32 bits, as in Java's `SplittableRandom`.
/// Source: Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
public struct SplitMix64: Sendable {
    @usableFromInline var state: UInt64

    /// Starts from a seed's bits.
    @inlinable public init(seed: Int64) { state = UInt64(bitPattern: seed) }

    /// The next 64 bits.
    @inlinable public mutating func bits64() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed &>> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed &>> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed &>> 31)
    }

    /// The next 32 bits.
    @inlinable public mutating func bits32() -> UInt32 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed &>> 33)) &* 0x62a9_d9ed_7997_05f5
        mixed = (mixed ^ (mixed &>> 28)) &* 0xcb24_d0a5_c88c_35b3
        return UInt32(truncatingIfNeeded: mixed &>> 32)
    }

    /// A number from 0 up to, but not including, `bound`, each as likely as the others.
    ///
    /// - Precondition: `bound` is above 0 and fits into 31 bits.
    @inlinable @inline(__always) public mutating func below(_ bound: Int) -> Int {
        assert(bound > 0 && bound <= Int32.max, "a bound outside of 1 ... 2^31 - 1")
        let bound = UInt32(truncatingIfNeeded: bound)
        let last = bound &- 1
        var drawn = bits32()
        if bound & last == 0 { return Int(drawn & last) }
        while true {
            // The top of the range does not hold a whole number of spans of `bound`: draw again.
            let candidate = drawn &>> 1
            let rest = candidate % bound
            if candidate &+ last &- rest <= UInt32(Int32.max) { return Int(rest) }
            drawn = bits32()
        }
    }

    /// A number from 0 up to, but not including, 1, in steps of 2⁻⁵³.
    @inlinable public mutating func unit() -> Double { Double(bits64() &>> 11) * 0x1p-53 }
}
