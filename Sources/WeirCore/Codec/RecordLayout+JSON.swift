extension RecordLayout {
    /// Reads an object into `record`, in place.
    func readJSON<R>(into record: inout R, _ reader: inout JSONReader) throws(FieldError) {
        try withUnsafeMutablePointer(to: &record) { pointer throws(FieldError) in
            try readJSON(at: UnsafeMutableRawPointer(pointer), &reader)
        }
    }

    /// Reads an object into the record at `base`: unknown members are passed over, missing ones
    /// keep the default where the field is optional and are an error where it is not.
    func readJSON(
        at base: UnsafeMutableRawPointer, _ reader: inout JSONReader
    ) throws(FieldError) {
        var seen = SeenFields(count: stored.count)
        var expected = 0
        guard reader.take(UInt8(ascii: "{")) else { throw reader.unexpected("an object") }
        try reader.descend()
        defer { reader.depth -= 1 }
        if !reader.take(UInt8(ascii: "}")) {
            repeat {
                guard let field = try readName(&reader, expected) else {
                    try reader.skipValue()
                    continue
                }
                expected = field + 1
                guard seen.insert(field) else { throw duplicate(field) }
                do throws(FieldError) {
                    try readValue(&reader, field, base + stored[field].offset)
                } catch {
                    throw error.within(stored[field].access.name)
                }
            } while reader.take(UInt8(ascii: ","))
            guard reader.take(UInt8(ascii: "}")) else { throw reader.unexpected("\",\" or \"}\"") }
        }
        if !seen.isComplete { try checkMissing(seen) }
    }

    /// Takes the name of a member and the colon behind it, and answers the field.
    ///
    /// Most objects have their members in the order of the fields, so the expected name is compared
    /// with what stands there before anything is looked for.
    @inline(__always) private func readName(
        _ reader: inout JSONReader, _ expected: Int
    ) throws(FieldError) -> Int? {
        _ = reader.peek()
        if expected < stored.count {
            let count = stored[expected].keyCount(at: reader.position, end: reader.end)
            if count > 0 {
                reader.position += count
                return expected
            }
        }
        return try findName(&reader, expected)
    }

    @inline(never) private func findName(
        _ reader: inout JSONReader, _ expected: Int
    ) throws(FieldError) -> Int? {
        let name = try reader.scanString()
        guard reader.take(UInt8(ascii: ":")) else { throw reader.unexpected("\":\"") }
        guard name.hasEscapes else { return members.field(named: name.body, expected: expected) }
        let plain = try JSONReader.unescape(name.body)
        return plain.withUnsafeBufferPointer { members.field(named: $0, expected: expected) }
    }

    /// Reads the value of a field into its property at `address`.
    @inline(__always) private func readValue(
        _ reader: inout JSONReader, _ field: Int, _ address: UnsafeMutableRawPointer
    ) throws(FieldError) {
        let isOptional = stored[field].access.isOptional
        let first = reader.peek()
        switch stored[field].access.quick {
        case .integer:
            if let value = reader.takeQuickInteger() {
                return address.store(integer: value, isOptional: isOptional)
            }
        case .double:
            if let value = reader.takeDouble() {
                return address.store(value, isOptional: isOptional)
            }
        case .string:
            if first == UInt8(ascii: "\"") {
                return address.store(try reader.readString(), isOptional: isOptional)
            }
        case .utf8String:
            if first == UInt8(ascii: "\"") {
                return address.store(try reader.readUTF8String(), isOptional: isOptional)
            }
        case .timestamp:
            if first == UInt8(ascii: "\"") {
                let time = try Timestamp.readField(json: &reader)
                return address.store(time, isOptional: isOptional)
            }
        case .none: break
        }
        if first == UInt8(ascii: "n"), !isOptional {
            _ = try reader.takeNull()
            throw FieldError.missingValue()
        }
        try stored[field].access.readJSON(address, &reader)
    }

    @inline(never) private func duplicate(_ field: Int) -> FieldError {
        FieldError("comes twice in the object", field: stored[field].access.name)
    }

    private func checkMissing(_ seen: SeenFields) throws(FieldError) {
        for index in stored.indices
        where !stored[index].access.isOptional && !seen.contains(index) {
            throw FieldError(
                "is not in the object, and the property is not optional",
                field: stored[index].access.name)
        }
    }

    /// Appends `record` as an object on one line, members in the order of the fields.
    func writeJSON<R>(_ record: R, to output: inout [UInt8]) {
        withAddress(of: record) { base in
            for index in stored.indices {
                output.append(contentsOf: stored[index].jsonStart)
                stored[index].access.writeJSON(base + stored[index].offset, &output)
            }
            if stored.isEmpty { output.append(UInt8(ascii: "{")) }
            output.append(UInt8(ascii: "}"))
        }
    }
}

extension RecordLayout {
    /// Reads an object, which must be all there is but white space, into the record at `base`.
    @usableFromInline func readJSON(
        _ line: UnsafeBufferPointer<UInt8>, into base: UnsafeMutableRawPointer
    ) throws(FieldError) {
        var reader = JSONReader(line)
        try readJSON(at: base, &reader)
        try reader.finish()
    }
}

extension [UInt8] {
    /// Appends a string in quotes, with what JSON wants escaped.
    @usableFromInline mutating func append(jsonString string: String) {
        append(jsonString: string.utf8)
    }

    /// Appends the characters of a string, likewise.
    @inline(__always) mutating func append(jsonString utf8: some Sequence<UInt8>) {
        append(UInt8(ascii: "\""))
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "\""): append(contentsOf: #"\""#.utf8)
            case UInt8(ascii: "\\"): append(contentsOf: #"\\"#.utf8)
            case 10: append(contentsOf: #"\n"#.utf8)
            case 13: append(contentsOf: #"\r"#.utf8)
            case 9: append(contentsOf: #"\t"#.utf8)
            case 0..<0x20:
                append(contentsOf: #"\u00"#.utf8)
                append(UInt8(ascii: "0") + byte >> 4)
                let low = byte & 15
                append(low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
            default: append(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }
}
