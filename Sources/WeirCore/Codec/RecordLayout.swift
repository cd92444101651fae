/// The fields of a record type by offset: what all codecs of the type share.
@usableFromInline final class RecordLayout: Sendable {
    let typeName: String
    /// All fields, usable or not.
    let accesses: [FieldAccess]
    /// Those with storage, each with its offset.
    let stored: FrozenTable<StoredField>
    /// The names of `stored`, as members of an object.
    let members: MemberTable
    /// The number of optional fields among `stored`.
    let optionalCount: Int

    @usableFromInline init(typeName: String, fields: [FieldAccess]) {
        self.typeName = typeName
        accesses = fields
        var stored: [StoredField] = []
        for field in fields {
            guard let offset = field.offset else { continue }
            stored.append(StoredField(access: field, offset: offset, isFirst: stored.isEmpty))
        }
        self.stored = FrozenTable(stored)
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

    /// Calls `body` with the place of `record` in memory, for reading only.
    @inline(__always) func withAddress<R>(of record: R, _ body: (UnsafeMutableRawPointer) -> Void) {
        // SAFETY: the closures of a field that read take the same pointer type as those that write,
        // and do not write; the pointer does not outlive the call.
        withUnsafePointer(to: record) { body(UnsafeMutableRawPointer(mutating: $0)) }
    }

    /// Calls `body` with each field of `record`, as a store takes it.
    func forEachScalar<R>(of record: R, _ body: (Int, FieldScalar) -> Void) {
        withAddress(of: record) { base in
            for index in stored.indices {
                body(index, stored[index].access.scalar(base + stored[index].offset))
            }
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
    /// What precedes the value in an object: `{"a":` for the first member, `,"a":` for the others.
    let jsonStart: [UInt8]
    /// What precedes the value in an object of most writers, `"a":`, a word at a time.
    private let key: InlineArray<4, UInt64>
    /// The length of that; 0 where it is too long to be kept.
    private let keyCount: Int

    init(access: FieldAccess, offset: Int, isFirst: Bool) {
        self.access = access
        self.offset = offset
        var start = [isFirst ? UInt8(ascii: "{") : UInt8(ascii: ",")]
        start.append(jsonString: access.name)
        start.append(UInt8(ascii: ":"))
        jsonStart = start
        var key = InlineArray<4, UInt64>(repeating: 0)
        keyCount = start.count <= 33 ? start.count - 1 : 0
        for index in 0..<keyCount {
            key[index / 8] |= UInt64(start[index + 1]) << (8 * (index % 8))
        }
        self.key = key
    }

    /// Whether the member's name and the colon behind it begin at `position`, as most writers write
    /// them: their length; else 0, which says nothing.
    @inline(__always) func keyCount(
        at position: UnsafePointer<UInt8>, end: UnsafePointer<UInt8>
    ) -> Int {
        // Shorter names are read so too, while there is more than names behind them.
        guard end - position >= 32 else { return 0 }
        var left = keyCount
        var place = 0
        while left >= 8 {
            if ByteWord(loading: position + 8 &* place).bits != key[place] { return 0 }
            left &-= 8
            place &+= 1
        }
        guard left > 0 else { return keyCount }
        let word = ByteWord(loading: position + 8 &* place).bits & ByteWord.bits(ofFirst: left)
        return word == key[place] ? keyCount : 0
    }
}
