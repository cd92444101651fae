/// How rows of one type are read and written: what a connector needs to know of its records.
///
/// Made from a ``Record``, whose fields are read and written in place, or from any `Codable` type,
/// which goes through its own `init(from:)` and `encode(to:)` and is several times slower.
public struct RowFormat<Row: Sendable>: Sendable {
    @usableFromInline enum Backing: Sendable {
        case record(RecordLayout, make: @Sendable () -> Row)
        case tree(TreeFormat<Row>)
    }

    @usableFromInline let backing: Backing
    /// The fields, in order.
    public let fields: [FieldDescription]
    /// The name of the row's type, for messages.
    public let typeName: String

    /// The format of a record with a schema.
    @inlinable public init(_: Row.Type = Row.self) where Row: Record {
        self.init(
            backing: .record(Row.schema.layout, make: Row.schema.make), fields: Row.schema.fields,
            typeName: "\(Row.self)")
    }

    /// The format of a type that is only `Codable`.
    ///
    /// Its fields are found out by decoding a made-up row; a type whose `init(from:)` refuses that
    /// has none, and ``validate()`` says so.
    @_disfavoredOverload
    public init(_: Row.Type = Row.self) where Row: Codable {
        let format = TreeFormat(Row.self)
        self.init(backing: .tree(format), fields: format.fields, typeName: "\(Row.self)")
    }

    @usableFromInline init(backing: Backing, fields: [FieldDescription], typeName: String) {
        self.backing = backing
        self.fields = fields
        self.typeName = typeName
    }

    /// A hash of the fields' names, types and optionality, the same in every process.
    public var fingerprint: UInt64 { fields.schemaFingerprint }

    /// Checks that rows can be read and written; a job calls this before it starts.
    ///
    /// - Throws: ``SchemaError``, naming the type, the field and the mend.
    public func validate() throws(SchemaError) {
        switch backing {
        case .record(let layout, _): try layout.validate()
        case .tree(let format): try format.validate()
        }
    }

    /// Hands each field of `row` to `visitor`, in order.
    ///
    /// - Throws: ``FieldError`` when a `Codable` row refuses to be encoded; never for a ``Record``.
    public func visit(_ row: Row, with visitor: inout some FieldVisitor) throws(FieldError) {
        switch backing {
        case .record(let layout, _):
            layout.forEachScalar(of: row) { index, scalar in visitor.visit(index, scalar) }
        case .tree(let format):
            let values = try format.fieldValues(of: row)
            for (index, value) in values.enumerated() { visitor.visit(index, value.scalar) }
        }
    }
}
