extension FieldValue where Self: FixedWidthInteger {
    @inlinable public static func describeField(in context: inout SchemaContext) -> FieldType {
        switch (bitWidth, isSigned) {
        case (8, true): .int8
        case (16, true): .int16
        case (32, true): .int32
        case (8, false): .uint8
        case (16, false): .uint16
        case (32, false): .uint32
        case (_, true): .int64
        case (_, false): .uint64
        }
    }

    @inlinable public static func readField(text: TextCell) throws(FieldError) -> Self {
        guard let value = text.bytes.asInteger(Self.self) else {
            throw .unreadable(text.bytes, as: typeText)
        }
        return value
    }
    @inlinable public static func readField(json: inout JSONReader) throws(FieldError) -> Self {
        try json.readInteger(Self.self)
    }
    @inlinable public static func readField(binary: inout BinaryReader) throws(FieldError) -> Self {
        let word = try binary.readVarint()
        let value =
            isSigned
            ? Self(exactly: Int64(bitPattern: word >> 1) ^ -Int64(bitPattern: word & 1))
            : Self(exactly: word)
        guard let value else { throw BinaryReader.corrupt("a number does not fit \(typeText)") }
        return value
    }

    @inlinable public func writeField(text output: inout [UInt8]) {
        if Self.isSigned {
            output.append(decimal: Int64(truncatingIfNeeded: self))
        } else {
            output.append(decimal: UInt64(truncatingIfNeeded: self))
        }
    }
    @inlinable public func writeField(json output: inout [UInt8]) { writeField(text: &output) }
    @inlinable public func writeField(binary output: inout [UInt8]) {
        guard Self.isSigned else { return output.append(varint: UInt64(truncatingIfNeeded: self)) }
        let wide = Int64(truncatingIfNeeded: self)
        output.append(varint: UInt64(bitPattern: (wide << 1) ^ (wide >> 63)))
    }

    @inlinable public var fieldScalar: FieldScalar {
        if let value = Int64(exactly: self) { return .int(value) }
        return .other(json: "\(self)")
    }
    @inlinable public func foldField(into hasher: inout StableHasher) {
        hasher.combine(UInt64(truncatingIfNeeded: self))
    }
}

extension Int: FieldValue {}
extension Int8: FieldValue {}
extension Int16: FieldValue {}
extension Int32: FieldValue {}
extension Int64: FieldValue {}
extension UInt: FieldValue {}
extension UInt8: FieldValue {}
extension UInt16: FieldValue {}
extension UInt32: FieldValue {}
extension UInt64: FieldValue {}

extension Bool: FieldValue {
    public static func describeField(in context: inout SchemaContext) -> FieldType { .bool }

    public static func readField(text: TextCell) throws(FieldError) -> Bool {
        let bytes = text.bytes
        if bytes.count == 1 {
            if bytes[0] == UInt8(ascii: "1") { return true }
            if bytes[0] == UInt8(ascii: "0") { return false }
        }
        if bytes.equalsIgnoringCase("true") { return true }
        if bytes.equalsIgnoringCase("false") { return false }
        throw .unreadable(bytes, as: "a truth value (true, false, 1 or 0)")
    }
    public static func readField(json: inout JSONReader) throws(FieldError) -> Bool {
        try json.readBool()
    }
    public static func readField(binary: inout BinaryReader) throws(FieldError) -> Bool {
        let byte = try binary.readByte()
        guard byte < 2 else { throw BinaryReader.corrupt("a truth value is \(byte)") }
        return byte == 1
    }

    public func writeField(text output: inout [UInt8]) {
        output.append(contentsOf: self ? "true".utf8 : "false".utf8)
    }
    public func writeField(json output: inout [UInt8]) { writeField(text: &output) }
    public func writeField(binary output: inout [UInt8]) { output.append(self ? 1 : 0) }

    public var fieldScalar: FieldScalar { .bool(self) }
    public func foldField(into hasher: inout StableHasher) { hasher.combine(self ? 1 : 0) }
}

extension Double: FieldValue {
    public static func describeField(in context: inout SchemaContext) -> FieldType { .double }

    public static func readField(text: TextCell) throws(FieldError) -> Double {
        guard let value = text.bytes.asDouble() else {
            throw .unreadable(text.bytes, as: "a number")
        }
        return value
    }
    public static func readField(json: inout JSONReader) throws(FieldError) -> Double {
        try json.readDouble()
    }
    public static func readField(binary: inout BinaryReader) throws(FieldError) -> Double {
        Double(bitPattern: try binary.readWord())
    }

    public func writeField(text output: inout [UInt8]) { output.append(shortest: self) }
    /// Appends the number; JSON has none for NaN and the infinities, so those become `null`.
    public func writeField(json output: inout [UInt8]) {
        if isFinite {
            output.append(shortest: self)
        } else {
            output.append(contentsOf: "null".utf8)
        }
    }
    public func writeField(binary output: inout [UInt8]) { output.append(word: bitPattern) }

    public var fieldScalar: FieldScalar { .double(self) }
    public func foldField(into hasher: inout StableHasher) {
        // 0 and -0 are equal and differ in their bits.
        hasher.combine(self == 0 ? 0 : bitPattern)
    }
}

extension Float: FieldValue {
    public static func describeField(in context: inout SchemaContext) -> FieldType { .float }

    public static func readField(text: TextCell) throws(FieldError) -> Float {
        guard let value = text.bytes.asFloat() else {
            throw .unreadable(text.bytes, as: "a number")
        }
        return value
    }
    public static func readField(json: inout JSONReader) throws(FieldError) -> Float {
        let (_, text) = try json.readNumber()
        guard let value = text.asFloat() else { throw json.unexpected("a number") }
        return value
    }
    public static func readField(binary: inout BinaryReader) throws(FieldError) -> Float {
        let bytes = try binary.take(4)
        let word = UnsafeRawBufferPointer(bytes).loadUnaligned(as: UInt32.self)
        return Float(bitPattern: UInt32(littleEndian: word))
    }

    public func writeField(text output: inout [UInt8]) {
        output.append(contentsOf: description.utf8)
    }
    /// Appends the number; JSON has none for NaN and the infinities, so those become `null`.
    public func writeField(json output: inout [UInt8]) {
        output.append(contentsOf: (isFinite ? description : "null").utf8)
    }
    public func writeField(binary output: inout [UInt8]) {
        withUnsafeBytes(of: bitPattern.littleEndian) { output.append(contentsOf: $0) }
    }

    public var fieldScalar: FieldScalar { .double(Double(self)) }
    public func foldField(into hasher: inout StableHasher) {
        hasher.combine(self == 0 ? 0 : UInt64(bitPattern))
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Whether the text is `word`, which is in lower case, in any case.
    func equalsIgnoringCase(_ word: StaticString) -> Bool {
        guard count == word.utf8CodeUnitCount else { return false }
        for index in 0..<count where self[index] | 0x20 != word.utf8Start[index] { return false }
        return true
    }
}
