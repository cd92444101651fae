import Foundation

extension FieldTree {
    /// What `value` encodes itself as.
    init(encoding value: some Encodable) throws {
        self = try TreeEncoder.tree(of: value, codingPath: [])
    }
}

/// A place in the tree that is being written: containers fill it while the type encodes itself.
private final class TreeNode {
    var content = Content.empty

    enum Content {
        case empty
        case value(FieldTree)
        case list([TreeNode])
        case record([(name: String, node: TreeNode)])
    }

    var tree: FieldTree {
        switch content {
        case .empty: .record([])
        case .value(let value): value
        case .list(let nodes): .list(nodes.map(\.tree))
        case .record(let members):
            .record(members.map { FieldTree.Member(name: $0.name, value: $0.node.tree) })
        }
    }

    func becomeRecord() {
        if case .record = content { return }
        content = .record([])
    }

    func becomeList() {
        if case .list = content { return }
        content = .list([])
    }

    /// The node of a member; written a second time, it is replaced.
    func member(_ name: String) -> TreeNode {
        let node = TreeNode()
        guard case .record(var members) = content else { return node }
        if let index = members.firstIndex(where: { $0.name == name }) {
            members[index].node = node
        } else {
            members.append((name, node))
        }
        content = .record(members)
        return node
    }

    func element() -> TreeNode {
        let node = TreeNode()
        guard case .list(var nodes) = content else { return node }
        nodes.append(node)
        content = .list(nodes)
        return node
    }

    var elementCount: Int {
        if case .list(let nodes) = content { nodes.count } else { 0 }
    }
}

/// Takes what a type's `encode(to:)` writes, as a ``FieldTree``.
private struct TreeEncoder: Encoder {
    let node: TreeNode
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    static func tree<Value: Encodable>(
        of value: Value, codingPath: [any CodingKey]
    ) throws -> FieldTree {
        if let known = known(value) { return known }
        // By the static type: an empty array of anything can be cast to an array of bytes.
        if Value.self == [UInt8].self, let bytes = value as? [UInt8] { return .bytes(bytes) }
        let node = TreeNode()
        try value.encode(to: TreeEncoder(node: node, codingPath: codingPath))
        return node.tree
    }

    /// The tree of a value whose type the formats know.
    private static func known(_ value: Any) -> FieldTree? {
        switch value {
        case let value as String: .string(value)
        case let value as UTF8String: .string(String(value))
        case let value as Int: .int(Int64(value))
        case let value as Double: .double(value)
        case let value as Bool: .bool(value)
        case let value as Float: .float(value)
        case let value as Timestamp: .timestamp(value)
        case let value as Data: .bytes(Array(value))
        case let value as Date: .date(value.timeIntervalSinceReferenceDate)
        case let value as URL: .string(value.absoluteString)
        case let value as any FixedWidthInteger: integer(value)
        default: nil
        }
    }

    private static func integer(_ value: some FixedWidthInteger) -> FieldTree? {
        Int64(exactly: value).map { .int($0) } ?? UInt64(exactly: value).map { .uint($0) }
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        node.becomeRecord()
        return KeyedEncodingContainer(Members(node: node, codingPath: codingPath))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        node.becomeList()
        return Elements(node: node, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        Single(node: node, codingPath: codingPath)
    }

    struct Members<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let node: TreeNode
        let codingPath: [any CodingKey]

        func encodeNil(forKey key: Key) { node.member(key.stringValue).content = .value(.null) }

        func encode(_ value: some Encodable, forKey key: Key) throws {
            let tree = try TreeEncoder.tree(of: value, codingPath: codingPath + [key])
            node.member(key.stringValue).content = .value(tree)
        }

        func nestedContainer<Inner: CodingKey>(
            keyedBy type: Inner.Type, forKey key: Key
        ) -> KeyedEncodingContainer<Inner> {
            encoder(key).container(keyedBy: type)
        }
        func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
            encoder(key).unkeyedContainer()
        }
        func superEncoder() -> any Encoder {
            TreeEncoder(node: node.member("super"), codingPath: codingPath)
        }
        func superEncoder(forKey key: Key) -> any Encoder { encoder(key) }

        private func encoder(_ key: Key) -> TreeEncoder {
            TreeEncoder(node: node.member(key.stringValue), codingPath: codingPath + [key])
        }
    }

    struct Elements: UnkeyedEncodingContainer {
        let node: TreeNode
        let codingPath: [any CodingKey]
        var count: Int { node.elementCount }

        func encodeNil() { node.element().content = .value(.null) }

        func encode(_ value: some Encodable) throws {
            let tree = try TreeEncoder.tree(of: value, codingPath: codingPath + [ElementKey(count)])
            node.element().content = .value(tree)
        }

        func nestedContainer<Inner: CodingKey>(
            keyedBy type: Inner.Type
        ) -> KeyedEncodingContainer<Inner> {
            encoder().container(keyedBy: type)
        }
        func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
            encoder().unkeyedContainer()
        }
        func superEncoder() -> any Encoder { encoder() }

        private func encoder() -> TreeEncoder {
            let path = codingPath + [ElementKey(count)]
            return TreeEncoder(node: node.element(), codingPath: path)
        }
    }

    struct Single: SingleValueEncodingContainer {
        let node: TreeNode
        let codingPath: [any CodingKey]

        func encodeNil() { node.content = .value(.null) }

        func encode(_ value: some Encodable) throws {
            node.content = .value(try TreeEncoder.tree(of: value, codingPath: codingPath))
        }
    }
}
