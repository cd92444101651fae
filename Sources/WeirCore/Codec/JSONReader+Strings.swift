// MARK: - Strings

extension JSONReader {
    /// Reads a string.
    mutating func readString() throws(FieldError) -> String {
        let string = try scanString()
        if string.hasEscapes {
            if string.isASCII, let text = Self.unescapeASCII(string.body) { return text }
            let plain = try Self.unescape(string.body)
            return try plain.withUnsafeBufferPointer { bytes throws(FieldError) in
                try bytes.validString()
            }
        }
        return string.isASCII ? String(ascii: string.body) : try string.body.validString()
    }

    /// Reads a string as text.
    mutating func readUTF8String() throws(FieldError) -> UTF8String {
        let string = try scanString()
        if string.hasEscapes {
            let plain = try Self.unescape(string.body)
            return try plain.withUnsafeBufferPointer { bytes throws(FieldError) in
                try bytes.validUTF8String()
            }
        }
        return string.isASCII
            ? UTF8String(copying: string.body) : try string.body.validUTF8String()
    }

    /// A string as it stands in the input.
    struct RawString {
        /// What stands between the quotes.
        var body: UnsafeBufferPointer<UInt8>
        var hasEscapes = false
        /// Whether all bytes are ASCII, as they stand.
        var isASCII = false
    }

    /// Takes a string and answers what stands between the quotes, as it stands.
    @inline(__always) mutating func scanString() throws(FieldError) -> RawString {
        guard take(UInt8(ascii: "\"")) else { throw unexpected("a string") }
        return try scanBody()
    }

    /// Takes the rest of a string, behind its first quote.
    mutating func scanBody() throws(FieldError) -> RawString {
        let body = position
        var at = position
        var hasEscapes = false
        var seen: UInt64 = 0
        while at < end {
            let word = ByteWord(at: at, start: start, end: end)
            let marks = word.stringMarks
            if marks == 0 {
                seen |= word.bits
                at += 8
                continue
            }
            // Zeros behind the end are marks, so the first one is at the end or before it.
            let count = ByteWord.count(before: marks)
            seen |= word.bits & ByteWord.bits(ofFirst: count)
            at += count
            guard at < end else { break }
            switch at.pointee {
            case UInt8(ascii: "\""):
                position = at + 1
                return RawString(
                    body: UnsafeBufferPointer(start: body, count: at - body),
                    hasEscapes: hasEscapes, isASCII: seen & ByteWord.highs == 0)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                // What is escaped is not looked at; it is a part of the text.
                if at + 1 < end { seen |= UInt64(at[1]) }
                at += 2
            default:
                position = at
                throw unexpected("no bare control character in a string")
            }
        }
        position = end
        throw FieldError("a string that starts at byte \(body - start - 1) has no end")
    }

    /// The text that an escaped string of ASCII stands for.
    ///
    /// - Returns: `nil` where an escape is a character's number, or none.
    private static func unescapeASCII(_ body: UnsafeBufferPointer<UInt8>) -> String? {
        let (start, end) = body.bounds
        var isUsual = true
        let text = String(unsafeUninitializedCapacity: body.count) { buffer in
            guard let output = buffer.baseAddress else { return 0 }
            // SAFETY: as much is written as has been read, at most, and `buffer` holds all of `body`.
            var target = output
            var at = start
            while at < end {
                if end - at >= 8 {
                    let word = ByteWord(loading: at)
                    UnsafeMutableRawPointer(target).storeBytes(
                        of: word.bits.littleEndian, as: UInt64.self)
                    let count = ByteWord.count(
                        before: word.mask(of: ByteWord.repeating(UInt8(ascii: "\\"))))
                    at += count
                    target += count
                    if count == 8 { continue }
                } else if at.pointee != UInt8(ascii: "\\") {
                    target.pointee = at.pointee
                    at += 1
                    target += 1
                    continue
                }
                // A backslash is never the last byte of a body.
                guard let byte = unescaped(at[1]) else {
                    isUsual = false
                    return 0
                }
                target.pointee = byte
                at += 2
                target += 1
            }
            return target - output
        }
        return isUsual ? text : nil
    }

    /// What an escape of one character stands for.
    @inline(__always) private static func unescaped(_ code: UInt8) -> UInt8? {
        switch code {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): code
        case UInt8(ascii: "b"): 8
        case UInt8(ascii: "f"): 12
        case UInt8(ascii: "n"): 10
        case UInt8(ascii: "r"): 13
        case UInt8(ascii: "t"): 9
        default: nil
        }
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
            if let byte = unescaped(code) {
                plain.append(byte)
            } else if code == UInt8(ascii: "u") {
                plain.append(contentsOf: String(try readScalar(body, &index)).utf8)
            } else {
                throw FieldError("the string \(FieldError.quote(body)) has an unknown escape")
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
        try readMembers { reader, _ throws(FieldError) in try reader.skipValue() }
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
        _ member: (inout JSONReader, RawString) throws(FieldError) -> Void
    ) throws(FieldError) {
        guard take(UInt8(ascii: "{")) else { throw unexpected("an object") }
        try descend()
        defer { depth -= 1 }
        if take(UInt8(ascii: "}")) { return }
        repeat {
            let name = try scanString()
            guard take(UInt8(ascii: ":")) else { throw unexpected("\":\"") }
            try member(&self, name)
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw unexpected("\",\" or \"}\"") }
    }
}
