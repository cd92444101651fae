extension FieldTree {
    /// Reads a JSON value, which must be all there is but white space.
    @usableFromInline init(json line: UnsafeBufferPointer<UInt8>) throws(FieldError) {
        var reader = JSONReader(line)
        self = try Self.readJSON(&reader)
        try reader.finish()
    }

    /// Reads any JSON value.
    static func readJSON(_ reader: inout JSONReader) throws(FieldError) -> FieldTree {
        switch reader.peek() {
        case UInt8(ascii: "{"):
            var members: [Member] = []
            var names = Set<String>()
            try reader.readMembers { reader, name throws(FieldError) in
                let name = try memberName(name.body, name.hasEscapes)
                guard names.insert(name).inserted else {
                    throw FieldError("comes twice in the object", field: name)
                }
                do throws(FieldError) {
                    members.append(Member(name: name, value: try readJSON(&reader)))
                } catch {
                    throw error.within(name)
                }
            }
            return .record(members)
        case UInt8(ascii: "["):
            var elements: [FieldTree] = []
            try reader.readElements { reader throws(FieldError) in
                elements.append(try readJSON(&reader))
            }
            return .list(elements)
        case UInt8(ascii: "\""): return .string(try reader.readString())
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool(try reader.readBool())
        case UInt8(ascii: "n"):
            _ = try reader.takeNull()
            return .null
        default:
            let (number, text) = try reader.readNumber()
            if let value = number.integer(Int64.self) { return .int(value) }
            if let value = number.integer(UInt64.self) { return .uint(value) }
            guard let value = number.exactDouble ?? text.asDouble() else {
                throw .unreadable(text, as: "a number")
            }
            return .double(value)
        }
    }

    private static func memberName(
        _ bytes: UnsafeBufferPointer<UInt8>, _ hasEscapes: Bool
    ) throws(FieldError) -> String {
        guard hasEscapes else { return try bytes.validString() }
        let plain = try JSONReader.unescape(bytes)
        return try plain.withUnsafeBufferPointer { name throws(FieldError) in
            try name.validString()
        }
    }

    /// Appends the value as JSON on one line, by the rules for a ``Record``.
    func writeJSON(to output: inout [UInt8]) {
        switch self {
        case .null: output.append(contentsOf: "null".utf8)
        case .bool(let value): value.writeField(json: &output)
        case .int(let value): value.writeField(json: &output)
        case .uint(let value): value.writeField(json: &output)
        case .float(let value): value.writeField(json: &output)
        case .double(let value): value.writeField(json: &output)
        case .string(let value): value.writeField(json: &output)
        case .bytes(let value): value.writeField(json: &output)
        case .timestamp(let value): value.writeField(json: &output)
        case .date(let value): Timestamp(secondsSince2001: value).writeField(json: &output)
        case .list(let elements):
            output.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                element.writeJSON(to: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .record(let members):
            output.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                output.append(jsonString: member.name)
                output.append(UInt8(ascii: ":"))
                member.value.writeJSON(to: &output)
            }
            output.append(UInt8(ascii: "}"))
        }
    }

    /// Appends the value as an unquoted cell of delimited text, by the rules for a ``Record``.
    func writeText(to output: inout [UInt8]) {
        switch self {
        case .null: return
        case .double(let value): value.writeField(text: &output)
        case .float(let value): value.writeField(text: &output)
        case .string(let value): value.writeField(text: &output)
        case .bytes(let value): value.writeField(text: &output)
        case .timestamp(let value): value.writeField(text: &output)
        case .date(let value): Timestamp(secondsSince2001: value).writeField(text: &output)
        case .bool, .int, .uint, .list, .record: writeJSON(to: &output)
        }
    }
}
