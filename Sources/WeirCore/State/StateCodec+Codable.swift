// A `Codable` type may encode other members from one value to the next, so each value says its own:
// the binary form of `FieldTree`, the members of objects in the order of their names.

extension StateCodecs {
    static func codable<Value: Codable>(_: Value.Type) -> Any {
        let wanted = StateShape.coded(Value.self)
        let read: (inout StateReader) throws -> Value = { input in
            try readCoded(Value.self, &input)
        }
        return StateCodec<Value>(
            shape: wanted,
            sharing: { value, output in
                do {
                    try FieldTree(encoding: value).sortedMembers.writeBinary(to: &output.bytes)
                } catch {
                    throw StateFormatError(FieldError(coding: error))
                }
            },
            read: read,
            adapt: { written in
                try written.checkReadable(asCoded: wanted)
                return read
            })
    }

    private static func readCoded<Value: Decodable>(
        _: Value.Type, _ input: inout StateReader
    ) throws -> Value {
        let tree = try input.readTree()
        do {
            return try TreeDecoder(tree).decodeAny(Value.self)
        } catch {
            throw StateFormatError(FieldError(coding: error))
        }
    }
}

extension StateShape {
    /// The form of a `Codable` type, with its members as far as they can be found out.
    static func coded<Value: Decodable>(_ type: Value.Type) -> StateShape {
        let (fields, problem) = FieldProbe.fields(of: type)
        guard problem == nil else { return .coded("\(type)", []) }
        return .coded("\(type)", fields.map { Field($0) })
    }

    /// Checks that members which a `Codable` type cannot do without have been written, each as a
    /// value of a kind that it can be read from.
    func checkReadable(asCoded wanted: StateShape) throws {
        guard case .coded(_, let written) = self, case .coded(_, let wantedFields) = wanted else {
            throw StateFormatError.mismatch(written: self, wanted: wanted)
        }
        // A type that was not found out says nothing about what it needs.
        guard !written.isEmpty, !wantedFields.isEmpty else { return }
        let matching = try FieldMatching(written: written, wanted: wantedFields)
        _ = try matching.steps { index, shape in
            try shape.checkMember(readableAs: wantedFields[index].shape)
        }
    }

    private func checkMember(readableAs wanted: StateShape) throws {
        switch (self, wanted) {
        case (.optional(let written), .optional(let wanted)):
            try written.checkMember(readableAs: wanted)
        case (_, .optional(let wanted)): try checkMember(readableAs: wanted)
        case (.array(let written), .array(let wanted)):
            try written.checkMember(readableAs: wanted)
        case (.coded, .coded): try checkReadable(asCoded: wanted)
        case (.signed(let bits), .signed(let wantedBits)) where bits <= wantedBits: return
        case (.unsigned(let bits), .signed(let wantedBits)) where bits < wantedBits: return
        case (.unsigned(let bits), .unsigned(let wantedBits)) where bits <= wantedBits: return
        case (.float(bits: 32), .float(bits: 64)): return
        default:
            guard self == wanted else {
                throw StateFormatError.mismatch(written: self, wanted: wanted)
            }
        }
    }
}

extension StateShape.Field {
    /// A member that a `Codable` type asks for.
    fileprivate init(_ field: FieldDescription) {
        let shape = StateShape(field.type)
        self.init(
            field.name, field.isOptional ? .optional(shape) : shape, hasDefault: field.isOptional)
    }
}

extension StateShape {
    fileprivate init(_ type: FieldType) {
        switch type {
        case .bool: self = .bool
        case .int8: self = .signed(bits: 8)
        case .int16: self = .signed(bits: 16)
        case .int32: self = .signed(bits: 32)
        case .int64: self = .signed(bits: 64)
        case .uint8: self = .unsigned(bits: 8)
        case .uint16: self = .unsigned(bits: 16)
        case .uint32: self = .unsigned(bits: 32)
        case .uint64: self = .unsigned(bits: 64)
        case .float: self = .float(bits: 32)
        case .double: self = .float(bits: 64)
        case .string: self = .string
        case .bytes: self = .bytes
        case .timestamp: self = .timestamp
        case .list(let element): self = .array(StateShape(element))
        case .record(let fields): self = .coded("object", fields.map { Field($0) })
        }
    }
}

extension FieldTree {
    /// The same with the members of each object in the order of their names: those of a dictionary
    /// come in another order in each process.
    fileprivate var sortedMembers: FieldTree {
        switch self {
        case .list(let elements): .list(elements.map(\.sortedMembers))
        case .record(let members):
            .record(
                members.map { Member(name: $0.name, value: $0.value.sortedMembers) }
                    .sorted { $0.name < $1.name })
        default: self
        }
    }
}

extension StateReader {
    /// Reads a value that says its own members.
    mutating func readTree() throws(StateFormatError) -> FieldTree {
        do throws(FieldError) {
            return try withBinaryReader { reader throws(FieldError) in
                try FieldTree.readBinary(&reader)
            }
        } catch {
            throw StateFormatError(error)
        }
    }

    /// Reads by the reader of records, and goes on behind what it took.
    mutating func withBinaryReader<Result>(
        _ body: (inout BinaryReader) throws(FieldError) -> Result
    ) throws(FieldError) -> Result {
        var reader = BinaryReader(UnsafeBufferPointer(start: position, count: left))
        let result = try body(&reader)
        position = reader.position
        return result
    }
}
