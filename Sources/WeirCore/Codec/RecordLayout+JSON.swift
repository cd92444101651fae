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
        try reader.readMembers { reader, name, hasEscapes throws(FieldError) in
            guard let field = try find(name, hasEscapes, expected) else {
                return try reader.skipValue()
            }
            expected = field + 1
            guard seen.insert(field) else { throw duplicate(field) }
            do throws(FieldError) {
                if !stored[field].access.isOptional, reader.peek() == UInt8(ascii: "n") {
                    _ = try reader.takeNull()
                    throw FieldError.missingValue()
                }
                try stored[field].access.readJSON(base + stored[field].offset, &reader)
            } catch {
                throw error.within(stored[field].access.name)
            }
        }
        if !seen.isComplete { try checkMissing(seen) }
    }

    @inline(__always) private func find(
        _ name: UnsafeBufferPointer<UInt8>, _ hasEscapes: Bool, _ expected: Int
    ) throws(FieldError) -> Int? {
        guard hasEscapes else { return members.field(named: name, expected: expected) }
        let plain = try JSONReader.unescape(name)
        return plain.withUnsafeBufferPointer { members.field(named: $0, expected: expected) }
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

extension [UInt8] {
    /// Appends a string in quotes, with what JSON wants escaped.
    @usableFromInline mutating func append(jsonString string: String) {
        append(UInt8(ascii: "\""))
        for byte in string.utf8 {
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
