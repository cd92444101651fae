// The form: a byte for the kind, then the value as a field of its type is written; lists and
// records after their count, members after their name. It says its own types, because a `Codable`
// type may write other fields from one row to the next.

extension FieldTree {
    private enum Kind: UInt8 {
        case null, no, yes, int, uint, float, double, string, bytes, timestamp, list, record
        case date
    }

    /// Appends the value in binary.
    func writeBinary(to output: inout [UInt8]) {
        func begin(_ kind: Kind) { output.append(kind.rawValue) }
        switch self {
        case .null: begin(.null)
        case .bool(let value): begin(value ? .yes : .no)
        case .int(let value):
            begin(.int)
            value.writeField(binary: &output)
        case .uint(let value):
            begin(.uint)
            value.writeField(binary: &output)
        case .float(let value):
            begin(.float)
            value.writeField(binary: &output)
        case .double(let value):
            begin(.double)
            value.writeField(binary: &output)
        case .string(let value):
            begin(.string)
            value.writeField(binary: &output)
        case .bytes(let value):
            begin(.bytes)
            value.writeField(binary: &output)
        case .timestamp(let value):
            begin(.timestamp)
            value.writeField(binary: &output)
        case .date(let value):
            begin(.date)
            value.writeField(binary: &output)
        case .list(let elements):
            begin(.list)
            output.append(varint: UInt64(elements.count))
            for element in elements { element.writeBinary(to: &output) }
        case .record(let members):
            begin(.record)
            output.append(varint: UInt64(members.count))
            for member in members {
                member.name.writeField(binary: &output)
                member.value.writeBinary(to: &output)
            }
        }
    }

    /// Reads what ``writeBinary(to:)`` wrote.
    static func readBinary(_ reader: inout BinaryReader) throws(FieldError) -> FieldTree {
        let byte = try reader.readByte()
        guard let kind = Kind(rawValue: byte) else {
            throw BinaryReader.corrupt("there is no kind of value \(byte)")
        }
        switch kind {
        case .null: return .null
        case .no: return .bool(false)
        case .yes: return .bool(true)
        case .int: return .int(try Int64.readField(binary: &reader))
        case .uint: return .uint(try UInt64.readField(binary: &reader))
        case .float: return .float(try Float.readField(binary: &reader))
        case .double: return .double(try Double.readField(binary: &reader))
        case .string: return .string(try reader.readString())
        case .bytes: return .bytes(try reader.readBytes())
        case .timestamp: return .timestamp(try Timestamp.readField(binary: &reader))
        case .date: return .date(try Double.readField(binary: &reader))
        case .list, .record: return try readContainer(kind == .list, &reader)
        }
    }

    private static func readContainer(
        _ isList: Bool, _ reader: inout BinaryReader
    ) throws(FieldError) -> FieldTree {
        try reader.descend()
        defer { reader.depth -= 1 }
        let count = try reader.readCount()
        var elements: [FieldTree] = []
        var members: [Member] = []
        for _ in 0..<count {
            if isList {
                elements.append(try readBinary(&reader))
            } else {
                let name = try reader.readString()
                members.append(Member(name: name, value: try readBinary(&reader)))
            }
        }
        return isList ? .list(elements) : .record(members)
    }
}
