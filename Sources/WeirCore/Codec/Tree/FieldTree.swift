/// A value between a `Codable` type and a format: what the type's own coding makes of it.
@usableFromInline indirect enum FieldTree: Equatable, Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    /// A number above `Int64.max`.
    case uint(UInt64)
    case float(Float)
    case double(Double)
    case string(String)
    case bytes([UInt8])
    case timestamp(Timestamp)
    /// A date of Foundation, as its seconds since 2001: more exact than a timestamp. Formats write
    /// the timestamp nearest to it.
    case date(Double)
    case list([FieldTree])
    /// Members in the order in which they were written or read.
    case record([Member])

    @usableFromInline struct Member: Equatable, Sendable {
        var name: String
        var value: FieldTree
    }

    var isNull: Bool {
        if case .null = self { true } else { false }
    }

    var scalar: FieldScalar {
        switch self {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .int(let value): return .int(value)
        case .float(let value): return .double(Double(value))
        case .double(let value): return .double(value)
        case .string(let value): return .string(value)
        case .bytes(let value): return .bytes(value)
        case .timestamp(let value): return .timestamp(value)
        case .date(let value): return .timestamp(Timestamp(secondsSince2001: value))
        case .uint, .list, .record:
            var json: [UInt8] = []
            writeJSON(to: &json)
            return .other(json: String(decoding: json, as: UTF8.self))
        }
    }
}
