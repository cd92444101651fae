/// Reads JSON values one after another from bytes that are lent for the length of a call.
///
/// Strict by RFC 8259: no comments, no trailing commas, no bare control characters in strings,
/// UTF-8 that must be valid. Containers nest at most ``maximumDepth`` deep.
public struct JSONReader {
    // SAFETY: made around the bytes of one record by the JSON decoder (or the CSV decoder for a cell
    // of JSON), passed down as `inout` and gone before the bytes are given back; `position` never
    // passes `end`. Its members are not public, so no conformance outside can keep it.
    @usableFromInline let start: UnsafePointer<UInt8>
    @usableFromInline let end: UnsafePointer<UInt8>
    @usableFromInline var position: UnsafePointer<UInt8>
    @usableFromInline var depth = 0

    /// How deep containers may nest.
    public static let maximumDepth = 128

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        (start, end) = bytes.bounds
        position = start
    }

    /// The next byte that is not white space, which is skipped; 0 at the end.
    @inline(__always) mutating func peek() -> UInt8 {
        while position < end {
            let byte = position.pointee
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
            position += 1
        }
        return 0
    }

    /// Takes `byte` if it is next.
    @inline(__always) mutating func take(_ byte: UInt8) -> Bool {
        guard peek() == byte, position < end else { return false }
        position += 1
        return true
    }

    /// Takes `null` if it is next.
    @usableFromInline mutating func takeNull() throws(FieldError) -> Bool {
        guard peek() == UInt8(ascii: "n") else { return false }
        try takeWord("null")
        return true
    }

    private mutating func takeWord(_ word: StaticString) throws(FieldError) {
        let length = word.utf8CodeUnitCount
        guard end - position >= length else { throw unexpected("\(word)") }
        for index in 0..<length where position[index] != word.utf8Start[index] {
            throw unexpected("\(word)")
        }
        position += length
    }

    mutating func readBool() throws(FieldError) -> Bool {
        switch peek() {
        case UInt8(ascii: "t"): try takeWord("true")
        case UInt8(ascii: "f"):
            try takeWord("false")
            return false
        default: throw unexpected("true or false")
        }
        return true
    }

    /// Reads an integer.
    @inlinable mutating func readInteger<Value: FixedWidthInteger>(
        _ type: Value.Type
    ) throws(FieldError) -> Value {
        let token = position
        if let value = takeInteger().flatMap(Value.init(exactly:)) { return value }
        position = token
        let (number, text) = try readNumber()
        if let value = number.integer(type) { return value }
        // 3.0 and 1e3 are integers to other writers of JSON.
        if number.isFractional, let double = number.exactDouble, let value = Value(exactly: double)
        {
            return value
        }
        throw .unfitting(text, for: Value.typeText)
    }

    mutating func readDouble() throws(FieldError) -> Double {
        if let value = takeDouble() { return value }
        let (number, text) = try readNumber()
        if let value = number.exactDouble { return value }
        guard let value = text.asDouble() else { throw unexpected("a number") }
        return value
    }

    /// Takes an integer if that is next, as they mostly come.
    @usableFromInline mutating func takeInteger() -> Int64? { takeQuickInteger() }

    /// Takes an integer if that is next, as they mostly come.
    ///
    /// - Returns: `nil` for what must be read otherwise, of which nothing but white space has been taken.
    @inline(__always) mutating func takeQuickInteger() -> Int64? {
        _ = peek()
        var at = position
        guard let value = QuickNumber.integer(&at, start: start, end: end, strict: true) else {
            return nil
        }
        if at < end, at.pointee == UInt8(ascii: ".") || at.pointee | 0x20 == UInt8(ascii: "e") {
            return nil
        }
        position = at
        return value
    }

    /// Takes a number if that is next, as they mostly come.
    ///
    /// - Returns: `nil` for what must be read otherwise, of which nothing but white space has been taken.
    @inline(__always) mutating func takeDouble() -> Double? {
        _ = peek()
        var at = position
        guard let value = QuickNumber.double(&at, start: start, end: end, strict: true) else {
            return nil
        }
        if at < end, at.pointee | 0x20 == UInt8(ascii: "e") { return nil }
        position = at
        return value
    }

    /// Scans a number without giving it a type.
    @usableFromInline mutating func readNumber() throws(FieldError) -> (
        DecimalText, UnsafeBufferPointer<UInt8>
    ) {
        _ = peek()
        let token = position
        guard let number = DecimalText.scan(&position, end: end, strict: true) else {
            throw unexpected("a number")
        }
        return (number, UnsafeBufferPointer(start: token, count: position - token))
    }

    // MARK: Errors

    /// What is wrong where the reader stands.
    @inline(never) func unexpected(_ wanted: String) -> FieldError {
        let rest = UnsafeBufferPointer(start: position, count: min(end - position, 20))
        let found = rest.isEmpty ? "the end" : FieldError.quote(rest)
        return FieldError("expected \(wanted) at byte \(position - start), found \(found)")
    }

    /// Counts a container in.
    mutating func descend() throws(FieldError) {
        depth += 1
        if depth > Self.maximumDepth {
            throw FieldError("containers nest more than \(Self.maximumDepth) deep")
        }
    }

    /// Checks that nothing follows the value but white space.
    mutating func finish() throws(FieldError) {
        _ = peek()
        if position < end { throw unexpected("the end of the record") }
    }
}

extension FixedWidthInteger {
    /// The type for messages: `a signed 16-bit integer`.
    @usableFromInline static var typeText: String {
        "\(isSigned ? "a signed" : "an unsigned") \(bitWidth)-bit integer"
    }
}
