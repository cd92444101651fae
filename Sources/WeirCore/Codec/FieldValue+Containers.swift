extension Optional: FieldValue where Wrapped: FieldValue {
    @inlinable public static func describeField(in context: inout SchemaContext) -> FieldType {
        if Wrapped.nullField != nil { context.reportDoubleOptional() }
        return Wrapped.describeField(in: &context)
    }
    @inlinable public static var nullField: Wrapped?? { .some(nil) }
    @inlinable public var isNullField: Bool { self == nil }

    @inlinable public static func readField(text: TextCell) throws(FieldError) -> Wrapped? {
        try Wrapped.readField(text: text)
    }
    @inlinable public static func readField(json: inout JSONReader) throws(FieldError) -> Wrapped? {
        if try json.takeNull() { return nil }
        return try Wrapped.readField(json: &json)
    }
    @inlinable public static func readField(
        binary: inout BinaryReader
    ) throws(FieldError) -> Wrapped? {
        try Wrapped.readField(binary: &binary)
    }

    @inlinable public func writeField(text output: inout [UInt8]) {
        self?.writeField(text: &output)
    }
    @inlinable public func writeField(json output: inout [UInt8]) {
        guard let self else { return output.append(contentsOf: "null".utf8) }
        self.writeField(json: &output)
    }
    @inlinable public func writeField(binary output: inout [UInt8]) {
        self?.writeField(binary: &output)
    }

    @inlinable public var fieldScalar: FieldScalar { self?.fieldScalar ?? .null }
    @inlinable public func foldField(into hasher: inout StableHasher) {
        hasher.combine(self == nil ? 0 : 1)
        self?.foldField(into: &hasher)
    }
}

/// Lists; a list of `UInt8` is bytes, written as base64 where the format is text.
extension Array: FieldValue where Element: FieldValue {
    @inlinable static var isBytes: Bool { Element.self == UInt8.self }

    @inlinable public static func describeField(in context: inout SchemaContext) -> FieldType {
        isBytes ? .bytes : .list(Element.describeField(in: &context))
    }

    public static func readField(text: TextCell) throws(FieldError) -> [Element] {
        if isBytes { return try fromBytes(text.bytes.decodedBase64()) }
        var reader = JSONReader(text.bytes)
        let elements = try readField(json: &reader)
        try reader.finish()
        return elements
    }
    public static func readField(json: inout JSONReader) throws(FieldError) -> [Element] {
        if isBytes, json.peek() == UInt8(ascii: "\"") {
            return try fromBytes(json.readBase64())
        }
        var elements: [Element] = []
        try json.readElements { reader throws(FieldError) in
            elements.append(try Element.readField(json: &reader))
        }
        return elements
    }
    public static func readField(binary: inout BinaryReader) throws(FieldError) -> [Element] {
        if isBytes { return try fromBytes(binary.readBytes()) }
        try binary.descend()
        defer { binary.depth -= 1 }
        let count = try binary.readCount()
        var elements: [Element] = []
        for _ in 0..<count {
            // In a list each element that can be null says whether it is.
            if let null = Element.nullField, try !Bool.readField(binary: &binary) {
                elements.append(null)
            } else {
                elements.append(try Element.readField(binary: &binary))
            }
        }
        return elements
    }

    public func writeField(text output: inout [UInt8]) {
        if Self.isBytes {
            output.append(base64: asBytes)
        } else {
            writeField(json: &output)
        }
    }
    public func writeField(json output: inout [UInt8]) {
        if Self.isBytes {
            output.append(UInt8(ascii: "\""))
            output.append(base64: asBytes)
            output.append(UInt8(ascii: "\""))
            return
        }
        output.append(UInt8(ascii: "["))
        for index in indices {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            self[index].writeField(json: &output)
        }
        output.append(UInt8(ascii: "]"))
    }
    public func writeField(binary output: inout [UInt8]) {
        output.append(varint: UInt64(count))
        if Self.isBytes { return output.append(contentsOf: asBytes) }
        for element in self {
            if Element.nullField != nil { output.append(element.isNullField ? 0 : 1) }
            element.writeField(binary: &output)
        }
    }

    public var fieldScalar: FieldScalar {
        if Self.isBytes { return .bytes(asBytes) }
        var json: [UInt8] = []
        writeField(json: &json)
        return .other(json: String(decoding: json, as: UTF8.self))
    }
    public func foldField(into hasher: inout StableHasher) {
        hasher.combine(UInt64(count))
        for element in self { element.foldField(into: &hasher) }
    }

    // Both casts hold because `isBytes` says that `Element` is `UInt8`.
    private var asBytes: [UInt8] { (self as? [UInt8]) ?? [] }
    private static func fromBytes(_ bytes: [UInt8]) -> [Element] { (bytes as? [Element]) ?? [] }
}

/// Records within records.
extension Record {
    public static func describeField(in context: inout SchemaContext) -> FieldType {
        let layout = schema.layout
        guard !context.open.contains(ObjectIdentifier(Self.self)) else {
            context.report(.recursive(record: layout.typeName))
            return .record([])
        }
        if let problem = layout.ownProblem() { context.report(problem) }
        context.open.append(ObjectIdentifier(Self.self))
        defer { context.open.removeLast() }
        return .record(layout.describe(in: &context))
    }

    public static func readField(text: TextCell) throws(FieldError) -> Self {
        var reader = JSONReader(text.bytes)
        let record = try readField(json: &reader)
        try reader.finish()
        return record
    }
    public static func readField(json: inout JSONReader) throws(FieldError) -> Self {
        let schema = Self.schema
        var record = schema.make()
        try schema.layout.readJSON(into: &record, &json)
        return record
    }
    public static func readField(binary: inout BinaryReader) throws(FieldError) -> Self {
        let schema = Self.schema
        var record = schema.make()
        try binary.descend()
        defer { binary.depth -= 1 }
        try schema.layout.readBinary(into: &record, &binary)
        return record
    }

    public func writeField(text output: inout [UInt8]) { writeField(json: &output) }
    public func writeField(json output: inout [UInt8]) {
        Self.schema.layout.writeJSON(self, to: &output)
    }
    public func writeField(binary output: inout [UInt8]) {
        Self.schema.layout.writeBinary(self, to: &output)
    }

    public var fieldScalar: FieldScalar {
        var json: [UInt8] = []
        writeField(json: &json)
        return .other(json: String(decoding: json, as: UTF8.self))
    }
    public func foldField(into hasher: inout StableHasher) {
        Self.schema.layout.fold(self, into: &hasher)
    }
}
