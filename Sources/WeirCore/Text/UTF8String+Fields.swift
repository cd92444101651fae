// In records and in state, text is text: schemas, forms and bytes are those of a `String`.

extension UTF8String: FieldValue {
    public static func describeField(in context: inout SchemaContext) -> FieldType { .string }

    public static func readField(text: TextCell) throws(FieldError) -> UTF8String {
        try text.bytes.validUTF8String()
    }
    public static func readField(json: inout JSONReader) throws(FieldError) -> UTF8String {
        try json.readUTF8String()
    }
    public static func readField(binary: inout BinaryReader) throws(FieldError) -> UTF8String {
        try binary.readUTF8String()
    }

    public func writeField(text output: inout [UInt8]) {
        withUTF8 { output.append(contentsOf: $0) }
    }
    public func writeField(json output: inout [UInt8]) {
        withUTF8 { output.append(jsonString: $0) }
    }
    public func writeField(binary output: inout [UInt8]) {
        output.append(varint: UInt64(utf8Count))
        withUTF8 { output.append(contentsOf: $0) }
    }

    public var fieldScalar: FieldScalar { .string(String(self)) }
    public func foldField(into hasher: inout StableHasher) { hash(into: &hasher) }
}

extension UTF8String: StateValue {
    @inlinable public static var stateShape: StateShape { .string }
    @inlinable public func write(to output: inout StateWriter) { output.write(self) }
    @inlinable public static func read(from input: inout StateReader) throws -> UTF8String {
        try input.readUTF8String()
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// The bytes as text.
    ///
    /// - Throws: ``FieldError`` where they are not UTF-8.
    func validUTF8String() throws(FieldError) -> UTF8String {
        guard let text = UTF8String(validating: self) else {
            throw FieldError("\(FieldError.quote(self)) is not valid UTF-8")
        }
        return text
    }
}
