/// The fields of a record type by offset: what all codecs of the type share.
@usableFromInline struct RecordLayout: Sendable {
    let typeName: String
    /// All fields, usable or not.
    let accesses: [FieldAccess]
    /// Those with storage, each with its offset.
    let stored: [StoredField]
    /// The names of `stored`, as members of an object.
    let members: MemberTable
    /// The number of optional fields among `stored`.
    let optionalCount: Int

    @usableFromInline init(typeName: String, fields: [FieldAccess]) {
        self.typeName = typeName
        accesses = fields
        stored = fields.compactMap { field in
            field.offset.map { StoredField(access: field, offset: $0) }
        }
        members = MemberTable(stored)
        optionalCount = stored.count { $0.access.isOptional }
    }

    /// The fields as the outside world may know them.
    var fields: [FieldDescription] {
        var context = SchemaContext()
        return describe(in: &context)
    }

    func describe(in context: inout SchemaContext) -> [FieldDescription] {
        accesses.map { field in
            context.record = typeName
            context.field = field.name
            return field.description(in: &context)
        }
    }

    func validate() throws(SchemaError) {
        if let problem = ownProblem() { throw problem }
        var context = SchemaContext()
        _ = describe(in: &context)
        if let problem = context.problem { throw problem }
    }

    /// What is wrong with this schema, nested ones aside.
    func ownProblem() -> SchemaError? {
        guard !accesses.isEmpty else { return .noFields(record: typeName) }
        var names = Set<String>()
        for field in accesses {
            for name in [field.name] + field.aliases {
                if name.isEmpty { return .emptyName(record: typeName) }
                if !names.insert(name).inserted {
                    return .duplicateName(record: typeName, name: name)
                }
            }
            if field.offset == nil { return .notStored(record: typeName, field: field.name) }
        }
        return nil
    }
}

/// A field with its place in the record.
struct StoredField: Sendable {
    let access: FieldAccess
    let offset: Int
    /// What precedes the value in an object, for the first member and the others: `{"a":`, `,"a":`.
    let jsonStart: [UInt8]
    let jsonNext: [UInt8]

    init(access: FieldAccess, offset: Int) {
        self.access = access
        self.offset = offset
        var name: [UInt8] = []
        name.append(jsonString: access.name)
        name.append(UInt8(ascii: ":"))
        jsonStart = [UInt8(ascii: "{")] + name
        jsonNext = [UInt8(ascii: ",")] + name
    }
}
