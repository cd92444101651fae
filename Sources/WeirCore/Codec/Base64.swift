// Bytes in text formats are base64 by RFC 4648 §4, padded.

private let base64Digits = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

extension [UInt8] {
    /// Appends `bytes` as base64.
    mutating func append(base64 bytes: [UInt8]) {
        var index = 0
        while index < bytes.count {
            let taken = Swift.min(3, bytes.count - index)
            var group: UInt32 = 0
            for offset in 0..<3 {
                group = group << 8 | (offset < taken ? UInt32(bytes[index + offset]) : 0)
            }
            for digit in 0..<4 {
                let code = base64Digits[Int(group >> (18 - 6 * UInt32(digit))) & 63]
                append(digit <= taken ? code : UInt8(ascii: "="))
            }
            index += taken
        }
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// The bytes that this base64 text stands for.
    func decodedBase64() throws(FieldError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count / 4 * 3)
        var body = self[...]
        while body.last == UInt8(ascii: "="), count - body.count < 2 { body.removeLast() }
        var group: UInt32 = 0
        var bits = 0
        for byte in body {
            guard let digit = Self.base64Value(of: byte) else {
                throw .unreadable(self, as: "base64")
            }
            group = group << 6 | digit
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: group >> UInt32(bits)))
            }
        }
        guard count % 4 == 0, bits < 6, group & (1 << UInt32(bits) - 1) == 0 else {
            throw .unreadable(self, as: "base64")
        }
        return bytes
    }

    private static func base64Value(of byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}

extension JSONReader {
    /// Reads a string of base64.
    mutating func readBase64() throws(FieldError) -> [UInt8] {
        let string = try scanString()
        guard string.hasEscapes else { return try string.body.decodedBase64() }
        // Some writers escape the slash.
        let plain = try Self.unescape(string.body)
        return try plain.withUnsafeBufferPointer { bytes throws(FieldError) in
            try bytes.decodedBase64()
        }
    }
}
