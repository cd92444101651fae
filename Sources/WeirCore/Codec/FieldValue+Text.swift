extension String: FieldValue {
    public static func describeField(in context: inout SchemaContext) -> FieldType { .string }

    public static func readField(text: TextCell) throws(FieldError) -> String {
        try text.bytes.validString()
    }
    public static func readField(json: inout JSONReader) throws(FieldError) -> String {
        try json.readString()
    }
    public static func readField(binary: inout BinaryReader) throws(FieldError) -> String {
        try binary.readString()
    }

    public func writeField(text output: inout [UInt8]) { output.append(contentsOf: utf8) }
    public func writeField(json output: inout [UInt8]) { output.append(jsonString: self) }
    public func writeField(binary output: inout [UInt8]) {
        output.append(varint: UInt64(utf8.count))
        output.append(contentsOf: utf8)
    }

    public var fieldScalar: FieldScalar { .string(self) }
    public func foldField(into hasher: inout StableHasher) { hash(into: &hasher) }
}

extension Timestamp: FieldValue {
    public static func describeField(in context: inout SchemaContext) -> FieldType { .timestamp }

    /// Reads ISO 8601 text, or an integer of microseconds since 1970.
    public static func readField(text: TextCell) throws(FieldError) -> Timestamp {
        if let time = Timestamp(iso8601: text.bytes) { return time }
        if let micros = text.bytes.asInteger(Int64.self) { return Timestamp(microseconds: micros) }
        throw .unreadable(text.bytes, as: expectation)
    }
    public static func readField(json: inout JSONReader) throws(FieldError) -> Timestamp {
        guard json.peek() == UInt8(ascii: "\"") else {
            return Timestamp(microseconds: try json.readInteger(Int64.self))
        }
        let body = try json.scanString().body
        guard let time = Timestamp(iso8601: body) else { throw .unreadable(body, as: expectation) }
        return time
    }
    public static func readField(binary: inout BinaryReader) throws(FieldError) -> Timestamp {
        Timestamp(microseconds: try Int64.readField(binary: &binary))
    }

    public func writeField(text output: inout [UInt8]) { appendISO8601(to: &output) }
    public func writeField(json output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        appendISO8601(to: &output)
        output.append(UInt8(ascii: "\""))
    }
    public func writeField(binary output: inout [UInt8]) {
        microseconds.writeField(binary: &output)
    }

    public var fieldScalar: FieldScalar { .timestamp(self) }
    public func foldField(into hasher: inout StableHasher) { hash(into: &hasher) }

    static let expectation =
        "a time: ISO 8601 such as 2013-01-01T10:00:00Z, or microseconds since 1970"
}

/// Enums of strings or integers: what their raw value is.
extension FieldValue where Self: RawRepresentable, RawValue: FieldValue {
    @inlinable public static func describeField(in context: inout SchemaContext) -> FieldType {
        RawValue.describeField(in: &context)
    }

    @inlinable public static func readField(text: TextCell) throws(FieldError) -> Self {
        try make(RawValue.readField(text: text))
    }
    @inlinable public static func readField(json: inout JSONReader) throws(FieldError) -> Self {
        try make(RawValue.readField(json: &json))
    }
    @inlinable public static func readField(binary: inout BinaryReader) throws(FieldError) -> Self {
        try make(RawValue.readField(binary: &binary))
    }
    @usableFromInline static func make(_ raw: RawValue) throws(FieldError) -> Self {
        guard let value = Self(rawValue: raw) else {
            throw FieldError("\"\(raw)\" is not a value of \(Self.self)")
        }
        return value
    }

    @inlinable public func writeField(text output: inout [UInt8]) {
        rawValue.writeField(text: &output)
    }
    @inlinable public func writeField(json output: inout [UInt8]) {
        rawValue.writeField(json: &output)
    }
    @inlinable public func writeField(binary output: inout [UInt8]) {
        rawValue.writeField(binary: &output)
    }

    @inlinable public var fieldScalar: FieldScalar { rawValue.fieldScalar }
    @inlinable public func foldField(into hasher: inout StableHasher) {
        rawValue.foldField(into: &hasher)
    }
}
