// A record with a schema: its fields one after another, each in the form of its type, read and
// written in place.

/// How one field of a record is kept: found when a codec is made, so that records cost nothing more
/// where nothing is checkpointed.
@usableFromInline struct RecordStateField: Sendable {
    let shape: StateShape
    /// Whether the binary form of the field's type, written by code that knows the type, is the same.
    let isPlain: Bool
    // SAFETY: called with the address of a live record's property, as the closures of `FieldAccess`.
    let write: @Sendable (UnsafeMutableRawPointer, inout StateWriter) throws -> Void
    let read: @Sendable (UnsafeMutableRawPointer, inout StateReader) throws -> Void
    let reader:
        @Sendable (StateShape) throws ->
            @Sendable (UnsafeMutableRawPointer, inout StateReader)
            throws -> Void

    @usableFromInline init<Value>(_: Value.Type) throws {
        let codec = try StateCodec<Value>.find()
        let (write, read) = (codec.write, codec.read)
        shape = codec.shape
        isPlain = Value.self is any PlainStateField.Type
        self.write = { address, output in
            try write(address.assumingMemoryBound(to: Value.self).pointee, &output)
        }
        self.read = { address, input in
            address.assumingMemoryBound(to: Value.self).pointee = try read(&input)
        }
        reader = { written in
            let read = try codec.reader(of: written)
            return { address, input in
                address.assumingMemoryBound(to: Value.self).pointee = try read(&input)
            }
        }
    }
}

/// A type whose binary form as a ``FieldValue`` is that of its ``StateShape``; of an optional, after
/// the byte that says whether there is a value.
private protocol PlainStateField {}
extension Bool: PlainStateField {}
extension Int: PlainStateField {}
extension Int8: PlainStateField {}
extension Int16: PlainStateField {}
extension Int32: PlainStateField {}
extension Int64: PlainStateField {}
extension UInt: PlainStateField {}
extension UInt8: PlainStateField {}
extension UInt16: PlainStateField {}
extension UInt32: PlainStateField {}
extension UInt64: PlainStateField {}
extension Float: PlainStateField {}
extension Double: PlainStateField {}
extension String: PlainStateField {}
extension UTF8String: PlainStateField {}
extension Timestamp: PlainStateField {}
extension Optional: PlainStateField where Wrapped: PlainStateField {}

/// A field of a record with its place.
private struct PlacedStateField: Sendable {
    let name: String
    let offset: Int
    let form: RecordStateField
}

extension RecordLayout {
    /// Appends the fields of `record`, one after another.
    fileprivate func writeState<R>(
        _ record: R, _ fields: FrozenTable<PlacedStateField>, to output: inout StateWriter
    ) throws {
        try withUnsafePointer(to: record) { pointer in
            // SAFETY: the closures that write read through the pointer and keep it not.
            let base = UnsafeMutableRawPointer(mutating: pointer)
            for index in stored.indices {
                let address = base + stored[index].offset
                guard fields[index].form.isPlain else {
                    try fields[index].form.write(address, &output)
                    continue
                }
                if stored[index].access.isOptional {
                    let isNull = stored[index].access.isNull(address)
                    output.write(byte: isNull ? 0 : 1)
                    if isNull { continue }
                }
                stored[index].access.writeBinary(address, &output.bytes)
            }
        }
    }

    /// Reads what ``writeState(_:_:to:)`` wrote into `record`, in place.
    fileprivate func readState<R>(
        into record: inout R, _ fields: FrozenTable<PlacedStateField>, _ input: inout StateReader
    ) throws {
        try withUnsafeMutablePointer(to: &record) { pointer in
            let base = UnsafeMutableRawPointer(pointer)
            for index in stored.indices {
                do {
                    try readState(
                        index, at: base + stored[index].offset, fields[index].form.isPlain,
                        fields, &input)
                } catch {
                    throw StateFormatError.within(stored[index].access.name, error)
                }
            }
        }
    }

    @inline(__always)
    private func readState(
        _ index: Int, at address: UnsafeMutableRawPointer, _ isPlain: Bool,
        _ fields: FrozenTable<PlacedStateField>, _ input: inout StateReader
    ) throws {
        guard isPlain else { return try fields[index].form.read(address, &input) }
        if stored[index].access.isOptional, try !Bool.read(from: &input) {
            return stored[index].access.setNull(address)
        }
        do throws(FieldError) {
            try input.withBinaryReader { reader throws(FieldError) in
                try stored[index].access.readBinary(address, &reader)
            }
        } catch {
            throw StateFormatError(error)
        }
    }
}

extension StateCodecs {
    static func record<Value: Record>(_: Value.Type) throws -> Any {
        let schema = Value.schema
        do {
            try schema.validate()
        } catch {
            throw StateFormatError("\(error)")
        }
        let placed = try schema.layout.stored.indices.map { try schema.layout.stateField($0) }
        let names = schema.layout.stored.indices.map { schema.layout.stored[$0].access }
        // `make` gives every field a value, so each can be missing in what was saved.
        let fields = zip(placed, names).map { field, access in
            StateShape.Field(
                field.name, field.form.shape, aliases: access.aliases, hasDefault: true)
        }
        let shape = StateShape.record("\(Value.self)", fields)
        let table = FrozenTable(placed)
        let (layout, make) = (schema.layout, schema.make)
        return StateCodec<Value>(
            shape: shape,
            write: { record, output in try layout.writeState(record, table, to: &output) },
            read: { input in
                var record = make()
                try layout.readState(into: &record, table, &input)
                return record
            },
            adapt: { written in
                guard case .record(_, let writtenFields) = written else {
                    throw StateFormatError.mismatch(written: written, wanted: shape)
                }
                return try evolvingReader(schema, placed, fields, writtenFields)
            })
    }

    /// Reads records of another form into ones of default values.
    private static func evolvingReader<Value: Record>(
        _ schema: Schema<Value>, _ placed: [PlacedStateField], _ fields: [StateShape.Field],
        _ written: [StateShape.Field]
    ) throws -> @Sendable (inout StateReader) throws -> Value {
        let matching = try FieldMatching(written: written, wanted: fields)
        let steps = try matching.steps { index, shape in try placed[index].form.reader(shape) }
        return { input in
            var record = schema.make()
            try withUnsafeMutablePointer(to: &record) { pointer in
                let base = UnsafeMutableRawPointer(pointer)
                for step in steps {
                    switch step {
                    case .skip(let shape): try shape.skip(&input)
                    case .read(let index, let read):
                        do {
                            try read(base + placed[index].offset, &input)
                        } catch {
                            throw StateFormatError.within(placed[index].name, error)
                        }
                    }
                }
            }
            return record
        }
    }
}

extension RecordLayout {
    fileprivate func stateField(_ index: Int) throws -> PlacedStateField {
        let access = stored[index].access
        do {
            return PlacedStateField(
                name: access.name, offset: stored[index].offset, form: try access.stateField())
        } catch {
            throw StateFormatError.within(access.name, error)
        }
    }
}
