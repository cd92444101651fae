extension StateShape {
    /// Reads a value of this form and gives it as JSON on one line, without the type that wrote it.
    ///
    /// Times are ISO 8601 text, bytes base64; numbers that JSON does not have are the strings `NaN`,
    /// `Infinity` and `-Infinity`. A dictionary is an object where its keys are text, numbers, truth
    /// values or times, else an array of objects with `key` and `value`. A case without a value is its
    /// name, another an object with its name as the only member. Opaque bytes are base64.
    ///
    /// - Throws: ``StateFormatError`` for bytes that are cut off, corrupt, or of another form.
    public func json(from input: inout StateReader) throws -> String {
        var output: [UInt8] = []
        try appendJSON(from: &input, to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    private func appendJSON(from input: inout StateReader, to output: inout [UInt8]) throws {
        switch self {
        case .unit: output.append(contentsOf: "null".utf8)
        case .bool, .signed, .unsigned:
            output.append(contentsOf: try scalarText(from: &input).utf8)
        case .float(bits: 32): Self.append(Double(try Float.read(from: &input)), to: &output)
        case .float: Self.append(try Double.read(from: &input), to: &output)
        case .string, .timestamp: output.append(jsonString: try scalarText(from: &input))
        case .bytes, .opaque: try input.readBytes().writeField(json: &output)
        case .coded: try input.readTree().writeJSON(to: &output)
        case .optional(let wrapped):
            guard try Bool.read(from: &input) else {
                return output.append(contentsOf: "null".utf8)
            }
            try wrapped.appendJSON(from: &input, to: &output)
        case .array(let element): try Self.appendArray(of: element, from: &input, to: &output)
        case .dictionary(let key, let value):
            try appendDictionary(key, value, from: &input, to: &output)
        case .record(_, let fields): try Self.appendObject(fields, from: &input, to: &output)
        case .variant(let name, let cases):
            let choice = try Self.readCase(name, cases, &input)
            if choice.shape == .unit { return output.append(jsonString: choice.name) }
            try Self.appendObject([choice], from: &input, to: &output)
        }
    }

    /// The value of a form that is one word of text.
    private func scalarText(from input: inout StateReader) throws -> String {
        switch self {
        case .bool: try Bool.read(from: &input) ? "true" : "false"
        case .signed: "\(try Int128.read(from: &input))"
        case .unsigned: "\(try UInt128.read(from: &input))"
        case .timestamp: try Timestamp.read(from: &input).iso8601
        case .string: try input.readString()
        default: throw StateFormatError("\(self) is not text")
        }
    }

    private var isText: Bool {
        switch self {
        case .bool, .signed, .unsigned, .timestamp, .string: true
        default: false
        }
    }

    private static func append(_ number: Double, to output: inout [UInt8]) {
        if number.isFinite { return number.writeField(json: &output) }
        let text = number.isNaN ? "NaN" : number > 0 ? "Infinity" : "-Infinity"
        output.append(jsonString: text)
    }

    private static func appendArray(
        of element: StateShape, from input: inout StateReader, to output: inout [UInt8]
    ) throws {
        try element.checkTakesBytes(in: "an array")
        let count = try input.readCount(atLeast: element.minimumByteCount)
        output.append(UInt8(ascii: "["))
        for index in 0..<count {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            try element.appendJSON(from: &input, to: &output)
        }
        output.append(UInt8(ascii: "]"))
    }

    private func appendDictionary(
        _ key: StateShape, _ value: StateShape, from input: inout StateReader,
        to output: inout [UInt8]
    ) throws {
        let count = try input.readCount(atLeast: minimumPairByteCount)
        guard key.isText else {
            let pair = StateShape.record("Pair", [Field("key", key), Field("value", value)])
            output.append(UInt8(ascii: "["))
            for index in 0..<count {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                try pair.appendJSON(from: &input, to: &output)
            }
            return output.append(UInt8(ascii: "]"))
        }
        output.append(UInt8(ascii: "{"))
        for index in 0..<count {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            output.append(jsonString: try key.scalarText(from: &input))
            output.append(UInt8(ascii: ":"))
            try value.appendJSON(from: &input, to: &output)
        }
        output.append(UInt8(ascii: "}"))
    }

    private static func appendObject(
        _ fields: [Field], from input: inout StateReader, to output: inout [UInt8]
    ) throws {
        output.append(UInt8(ascii: "{"))
        for (index, field) in fields.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            output.append(jsonString: field.name)
            output.append(UInt8(ascii: ":"))
            do {
                try field.shape.appendJSON(from: &input, to: &output)
            } catch {
                throw StateFormatError.within(field.name, error)
            }
        }
        output.append(UInt8(ascii: "}"))
    }
}
