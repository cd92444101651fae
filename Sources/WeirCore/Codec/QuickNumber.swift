/// Numbers as they mostly come, read a word at a time: up to sixteen digits, no exponent.
///
/// Whatever is unusual is left to ``DecimalText``, with its errors; what is read here, it would read
/// the same.
enum QuickNumber {
    /// Reads an integer from `position` on, which is left behind it.
    ///
    /// - Parameter strict: By the grammar of JSON: no leading zeros.
    /// - Returns: `nil`, with `position` where it was, for what must be read otherwise.
    @inline(__always) static func integer(
        _ position: inout UnsafePointer<UInt8>, start: UnsafePointer<UInt8>,
        end: UnsafePointer<UInt8>, strict: Bool
    ) -> Int64? {
        var at = position
        let isNegative = takeMinus(&at, end)
        let first = at
        var value: UInt64 = 0
        let count = takeDigits(&at, start, end, &value)
        guard count > 0, count < 16 else { return nil }
        if strict, first.pointee == UInt8(ascii: "0"), count > 1 { return nil }
        position = at
        let magnitude = Int64(truncatingIfNeeded: value)
        return isNegative ? 0 &- magnitude : magnitude
    }

    /// Reads a decimal number from `position` on, which is left behind it.
    ///
    /// Source: Clinger, "How to Read Floating Point Numbers Accurately", PLDI 1990, as in
    /// ``DecimalText/exactDouble``.
    ///
    /// - Parameter strict: By the grammar of JSON: no leading zeros, digits on both sides of the point.
    /// - Returns: `nil`, with `position` where it was, for what must be read otherwise. An exponent is
    ///   not looked for: the caller sees it behind the number.
    @inline(__always) static func double(
        _ position: inout UnsafePointer<UInt8>, start: UnsafePointer<UInt8>,
        end: UnsafePointer<UInt8>, strict: Bool
    ) -> Double? {
        var at = position
        let isNegative = takeMinus(&at, end)
        let first = at
        var mantissa: UInt64 = 0
        let whole = takeDigits(&at, start, end, &mantissa)
        guard whole > 0, whole < 16 else { return nil }
        if strict, first.pointee == UInt8(ascii: "0"), whole > 1 { return nil }
        var scale = 1.0
        if at < end, at.pointee == UInt8(ascii: ".") {
            at += 1
            let fraction = takeDigits(&at, start, end, &mantissa)
            guard fraction > 0, whole &+ fraction < 17, mantissa <= 1 << 53 else { return nil }
            scale = DecimalText.powers[fraction]
        }
        position = at
        let value = Double(Int64(truncatingIfNeeded: mantissa)) / scale
        return isNegative ? -value : value
    }

    @inline(__always) private static func takeMinus(
        _ at: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
    ) -> Bool {
        let isNegative = at < end && at.pointee == UInt8(ascii: "-")
        at += isNegative ? 1 : 0
        return isNegative
    }

    /// Appends the digits at `at` to `value`, sixteen at most.
    ///
    /// - Returns: How many they are; 16: there may be more. With more than 16 in all, `value` has lost
    ///   some.
    @inline(__always) private static func takeDigits(
        _ at: inout UnsafePointer<UInt8>, _ start: UnsafePointer<UInt8>,
        _ end: UnsafePointer<UInt8>, _ value: inout UInt64
    ) -> Int {
        let word = ByteWord(at: at, start: start, end: end)
        let count = word.digitCount
        guard count < 8 else { return takeMany(&at, start, end, &value) }
        at += count
        // Shifting by 64 would not give zero.
        if count > 0 { value = value &* powers[count] &+ word.number(ofDigits: count) }
        return count
    }

    @inline(never) private static func takeMany(
        _ at: inout UnsafePointer<UInt8>, _ start: UnsafePointer<UInt8>,
        _ end: UnsafePointer<UInt8>, _ value: inout UInt64
    ) -> Int {
        value = value &* powers[8] &+ ByteWord(loading: at).number(ofDigits: 8)
        at += 8
        let word = ByteWord(at: at, start: start, end: end)
        let count = word.digitCount
        at += count
        if count > 0 { value = value &* powers[count] &+ word.number(ofDigits: count) }
        return 8 + count
    }

    private static let powers: InlineArray<9, UInt64> = [
        1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000,
    ]
}
