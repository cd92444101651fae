/// A decimal number as scanned from text: `±mantissa × 10^exponent`.
@usableFromInline struct DecimalText {
    @usableFromInline var isNegative = false
    /// The significant digits, as far as they fit.
    @usableFromInline var mantissa: UInt64 = 0
    @usableFromInline var exponent = 0
    /// Whether there was a fraction or an exponent.
    @usableFromInline var isFractional = false
    /// Whether digits were left out of the mantissa.
    @usableFromInline var isTruncated = false

    /// The exact powers of ten among doubles.
    static let powers: InlineArray<23, Double> = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]

    /// The double nearest to the number, where one exact operation gives it; otherwise `nil`.
    ///
    /// Source: Clinger, "How to Read Floating Point Numbers Accurately", PLDI 1990: both operands
    /// are exact, so IEEE arithmetic rounds the quotient or product once.
    @usableFromInline var exactDouble: Double? {
        guard !isTruncated, mantissa <= 1 << 53, exponent >= -22, exponent <= 22 else { return nil }
        var value = Double(mantissa)
        if exponent < 0 {
            value /= Self.powers[-exponent]
        } else if exponent > 0 {
            value *= Self.powers[exponent]
        }
        return isNegative ? -value : value
    }

    /// The integer, where the number is written as one and fits.
    @inlinable func integer<Value: FixedWidthInteger>(_: Value.Type) -> Value? {
        guard !isFractional, !isTruncated else { return nil }
        guard isNegative else { return Value(exactly: mantissa) }
        guard mantissa <= UInt64(1) << 63 else { return nil }
        return Value(exactly: Int64(truncatingIfNeeded: 0 &- mantissa))
    }

    /// Scans a number from `position`, which is left behind it.
    ///
    /// - Parameter strict: By the grammar of JSON: no `+`, no leading zeros, digits on both sides of
    ///   the point.
    /// - Returns: `nil` where no number starts.
    @usableFromInline static func scan(
        _ position: inout UnsafePointer<UInt8>, end: UnsafePointer<UInt8>, strict: Bool
    ) -> DecimalText? {
        var number = DecimalText()
        var at = position
        if at < end, at.pointee == UInt8(ascii: "-") || (!strict && at.pointee == UInt8(ascii: "+"))
        {
            number.isNegative = at.pointee == UInt8(ascii: "-")
            at += 1
        }
        let whole = number.takeDigits(&at, end)
        if strict, whole.count == 0 || (whole.count > 1 && whole.first == UInt8(ascii: "0")) {
            return nil
        }
        var fraction = 0
        if at < end, at.pointee == UInt8(ascii: ".") {
            at += 1
            number.isFractional = true
            fraction = number.takeDigits(&at, end).count
            number.exponent -= fraction
            if strict, fraction == 0 { return nil }
        }
        guard whole.count + fraction > 0 else { return nil }
        if at < end, at.pointee | 0x20 == UInt8(ascii: "e") {
            guard number.takeExponent(&at, end) else { return nil }
        }
        position = at
        return number
    }

    private mutating func takeDigits(
        _ at: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
    ) -> (count: Int, first: UInt8) {
        let start = at
        while at < end {
            let digit = at.pointee &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            // 1844674407370955160 × 10 + 9 < 2^64: nothing below can overflow.
            if mantissa < 1_844_674_407_370_955_161 {
                mantissa = mantissa &* 10 &+ UInt64(digit)
            } else {
                takeCrowded(digit)
            }
            at += 1
        }
        return (at - start, at > start ? start.pointee : 0)
    }

    /// Takes a digit where the mantissa is nearly or quite full.
    @inline(never) private mutating func takeCrowded(_ digit: UInt8) {
        let (scaled, overflow) = mantissa.multipliedReportingOverflow(by: 10)
        let (sum, carry) = scaled.addingReportingOverflow(UInt64(digit))
        if overflow || carry || isTruncated {
            isTruncated = true
            exponent += 1
        } else {
            mantissa = sum
        }
    }

    private mutating func takeExponent(
        _ at: inout UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
    ) -> Bool {
        at += 1
        isFractional = true
        var isDown = false
        if at < end, at.pointee == UInt8(ascii: "-") || at.pointee == UInt8(ascii: "+") {
            isDown = at.pointee == UInt8(ascii: "-")
            at += 1
        }
        let start = at
        var power = 0
        while at < end, case let digit = at.pointee &- UInt8(ascii: "0"), digit < 10 {
            power = min(power * 10 + Int(digit), 100_000)
            at += 1
        }
        exponent += isDown ? -power : power
        return at > start
    }
}

// MARK: - Floating point

extension UnsafeBufferPointer<UInt8> {
    /// The text as a double: decimal, or `nan`, `inf`, `infinity` in any case and with a sign.
    @usableFromInline func asDouble() -> Double? {
        guard let start = baseAddress else { return nil }
        var at = start
        let end = start + count
        guard let number = DecimalText.scan(&at, end: end, strict: false) else {
            return spelledOut()
        }
        guard at == end else { return nil }
        return number.exactDouble ?? Double(String(decoding: self, as: UTF8.self))
    }

    /// The text as a float, rounded once.
    @usableFromInline func asFloat() -> Float? {
        guard let start = baseAddress else { return nil }
        var at = start
        let end = start + count
        guard let number = DecimalText.scan(&at, end: end, strict: false) else {
            return spelledOut().map { Float($0) }
        }
        guard at == end else { return nil }
        return Float(String(decoding: self, as: UTF8.self)) ?? number.exactDouble.map { Float($0) }
    }

    private func spelledOut() -> Double? {
        guard count <= 9 else { return nil }
        switch String(decoding: self, as: UTF8.self).lowercased() {
        case "nan", "+nan", "-nan": return .nan
        case "inf", "+inf", "infinity", "+infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        default: return nil
        }
    }

    /// The text as an integer of the type.
    @inlinable func asInteger<Value: FixedWidthInteger>(_ type: Value.Type) -> Value? {
        guard let start = baseAddress else { return nil }
        var at = start
        guard let number = DecimalText.scan(&at, end: start + count, strict: false),
            at == start + count
        else { return nil }
        return number.integer(type)
    }
}

extension [UInt8] {
    /// Appends an integer in decimal.
    @usableFromInline mutating func append(decimal value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        append(decimal: value.magnitude)
    }

    /// Appends an integer in decimal.
    @usableFromInline mutating func append(decimal value: UInt64) {
        guard value > 9 else {
            return append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: value))
        }
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var first = 20
        var rest = value
        while rest > 0 {
            first -= 1
            digits[first] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        digits.span.extracting(first...).withUnsafeBufferPointer { append(contentsOf: $0) }
    }

    /// Appends the shortest text that reads back as the same double.
    @usableFromInline mutating func append(shortest value: Double) {
        // A number of up to 15 digits is the shortest one for the double that it rounds to, so where
        // a division by 1000 gives the value back, its decimal is the answer.
        let scaled = (value * 1_000).rounded()
        guard scaled.magnitude < 1e15, scaled / 1_000 == value, value != 0 || value.sign == .plus
        else { return append(contentsOf: value.description.utf8) }
        let thousandths = Int64(scaled)
        if thousandths < 0 { append(UInt8(ascii: "-")) }
        let (whole, fraction) = thousandths.magnitude.quotientAndRemainder(dividingBy: 1_000)
        append(decimal: whole)
        append(UInt8(ascii: "."))
        append(UInt8(ascii: "0") &+ UInt8(fraction / 100))
        guard fraction % 100 != 0 else { return }
        append(UInt8(ascii: "0") &+ UInt8(fraction / 10 % 10))
        if fraction % 10 != 0 { append(UInt8(ascii: "0") &+ UInt8(fraction % 10)) }
    }
}
