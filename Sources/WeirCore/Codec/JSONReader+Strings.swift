// MARK: - Strings

extension JSONReader {
    /// Reads a string.
    mutating func readString() throws(FieldError) -> String {
        let (body, hasEscapes) = try scanString()
        if hasEscapes {
            let plain = try Self.unescape(body)
            return try plain.withUnsafeBufferPointer { bytes throws(FieldError) in
                try bytes.validString()
            }
        }
        return try body.validString()
    }

    /// Takes a string and answers what stands between the quotes, as it stands.
    mutating func scanString() throws(FieldError) -> (UnsafeBufferPointer<UInt8>, Bool) {
        guard take(UInt8(ascii: "\"")) else { throw unexpected("a string") }
        let body = position
        var at = position
        var hasEscapes = false
        while at < end {
            let byte = at.pointee
            if byte == UInt8(ascii: "\"") {
                position = at + 1
                return (UnsafeBufferPointer(start: body, count: at - body), hasEscapes)
            }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                at += 1
                guard at < end else { break }
            } else if byte < 0x20 {
                position = at
                throw unexpected("no bare control character in a string")
            }
            at += 1
        }
        position = end
        throw FieldError("a string that starts at byte \(body - start - 1) has no end")
    }

    /// The bytes that an escaped string stands for.
    static func unescape(_ body: UnsafeBufferPointer<UInt8>) throws(FieldError) -> [UInt8] {
        var plain: [UInt8] = []
        plain.reserveCapacity(body.count)
        var index = 0
        while index < body.count {
            let byte = body[index]
            index += 1
            guard byte == UInt8(ascii: "\\") else {
                plain.append(byte)
                continue
            }
            let code = index < body.count ? body[index] : 0
            index += 1
            switch code {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): plain.append(code)
            case UInt8(ascii: "b"): plain.append(8)
            case UInt8(ascii: "f"): plain.append(12)
            case UInt8(ascii: "n"): plain.append(10)
            case UInt8(ascii: "r"): plain.append(13)
            case UInt8(ascii: "t"): plain.append(9)
            case UInt8(ascii: "u"):
                plain.append(contentsOf: String(try readScalar(body, &index)).utf8)
            default: throw FieldError("the string \(FieldError.quote(body)) has an unknown escape")
            }
        }
        return plain
    }

    /// Reads the digits of a `\u` escape, and those of its second half where it is a surrogate.
    private static func readScalar(
        _ body: UnsafeBufferPointer<UInt8>, _ index: inout Int
    ) throws(FieldError) -> Character {
        let first = readHex(body, &index)
        if let first, let scalar = Unicode.Scalar(first) { return Character(scalar) }
        if let first, (0xD800..<0xDC00).contains(first), index + 1 < body.count,
            body[index] == UInt8(ascii: "\\"), body[index + 1] == UInt8(ascii: "u")
        {
            index += 2
            if let second = readHex(body, &index), (0xDC00..<0xE000).contains(second),
                let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
            {
                return Character(scalar)
            }
        }
        throw FieldError(
            "the string \(FieldError.quote(body)) has a \\u escape that is no character")
    }

    private static func readHex(_ body: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> UInt32? {
        guard index + 4 <= body.count else { return nil }
        var value: UInt32 = 0
        for offset in 0..<4 {
            let byte = body[index + offset]
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            value = value << 4 | UInt32(digit)
        }
        index += 4
        return value
    }
}

extension String {
    /// The text of bytes that are known to be ASCII.
    @inline(__always) init(ascii bytes: UnsafeBufferPointer<UInt8>) {
        // SAFETY: ASCII is UTF-8, and the span does not outlive the bytes.
        self.init(copying: unsafe UTF8Span(unchecked: bytes.span, isKnownASCII: true))
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// The bytes as a string.
    ///
    /// - Throws: ``FieldError`` where they are not UTF-8.
    @usableFromInline func validString() throws(FieldError) -> String {
        if UnsafeRawBufferPointer(self).isASCII { return String(decoding: self, as: UTF8.self) }
        guard let string = String(validating: self, as: UTF8.self) else {
            throw FieldError("\(FieldError.quote(self)) is not valid UTF-8")
        }
        return string
    }
}

// MARK: - Skipping

extension JSONReader {
    /// Passes over a value of any kind, checking its grammar.
    mutating func skipValue() throws(FieldError) {
        switch peek() {
        case UInt8(ascii: "\""): _ = try scanString()
        case UInt8(ascii: "{"): try skipObject()
        case UInt8(ascii: "["):
            try readElements { reader throws(FieldError) in try reader.skipValue() }
        case UInt8(ascii: "t"), UInt8(ascii: "f"): _ = try readBool()
        case UInt8(ascii: "n"): _ = try takeNull()
        default: _ = try readNumber()
        }
    }

    private mutating func skipObject() throws(FieldError) {
        try readMembers { reader, _, _ throws(FieldError) in try reader.skipValue() }
    }

    /// Reads an array; `element` takes each value.
    @inline(__always) mutating func readElements(
        _ element: (inout JSONReader) throws(FieldError) -> Void
    ) throws(FieldError) {
        guard take(UInt8(ascii: "[")) else { throw unexpected("an array") }
        try descend()
        defer { depth -= 1 }
        if take(UInt8(ascii: "]")) { return }
        repeat { try element(&self) } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw unexpected("\",\" or \"]\"") }
    }

    /// Reads an object; `member` is given each name, as it stands, and takes the value.
    @inline(__always) mutating func readMembers(
        _ member: (inout JSONReader, UnsafeBufferPointer<UInt8>, Bool) throws(FieldError) -> Void
    ) throws(FieldError) {
        guard take(UInt8(ascii: "{")) else { throw unexpected("an object") }
        try descend()
        defer { depth -= 1 }
        if take(UInt8(ascii: "}")) { return }
        repeat {
            _ = peek()
            let (name, hasEscapes) = try scanString()
            guard take(UInt8(ascii: ":")) else { throw unexpected("\":\"") }
            try member(&self, name, hasEscapes)
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw unexpected("\",\" or \"}\"") }
    }
}
