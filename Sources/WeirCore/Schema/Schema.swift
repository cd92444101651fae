/// The fields of a record type: their names in the outside world and where they lie in memory.
///
/// Making a schema never traps. What is wrong with it is kept and thrown by ``validate()``, which a
/// job calls before it starts.
public struct Schema<R: Sendable>: Sendable {
    @usableFromInline let make: @Sendable () -> R
    @usableFromInline let layout: RecordLayout

    /// Creates the schema of `R`.
    ///
    /// - Parameters:
    ///   - make: Makes a record of default values, into which decoders write: `Flight.init`.
    ///   - fields: The fields, in the order of columns and members.
    @inlinable public init(
        _ make: @escaping @Sendable () -> R, @SchemaBuilder<R> fields: () -> [Field<R>]
    ) {
        self.make = make
        layout = RecordLayout(typeName: "\(R.self)", fields: fields().map(\.access))
    }

    /// The fields as the outside world may know them, in order.
    public var fields: [FieldDescription] { layout.fields }

    /// A hash of the fields' names, types and optionality, not of their documentation.
    ///
    /// The same in every process and version of the program, as long as those are the same.
    public var fingerprint: UInt64 { fields.schemaFingerprint }

    /// Checks that the schema can be used.
    ///
    /// - Throws: ``SchemaError`` for a property without storage, a name or alias given twice, a
    ///   schema without fields, a record that contains itself, or a fault in a nested record.
    public func validate() throws(SchemaError) { try layout.validate() }
}

/// Collects the fields of a ``Schema``.
@resultBuilder
public enum SchemaBuilder<R: Sendable> {
    /// Takes one field; gives `\.name` its root.
    @inlinable public static func buildExpression(_ field: Field<R>) -> [Field<R>] { [field] }
    /// Joins the fields of a block.
    @inlinable public static func buildBlock(_ fields: [Field<R>]...) -> [Field<R>] {
        fields.flatMap(\.self)
    }
    /// Takes the fields of an `if`.
    @inlinable public static func buildOptional(_ fields: [Field<R>]?) -> [Field<R>] {
        fields ?? []
    }
    /// Takes the fields of the first branch.
    @inlinable public static func buildEither(first fields: [Field<R>]) -> [Field<R>] { fields }
    /// Takes the fields of the other branch.
    @inlinable public static func buildEither(second fields: [Field<R>]) -> [Field<R>] { fields }
    /// Joins the fields of a loop.
    @inlinable public static func buildArray(_ fields: [[Field<R>]]) -> [Field<R>] {
        fields.flatMap(\.self)
    }
}
