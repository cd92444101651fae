/// The format of a type that is only `Codable`, through ``FieldTree``.
@usableFromInline struct TreeFormat<Row: Sendable>: Sendable {
    let typeName: String
    let fields: [FieldDescription]
    let problem: SchemaError?
    private let decoding: @Sendable (FieldTree) throws -> Row
    private let encoding: @Sendable (Row) throws -> FieldTree

    init(_: Row.Type) where Row: Codable {
        typeName = "\(Row.self)"
        (fields, problem) = FieldProbe.fields(of: Row.self)
        decoding = { try Row(from: TreeDecoder($0)) }
        encoding = { try FieldTree(encoding: $0) }
    }

    func validate() throws(SchemaError) {
        if let problem { throw problem }
    }

    @usableFromInline func decodeRow(_ tree: FieldTree) throws(FieldError) -> Row {
        do {
            return try decoding(tree)
        } catch {
            throw FieldError(coding: error)
        }
    }

    /// What `row` encodes itself as: the fields in their order, null where it wrote none, then
    /// whatever else it wrote.
    func encode(_ row: Row) throws(FieldError) -> FieldTree {
        let tree: FieldTree
        do {
            tree = try encoding(row)
        } catch {
            throw FieldError(coding: error)
        }
        guard case .record(let written) = tree else { return tree }
        if written.map(\.name) == fields.map(\.name) { return tree }
        var others = written
        var members: [FieldTree.Member] = []
        for field in fields {
            guard let index = others.firstIndex(where: { $0.name == field.name }) else {
                members.append(FieldTree.Member(name: field.name, value: .null))
                continue
            }
            members.append(others.remove(at: index))
        }
        return .record(members + others)
    }

    /// The values of the fields of `row`, in their order.
    func fieldValues(of row: Row) throws(FieldError) -> [FieldTree] {
        guard case .record(let members) = try encode(row) else {
            throw FieldError("\(typeName) does not encode itself as named fields")
        }
        return members.prefix(fields.count).map(\.value)
    }
}
