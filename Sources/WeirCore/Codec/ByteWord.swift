/// Eight bytes of text, looked at together.
///
/// Shape: the first byte is the lowest. Masks have the highest bit of each byte that they name.
///
/// Source: Warren, "Hacker's Delight", 2nd edition, section 6-1, for bytes in words; Lemire and Muła
/// for eight digits in three multiplications.
struct ByteWord {
    var bits: UInt64

    /// The highest bit of each byte.
    static let highs: UInt64 = 0x8080_8080_8080_8080
    private static let ones: UInt64 = 0x0101_0101_0101_0101

    init(bits: UInt64) { self.bits = bits }

    /// Takes the bytes from `position` on, and zeros for those at `end` and behind it.
    ///
    /// - Parameter start: From where on memory may be read, at `position` or before it.
    @inline(__always) init(
        at position: UnsafePointer<UInt8>, start: UnsafePointer<UInt8>,
        end: UnsafePointer<UInt8>
    ) {
        if end - position >= 8 {
            self.init(loading: position)
        } else {
            self = Self.last(at: position, start: start, end: end)
        }
    }

    /// Takes the eight bytes from `position` on.
    @inline(__always) init(loading position: UnsafePointer<UInt8>) {
        // SAFETY: every caller has looked that eight bytes lie between `position` and its end.
        bits = UInt64(littleEndian: UnsafeRawPointer(position).loadUnaligned(as: UInt64.self))
    }

    /// Takes the fewer than eight bytes before `end`.
    private static func last(
        at position: UnsafePointer<UInt8>, start: UnsafePointer<UInt8>,
        end: UnsafePointer<UInt8>
    ) -> ByteWord {
        let left = end - position
        if end - start >= 8 {
            return ByteWord(bits: ByteWord(loading: end - 8).bits >> (64 - 8 * left))
        }
        var bits: UInt64 = 0
        for index in 0..<max(0, left) { bits |= UInt64(position[index]) << (8 * index) }
        return ByteWord(bits: bits)
    }

    /// The same byte eight times.
    @inline(__always) static func repeating(_ byte: UInt8) -> UInt64 { UInt64(byte) &* ones }

    /// The number of bytes before the first that `mask` names; 8 where it names none.
    ///
    /// What a mask says of bytes behind the first one is not to be relied on: carries spoil it.
    @inline(__always) static func count(before mask: UInt64) -> Int {
        mask.trailingZeroBitCount &>> 3
    }

    /// The bits of the first `count` bytes, of eight at most.
    @inline(__always) static func bits(ofFirst count: Int) -> UInt64 {
        count == 8 ? .max : (1 &<< UInt64(truncatingIfNeeded: 8 &* count)) &- 1
    }

    /// The bytes that are `byte`, which is given eight times.
    @inline(__always) func mask(of byte: UInt64) -> UInt64 {
        let difference = bits ^ byte
        return (difference &- Self.ones) & ~difference & Self.highs
    }

    /// The bytes at which a JSON string has more to it: quotes, backslashes, control characters.
    @inline(__always) var stringMarks: UInt64 {
        let quote = bits ^ Self.repeating(UInt8(ascii: "\""))
        let backslash = bits ^ Self.repeating(UInt8(ascii: "\\"))
        let found =
            ((quote &- Self.ones) & ~quote) | ((backslash &- Self.ones) & ~backslash)
            | ((bits &- Self.repeating(0x20)) & ~bits)
        return found & Self.highs
    }

    /// How many decimal digits come first.
    @inline(__always) var digitCount: Int {
        // 0 to 9 for digits; adding 118 takes all else of up to 137 to 128 and above.
        let values = bits ^ Self.repeating(UInt8(ascii: "0"))
        return Self.count(before: ((values &+ Self.repeating(118)) | values) & Self.highs)
    }

    /// The number that the first `count` bytes are in decimal: 1 to 8 digits.
    @inline(__always) func number(ofDigits count: Int) -> UInt64 {
        // Zeros come first, then the digits.
        var value = bits &<< UInt64(truncatingIfNeeded: 64 &- 8 &* count)
        value = ((value & 0x0F0F_0F0F_0F0F_0F0F) &* 2_561) &>> 8
        value = ((value & 0x00FF_00FF_00FF_00FF) &* 6_553_601) &>> 16
        return ((value & 0x0000_FFFF_0000_FFFF) &* 42_949_672_960_001) &>> 32
    }
}
