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

    func encode(_ row: Row) throws(FieldError) -> FieldTree {
        do {
            return try encoding(row)
        } catch {
            throw FieldError(coding: error)
        }
    }

    /// The values of the fields of `row`, in the order of ``fields``; null where it wrote none.
    func fieldValues(of row: Row) throws(FieldError) -> [FieldTree] {
        guard case .record(let members) = try encode(row) else {
            throw FieldError("\(typeName) does not encode itself as named fields")
        }
        return fields.map { field in
            members.first { $0.name == field.name }?.value ?? .null
        }
    }
}
