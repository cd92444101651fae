import Foundation

/// Hands the values of a ``FieldTree`` to a type's `init(from:)`.
struct TreeDecoder: Decoder {
    let tree: FieldTree
    private let parentPath: [any CodingKey]
    private let key: (any CodingKey)?
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    init(_ tree: FieldTree, parentPath: [any CodingKey] = [], key: (any CodingKey)? = nil) {
        self.tree = tree
        self.parentPath = parentPath
        self.key = key
    }

    /// Put together when asked for: most values are read without it.
    var codingPath: [any CodingKey] { key.map { parentPath + [$0] } ?? parentPath }

    func container<Key: CodingKey>(
        keyedBy type: Key.Type
    ) throws -> KeyedDecodingContainer<Key> {
        guard case .record(let members) = tree else { throw mismatch("an object") }
        return KeyedDecodingContainer(TreeMembers<Key>(members, codingPath: codingPath))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        switch tree {
        case .list(let elements): return TreeElements(elements, codingPath: codingPath)
        case .bytes(let bytes):
            return TreeElements(bytes.map { .int(Int64($0)) }, codingPath: codingPath)
        default: throw mismatch("an array")
        }
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

    /// What is wrong with a value that should have been something else.
    func mismatch(_ wanted: String) -> DecodingError {
        if tree.isNull {
            return .valueNotFound(
                FieldTree.self,
                .init(
                    codingPath: codingPath,
                    debugDescription: "has no value, and the property is not optional"))
        }
        var found: [UInt8] = []
        tree.writeJSON(to: &found)
        let text = found.withUnsafeBufferPointer { FieldError.quote($0) }
        return .typeMismatch(
            FieldTree.self,
            .init(codingPath: codingPath, debugDescription: "\(text) is not \(wanted)"))
    }
}

extension TreeDecoder: SingleValueDecodingContainer {
    func decodeNil() -> Bool { tree.isNull }

    func decode(_: Bool.Type) throws -> Bool {
        guard case .bool(let value) = tree else { throw mismatch("a truth value") }
        return value
    }

    func decode(_: String.Type) throws -> String {
        switch tree {
        case .string(let value): return value
        case .timestamp(let value): return value.iso8601
        case .date(let value): return Timestamp(secondsSince2001: value).iso8601
        default: throw mismatch("a string")
        }
    }

    func decode(_: Double.Type) throws -> Double {
        switch tree {
        case .double(let value): return value
        case .float(let value): return Double(value)
        case .int(let value): return Double(value)
        case .uint(let value): return Double(value)
        default: throw mismatch("a number")
        }
    }

    func decode(_: Float.Type) throws -> Float {
        if case .float(let value) = tree { return value }
        return Float(try decode(Double.self))
    }

    func decode(_: Int.Type) throws -> Int { try integer() }
    func decode(_: Int8.Type) throws -> Int8 { try integer() }
    func decode(_: Int16.Type) throws -> Int16 { try integer() }
    func decode(_: Int32.Type) throws -> Int32 { try integer() }
    func decode(_: Int64.Type) throws -> Int64 { try integer() }
    func decode(_: UInt.Type) throws -> UInt { try integer() }
    func decode(_: UInt8.Type) throws -> UInt8 { try integer() }
    func decode(_: UInt16.Type) throws -> UInt16 { try integer() }
    func decode(_: UInt32.Type) throws -> UInt32 { try integer() }
    func decode(_: UInt64.Type) throws -> UInt64 { try integer() }

    private func integer<Value: FixedWidthInteger>() throws -> Value {
        let value: Value? =
            switch tree {
            case .int(let value): Value(exactly: value)
            case .uint(let value): Value(exactly: value)
            case .double(let value): Value(exactly: value)
            case .timestamp(let value): Value(exactly: value.microseconds)
            case .date(let value):
                Value(exactly: Timestamp(secondsSince2001: value).microseconds)
            default: nil
            }
        guard let value else { throw mismatch(Value.typeText) }
        return value
    }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try decodeAny(type) }

    /// Decodes a value of any type. Those that the formats know come without their own coding.
    func decodeAny<Value: Decodable>(_ type: Value.Type) throws -> Value {
        guard let special = try known(type) else { return try Value(from: self) }
        // The cast holds: `known` answers a value of the type that it was asked for.
        guard let value = special as? Value else { throw mismatch("\(type)") }
        return value
    }

    /// Values of the types that formats know, but whose own coding would not say so.
    private func known<Value>(_ type: Value.Type) throws -> Any? {
        if type == Timestamp.self { return try timestamp() }
        if type == [UInt8].self { return try bytes() }
        if type == Data.self { return Data(try bytes()) }
        if type == Date.self { return try date() }
        if type == URL.self {
            guard let url = URL(string: try decode(String.self)) else { throw mismatch("a URL") }
            return url
        }
        return nil
    }

    private func date() throws -> Date {
        if case .date(let seconds) = tree { return Date(timeIntervalSinceReferenceDate: seconds) }
        return try timestamp().date
    }

    private func timestamp() throws -> Timestamp {
        switch tree {
        case .timestamp(let value): return value
        case .date(let value): return Timestamp(secondsSince2001: value)
        case .int(let value): return Timestamp(microseconds: value)
        case .string(let text):
            if let value = Timestamp(iso8601: text) { return value }
        default: break
        }
        throw mismatch(Timestamp.expectation)
    }

    private func bytes() throws -> [UInt8] {
        switch tree {
        case .bytes(let value): return value
        case .string(let text):
            let bytes = try? Array(text.utf8).withUnsafeBufferPointer { try $0.decodedBase64() }
            guard let bytes else { throw mismatch("base64") }
            return bytes
        default: return try [UInt8](from: self)
        }
    }
}

extension Timestamp {
    /// The point as Foundation's type, to the microsecond as far as its double reaches.
    var date: Date { Date(timeIntervalSince1970: Double(microseconds) / 1_000_000) }

    /// The microsecond nearest to a point in Foundation's count of seconds.
    init(secondsSince2001 seconds: Double) {
        self.init(Date(timeIntervalSinceReferenceDate: seconds))
    }

    /// The microsecond nearest to a date, saturating; the epoch for what is no date.
    init(_ date: Date) {
        let micros = (date.timeIntervalSince1970 * 1_000_000).rounded()
        let bound = 9_223_372_036_854_774_784.0
        self.init(microseconds: micros.isNaN ? 0 : Int64(max(-bound, min(bound, micros))))
    }
}
