/// How one field is read and written in place, the record's and the value's type erased.
///
/// The closures are formed once, where the value's type is known, so each runs specialised. They
/// take the address of the property and capture nothing.
@usableFromInline struct FieldAccess: Sendable {
    @usableFromInline let name: String
    let aliases: [String]
    let documentation: String?
    let unit: String?
    /// Where the property lies in the record; `nil` when it has no storage.
    let offset: Int?
    let isOptional: Bool
    /// Whether an empty text is a value: true of text alone.
    let readsEmptyText: Bool
    /// The type, where decoders read it themselves.
    let quick: QuickType
    let describe: @Sendable (inout SchemaContext) -> FieldType

    // SAFETY: each closure is called only by `RecordLayout`, with the address of a live record of
    // the type that the field was made for, plus `offset`, which `MemoryLayout.offset(of:)` gave for
    // a key path to a property of type `Value`. So the address is aligned and initialised.
    let setNull: @Sendable (UnsafeMutableRawPointer) -> Void
    let isNull: @Sendable (UnsafeMutableRawPointer) -> Bool
    let readText: @Sendable (UnsafeMutableRawPointer, TextCell) throws(FieldError) -> Void
    let readJSON: @Sendable (UnsafeMutableRawPointer, inout JSONReader) throws(FieldError) -> Void
    let readBinary:
        @Sendable (UnsafeMutableRawPointer, inout BinaryReader) throws(FieldError) -> Void
    let writeText: @Sendable (UnsafeMutableRawPointer, inout [UInt8]) -> Void
    let writeJSON: @Sendable (UnsafeMutableRawPointer, inout [UInt8]) -> Void
    let writeBinary: @Sendable (UnsafeMutableRawPointer, inout [UInt8]) -> Void
    let scalar: @Sendable (UnsafeMutableRawPointer) -> FieldScalar
    let fold: @Sendable (UnsafeMutableRawPointer, inout StableHasher) -> Void
    /// Finds out how the field is kept in a checkpoint.
    let stateField: @Sendable () throws -> RecordStateField

    @inlinable init<Value: FieldValue>(
        _: Value.Type, name: String, offset: Int?, aliases: [String], documentation: String?,
        unit: String?
    ) {
        self.init(
            name: name, aliases: aliases, documentation: documentation, unit: unit, offset: offset,
            isOptional: Value.nullField != nil,
            readsEmptyText: Value.self == String.self || Value.self == UTF8String.self,
            quick: QuickType(Value.self),
            describe: { Value.describeField(in: &$0) },
            setNull: { address in
                guard let null = Value.nullField else { return }
                address.assumingMemoryBound(to: Value.self).pointee = null
            },
            isNull: { $0.assumingMemoryBound(to: Value.self).pointee.isNullField },
            readText: { address, cell throws(FieldError) in
                address.assumingMemoryBound(to: Value.self).pointee = try Value.readField(
                    text: cell)
            },
            readJSON: { address, reader throws(FieldError) in
                address.assumingMemoryBound(to: Value.self).pointee = try Value.readField(
                    json: &reader)
            },
            readBinary: { address, reader throws(FieldError) in
                address.assumingMemoryBound(to: Value.self).pointee = try Value.readField(
                    binary: &reader)
            },
            writeText: { $0.assumingMemoryBound(to: Value.self).pointee.writeField(text: &$1) },
            writeJSON: { $0.assumingMemoryBound(to: Value.self).pointee.writeField(json: &$1) },
            writeBinary: { $0.assumingMemoryBound(to: Value.self).pointee.writeField(binary: &$1) },
            scalar: { $0.assumingMemoryBound(to: Value.self).pointee.fieldScalar },
            fold: { $0.assumingMemoryBound(to: Value.self).pointee.foldField(into: &$1) },
            stateField: { try RecordStateField(Value.self) })
    }

    @usableFromInline init(
        name: String, aliases: [String], documentation: String?, unit: String?, offset: Int?,
        isOptional: Bool, readsEmptyText: Bool, quick: QuickType,
        describe: @escaping @Sendable (inout SchemaContext) -> FieldType,
        setNull: @escaping @Sendable (UnsafeMutableRawPointer) -> Void,
        isNull: @escaping @Sendable (UnsafeMutableRawPointer) -> Bool,
        readText:
            @escaping @Sendable (UnsafeMutableRawPointer, TextCell) throws(FieldError) -> Void,
        readJSON:
            @escaping @Sendable (UnsafeMutableRawPointer, inout JSONReader)
            throws(FieldError) -> Void,
        readBinary:
            @escaping @Sendable (UnsafeMutableRawPointer, inout BinaryReader)
            throws(FieldError) -> Void,
        writeText: @escaping @Sendable (UnsafeMutableRawPointer, inout [UInt8]) -> Void,
        writeJSON: @escaping @Sendable (UnsafeMutableRawPointer, inout [UInt8]) -> Void,
        writeBinary: @escaping @Sendable (UnsafeMutableRawPointer, inout [UInt8]) -> Void,
        scalar: @escaping @Sendable (UnsafeMutableRawPointer) -> FieldScalar,
        fold: @escaping @Sendable (UnsafeMutableRawPointer, inout StableHasher) -> Void,
        stateField: @escaping @Sendable () throws -> RecordStateField
    ) {
        self.name = name
        self.aliases = aliases
        self.documentation = documentation
        self.unit = unit
        self.offset = offset
        self.isOptional = isOptional
        self.readsEmptyText = readsEmptyText
        self.quick = quick
        self.describe = describe
        self.setNull = setNull
        self.isNull = isNull
        self.readText = readText
        self.readJSON = readJSON
        self.readBinary = readBinary
        self.writeText = writeText
        self.writeJSON = writeJSON
        self.writeBinary = writeBinary
        self.scalar = scalar
        self.fold = fold
        self.stateField = stateField
    }

    /// What the outside world may know of the field.
    func description(in context: inout SchemaContext) -> FieldDescription {
        FieldDescription(
            name: name, type: describe(&context), isOptional: isOptional, aliases: aliases,
            documentation: documentation, unit: unit)
    }
}
