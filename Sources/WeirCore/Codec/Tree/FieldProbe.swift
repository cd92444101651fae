import Foundation

/// Finds out the fields of a `Codable` type by letting it decode a made-up row.
///
/// The row has whatever is asked for: false, zero, empty strings, absent optionals. What refuses
/// those (an enum without `CaseIterable`, a check in `init(from:)`) ends the search with an error.
enum FieldProbe {
    /// How deep nested types are described; below that they count as open objects.
    static let maximumDepth = 8

    /// The fields of `type`, or what kept them from being found.
    static func fields<Row: Decodable>(
        of type: Row.Type
    ) -> (fields: [FieldDescription], problem: SchemaError?) {
        let record = ProbeRecord()
        do {
            _ = try Row(from: ProbeDecoder(record: record, depth: 0))
        } catch {
            let field = record.fields.last.map { " of \"\($0.name)\"" } ?? ""
            let cause = FieldError(coding: error).problem
            let reason = "its init(from:) refused a made-up value\(field) (\(cause))"
            return (record.fields, .unknownFields(record: "\(type)", reason: reason))
        }
        guard !record.fields.isEmpty else {
            let reason = "it does not decode itself from named fields"
            return ([], .unknownFields(record: "\(type)", reason: reason))
        }
        return (record.fields, nil)
    }

    /// What a type turned out to be, and a made-up value of it where there is one.
    static func find<Value: Decodable>(
        _ type: Value.Type, depth: Int
    ) -> (type: FieldType, value: Result<Value, any Error>) {
        if let (found, value) = known(type), let value = value as? Value {
            return (found, .success(value))
        }
        guard depth < maximumDepth else {
            return (.record([]), .failure(FieldError("the type nests too deep")))
        }
        let record = ProbeRecord()
        let result = Result { try Value(from: ProbeDecoder(record: record, depth: depth + 1)) }
        let found = record.single ?? .record(record.fields)
        if case .failure = result, let cases = type as? any CaseIterable.Type,
            let first = firstCase(cases) as? Value
        {
            return (found, .success(first))
        }
        return (found, result)
    }

    private static func firstCase<Cases: CaseIterable>(_: Cases.Type) -> Any? {
        Cases.allCases.first
    }

    private static func known<Value>(_ type: Value.Type) -> (FieldType, Any)? {
        switch type {
        case is Bool.Type: (.bool, false)
        case is String.Type: (.string, "")
        case is UTF8String.Type: (.string, UTF8String())
        case is Double.Type: (.double, 0.0)
        case is Float.Type: (.float, Float(0))
        case is Timestamp.Type: (.timestamp, Timestamp.epoch)
        case is [UInt8].Type: (.bytes, [UInt8]())
        case is Data.Type: (.bytes, Data())
        case is Date.Type: (.timestamp, Date(timeIntervalSince1970: 0))
        case is URL.Type: (.string, URL(filePath: "/"))
        case let type as any (FixedWidthInteger & FieldValue).Type: integer(type)
        default: nil
        }
    }

    private static func integer<Value: FixedWidthInteger & FieldValue>(
        _: Value.Type
    ) -> (FieldType, Any) {
        var context = SchemaContext()
        return (Value.describeField(in: &context), Value.zero)
    }
}

/// What has been asked of a ``ProbeDecoder``.
final class ProbeRecord {
    var fields: [FieldDescription] = []
    /// The type, where the value is not an object.
    var single: FieldType?
    /// Keys that were asked for null, so that they are optional.
    var optionalKeys = Set<String>()

    func add(_ name: String, _ type: FieldType, isOptional: Bool) {
        guard !fields.contains(where: { $0.name == name }) else { return }
        fields.append(FieldDescription(name: name, type: type, isOptional: isOptional))
    }
}

/// Answers whatever it is asked for, and remembers it.
struct ProbeDecoder: Decoder {
    let record: ProbeRecord
    let depth: Int
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(
        keyedBy type: Key.Type
    ) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(ProbeMembers<Key>(record: record, depth: depth))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        record.single = .list(.record([]))
        return ProbeElements(record: record, depth: depth)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        ProbeSingle(record: record, depth: depth)
    }
}

private struct ProbeMembers<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let record: ProbeRecord
    let depth: Int
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { [] }

    func contains(_ key: Key) -> Bool { true }

    func decodeNil(forKey key: Key) throws -> Bool {
        record.optionalKeys.insert(key.stringValue)
        return false
    }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        let (found, value) = FieldProbe.find(type, depth: depth)
        let isOptional = record.optionalKeys.contains(key.stringValue)
        record.add(key.stringValue, found, isOptional: isOptional)
        return try value.get()
    }

    func decodeIfPresent<Value: Decodable>(
        _ type: Value.Type, forKey key: Key
    ) throws -> Value? {
        record.add(key.stringValue, FieldProbe.find(type, depth: depth).type, isOptional: true)
        return nil
    }

    func nestedContainer<Inner: CodingKey>(
        keyedBy type: Inner.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Inner> {
        record.add(key.stringValue, .record([]), isOptional: false)
        return try ProbeDecoder(record: ProbeRecord(), depth: depth + 1).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        record.add(key.stringValue, .list(.record([])), isOptional: false)
        return ProbeElements(record: ProbeRecord(), depth: depth + 1)
    }

    func superDecoder() throws -> any Decoder { ProbeDecoder(record: record, depth: depth) }
    func superDecoder(forKey key: Key) throws -> any Decoder {
        ProbeDecoder(record: ProbeRecord(), depth: depth + 1)
    }
}

/// Two elements: enough to see their type, and a pair for a dictionary that is coded as a list.
private struct ProbeElements: UnkeyedDecodingContainer {
    let record: ProbeRecord
    let depth: Int
    var currentIndex = 0
    var codingPath: [any CodingKey] { [] }
    var count: Int? { nil }
    var isAtEnd: Bool { currentIndex >= 2 || depth >= FieldProbe.maximumDepth }

    init(record: ProbeRecord, depth: Int) {
        self.record = record
        self.depth = depth
    }

    mutating func decodeNil() throws -> Bool { false }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        currentIndex += 1
        let (found, value) = FieldProbe.find(type, depth: depth)
        record.single = .list(found)
        return try value.get()
    }

    mutating func nestedContainer<Inner: CodingKey>(
        keyedBy type: Inner.Type
    ) throws -> KeyedDecodingContainer<Inner> {
        currentIndex += 1
        return try ProbeDecoder(record: ProbeRecord(), depth: depth + 1).container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        currentIndex += 1
        return ProbeElements(record: ProbeRecord(), depth: depth + 1)
    }

    mutating func superDecoder() throws -> any Decoder {
        currentIndex += 1
        return ProbeDecoder(record: ProbeRecord(), depth: depth + 1)
    }
}

private struct ProbeSingle: SingleValueDecodingContainer {
    let record: ProbeRecord
    let depth: Int
    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool { false }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let (found, value) = FieldProbe.find(type, depth: depth)
        record.single = found
        return try value.get()
    }
}
