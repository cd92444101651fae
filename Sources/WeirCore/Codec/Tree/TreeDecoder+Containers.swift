/// The members of an object, by key.
struct TreeMembers<Key: CodingKey>: KeyedDecodingContainerProtocol {
    private let members: [FieldTree.Member]
    let codingPath: [any CodingKey]

    init(_ members: [FieldTree.Member], codingPath: [any CodingKey]) {
        self.members = members
        self.codingPath = codingPath
    }

    var allKeys: [Key] { members.compactMap { Key(stringValue: $0.name) } }

    func contains(_ key: Key) -> Bool { value(key) != nil }

    func decodeNil(forKey key: Key) throws -> Bool { try decoder(key).decodeNil() }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try decoder(key).decodeAny(type)
    }

    func decodeIfPresent<Value: Decodable>(
        _ type: Value.Type, forKey key: Key
    ) throws -> Value? {
        guard let value = value(key), !value.isNull else { return nil }
        return try TreeDecoder(value, parentPath: codingPath, key: key).decodeAny(type)
    }

    func nestedContainer<Inner: CodingKey>(
        keyedBy type: Inner.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Inner> {
        try decoder(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try decoder(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder {
        TreeDecoder(members.first { $0.name == "super" }?.value ?? .null, parentPath: codingPath)
    }

    func superDecoder(forKey key: Key) throws -> any Decoder { try decoder(key) }

    private func value(_ key: Key) -> FieldTree? {
        let name = key.stringValue
        return members.first { $0.name == name }?.value
    }

    private func decoder(_ key: Key) throws -> TreeDecoder {
        guard let value = value(key) else {
            throw DecodingError.keyNotFound(
                key,
                .init(
                    codingPath: codingPath,
                    debugDescription: "is not in the object, and the property is not optional"))
        }
        return TreeDecoder(value, parentPath: codingPath, key: key)
    }
}

/// The elements of an array, one after another.
struct TreeElements: UnkeyedDecodingContainer {
    private let elements: [FieldTree]
    let codingPath: [any CodingKey]
    private(set) var currentIndex = 0

    init(_ elements: [FieldTree], codingPath: [any CodingKey]) {
        self.elements = elements
        self.codingPath = codingPath
    }

    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }

    mutating func decodeNil() throws -> Bool {
        guard try current().decodeNil() else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let value = try current().decodeAny(type)
        currentIndex += 1
        return value
    }

    mutating func nestedContainer<Inner: CodingKey>(
        keyedBy type: Inner.Type
    ) throws -> KeyedDecodingContainer<Inner> {
        let container = try current().container(keyedBy: type)
        currentIndex += 1
        return container
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        let container = try current().unkeyedContainer()
        currentIndex += 1
        return container
    }

    mutating func superDecoder() throws -> any Decoder {
        let decoder = try current()
        currentIndex += 1
        return decoder
    }

    private func current() throws -> TreeDecoder {
        let key = ElementKey(currentIndex)
        guard !isAtEnd else {
            throw DecodingError.valueNotFound(
                FieldTree.self,
                .init(
                    codingPath: codingPath + [key], debugDescription: "the array ends too early"))
        }
        return TreeDecoder(elements[currentIndex], parentPath: codingPath, key: key)
    }
}

/// The key of an element: its index.
struct ElementKey: CodingKey {
    let index: Int
    init(_ index: Int) { self.index = index }
    init?(stringValue: String) { return nil }
    init?(intValue: Int) { index = intValue }
    var stringValue: String { "\(index)" }
    var intValue: Int? { index }
}

extension FieldError {
    /// What a type's own coding threw, with its path as the field.
    init(coding error: any Error) {
        switch error {
        case let error as FieldError: self = error
        case DecodingError.keyNotFound(let key, let context):
            self.init(
                context.debugDescription, field: Self.path(context.codingPath + [key]))
        case DecodingError.typeMismatch(_, let context),
            DecodingError.valueNotFound(_, let context),
            DecodingError.dataCorrupted(let context):
            self.init(context.debugDescription, field: Self.path(context.codingPath))
        case EncodingError.invalidValue(_, let context):
            self.init(context.debugDescription, field: Self.path(context.codingPath))
        default: self.init("\(error)")
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String? {
        keys.isEmpty ? nil : keys.map(\.stringValue).joined(separator: ".")
    }
}
