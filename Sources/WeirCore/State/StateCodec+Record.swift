/// A field of a composite value: its name, and how it is got.
public struct StateField<Root, Value>: Sendable {
    let name: String
    let aliases: [String]
    let fallback: (@Sendable () -> Value)?
    let get: @Sendable (Root) -> Value

    /// Describes a field.
    ///
    /// - Parameters:
    ///   - name: The name in the checkpoint, which must stay as it is.
    ///   - aliases: Earlier names.
    ///   - fallback: Makes the value where an older checkpoint has none; an optional field has `nil`
    ///     without saying so.
    ///   - get: Gives the field of a value.
    public init(
        _ name: String, aliases: [String] = [],
        default fallback: (@Sendable () -> Value)? = nil,
        _ get: @escaping @Sendable (Root) -> Value
    ) {
        self.name = name
        self.aliases = aliases
        self.fallback = fallback ?? Self.absence
        self.get = get
    }

    /// Makes `nil` of the type, where it has that.
    static var absence: (@Sendable () -> Value)? {
        guard let optional = Value.self as? any StateWithAbsence.Type,
            let absence = optional.absence as? Value
        else { return nil }
        // `nil` has nothing in it that threads could share, whatever it is the absence of.
        nonisolated(unsafe) let shared = absence
        return { shared }
    }
}

/// An optional, known by its conformance alone.
private protocol StateWithAbsence: SendableMetatype {
    static var absence: Any { get }
}

extension Optional: StateWithAbsence {
    fileprivate static var absence: Any { Self.none as Any }
}

/// A field with its codec.
struct BoundStateField<Root, Value> {
    // Functions alone, which a closure captures one by one: to copy a codec out of what is captured,
    // at each call, costs more than the call.
    let write: @Sendable (Root, inout StateWriter) throws -> Void
    let read: @Sendable (inout StateReader) throws -> Value
    let slot: StateSlot

    init(_ field: StateField<Root, Value>) throws {
        let codec: StateCodec<Value>
        do {
            codec = try StateCodec<Value>.find()
        } catch {
            throw StateFormatError.within(field.name, error)
        }
        var makeDefault: (@Sendable () -> Any)?
        if let fallback = field.fallback { makeDefault = { fallback() } }
        let (get, write) = (field.get, codec.write)
        self.write = { root, output in try write(get(root), &output) }
        read = codec.read
        slot = StateSlot(
            field: StateShape.Field(
                field.name, codec.shape, aliases: field.aliases, hasDefault: makeDefault != nil),
            makeDefault: makeDefault,
            reader: { written in
                let read = try codec.reader(of: written)
                return { input in try read(&input) }
            })
    }
}

/// A field whose type is erased, for reading records of another form.
struct StateSlot: Sendable {
    let field: StateShape.Field
    let makeDefault: (@Sendable () -> Any)?
    let reader: @Sendable (StateShape) throws -> @Sendable (inout StateReader) throws -> Any
}

/// The values of a record that was written in another form.
struct StateSlotValues {
    fileprivate var values: [Any?]

    /// The value of a field.
    func value<Value>(_ index: Int, as type: Value.Type = Value.self) throws -> Value {
        guard let value = values[index] as? Value else {
            throw StateFormatError("a field is not of type \(Value.self)")
        }
        return value
    }
}

extension StateCodec {
    /// Makes the codec of a record of erased fields: `adapt` is put together from those.
    static func record(
        _ name: String, _ slots: [StateSlot],
        write: @escaping @Sendable (Value, inout StateWriter) throws -> Void,
        read: @escaping @Sendable (inout StateReader) throws -> Value,
        make: @escaping @Sendable (StateSlotValues) throws -> Value
    ) -> StateCodec {
        let wanted = StateShape.record(name, slots.map(\.field))
        return StateCodec(
            shape: wanted, write: write, read: read,
            adapt: { written in
                guard case .record(_, let fields) = written else {
                    throw StateFormatError.mismatch(written: written, wanted: wanted)
                }
                let plan = try FieldMatching(written: fields, wanted: slots.map(\.field))
                let steps = try plan.steps { index, shape in try slots[index].reader(shape) }
                let defaults = slots.map(\.makeDefault)
                return { input in
                    var read = StateSlotValues(values: Array(repeating: nil, count: defaults.count))
                    for step in steps {
                        switch step {
                        case .skip(let shape): try shape.skip(&input)
                        case .read(let index, let reader): read.values[index] = try reader(&input)
                        }
                    }
                    for index in plan.missing { read.values[index] = defaults[index]?() }
                    return try make(read)
                }
            })
    }

    /// Makes the codec of values with one field.
    public static func record<A>(
        _ name: String, _ first: StateField<Value, A>,
        make: @escaping @Sendable (A) throws -> Value
    ) throws -> StateCodec {
        let a = try BoundStateField(first)
        let (writeA, readA) = (a.write, a.read)
        return record(
            name, [a.slot],
            write: { value, output in try writeA(value, &output) },
            read: { input in try make(readA(&input)) },
            make: { try make($0.value(0)) })
    }

    /// Makes the codec of values with two fields.
    public static func record<A, B>(
        _ name: String, _ first: StateField<Value, A>, _ second: StateField<Value, B>,
        make: @escaping @Sendable (A, B) throws -> Value
    ) throws -> StateCodec {
        let (a, b) = (try BoundStateField(first), try BoundStateField(second))
        let (writeA, writeB) = (a.write, b.write)
        let (readA, readB) = (a.read, b.read)
        return record(
            name, [a.slot, b.slot],
            write: { value, output in
                try writeA(value, &output)
                try writeB(value, &output)
            },
            read: { input in try make(readA(&input), readB(&input)) },
            make: { try make($0.value(0), $0.value(1)) })
    }

    /// Makes the codec of values with three fields.
    public static func record<A, B, C>(
        _ name: String, _ first: StateField<Value, A>, _ second: StateField<Value, B>,
        _ third: StateField<Value, C>, make: @escaping @Sendable (A, B, C) throws -> Value
    ) throws -> StateCodec {
        let (a, b) = (try BoundStateField(first), try BoundStateField(second))
        let c = try BoundStateField(third)
        let (writeA, writeB, writeC) = (a.write, b.write, c.write)
        let (readA, readB, readC) = (a.read, b.read, c.read)
        return record(
            name, [a.slot, b.slot, c.slot],
            write: { value, output in
                try writeA(value, &output)
                try writeB(value, &output)
                try writeC(value, &output)
            },
            read: { input in try make(readA(&input), readB(&input), readC(&input)) },
            make: { try make($0.value(0), $0.value(1), $0.value(2)) })
    }

    /// Makes the codec of values with four fields.
    public static func record<A, B, C, D>(
        _ name: String, _ first: StateField<Value, A>, _ second: StateField<Value, B>,
        _ third: StateField<Value, C>, _ fourth: StateField<Value, D>,
        make: @escaping @Sendable (A, B, C, D) throws -> Value
    ) throws -> StateCodec {
        let (a, b) = (try BoundStateField(first), try BoundStateField(second))
        let (c, d) = (try BoundStateField(third), try BoundStateField(fourth))
        let (writeA, writeB, writeC, writeD) = (a.write, b.write, c.write, d.write)
        let (readA, readB, readC, readD) = (a.read, b.read, c.read, d.read)
        return record(
            name, [a.slot, b.slot, c.slot, d.slot],
            write: { value, output in
                try writeA(value, &output)
                try writeB(value, &output)
                try writeC(value, &output)
                try writeD(value, &output)
            },
            read: { input in
                try make(readA(&input), readB(&input), readC(&input), readD(&input))
            },
            make: { try make($0.value(0), $0.value(1), $0.value(2), $0.value(3)) })
    }

    /// Makes the codec of values with five fields.
    public static func record<A, B, C, D, E>(
        _ name: String, _ first: StateField<Value, A>, _ second: StateField<Value, B>,
        _ third: StateField<Value, C>, _ fourth: StateField<Value, D>,
        _ fifth: StateField<Value, E>, make: @escaping @Sendable (A, B, C, D, E) throws -> Value
    ) throws -> StateCodec {
        let (a, b) = (try BoundStateField(first), try BoundStateField(second))
        let (c, d) = (try BoundStateField(third), try BoundStateField(fourth))
        let e = try BoundStateField(fifth)
        let (writeA, writeB, writeC, writeD, writeE) = (a.write, b.write, c.write, d.write, e.write)
        let (readA, readB, readC, readD, readE) = (a.read, b.read, c.read, d.read, e.read)
        return record(
            name, [a.slot, b.slot, c.slot, d.slot, e.slot],
            write: { value, output in
                try writeA(value, &output)
                try writeB(value, &output)
                try writeC(value, &output)
                try writeD(value, &output)
                try writeE(value, &output)
            },
            read: { input in
                try make(
                    readA(&input), readB(&input), readC(&input), readD(&input), readE(&input))
            },
            make: { try make($0.value(0), $0.value(1), $0.value(2), $0.value(3), $0.value(4)) })
    }

    /// Makes the codec of values with six fields; those with more keep some in a record of their own.
    public static func record<A, B, C, D, E, F>(
        _ name: String, _ first: StateField<Value, A>, _ second: StateField<Value, B>,
        _ third: StateField<Value, C>, _ fourth: StateField<Value, D>,
        _ fifth: StateField<Value, E>, _ sixth: StateField<Value, F>,
        make: @escaping @Sendable (A, B, C, D, E, F) throws -> Value
    ) throws -> StateCodec {
        let (a, b) = (try BoundStateField(first), try BoundStateField(second))
        let (c, d) = (try BoundStateField(third), try BoundStateField(fourth))
        let (e, f) = (try BoundStateField(fifth), try BoundStateField(sixth))
        let (writeA, writeB, writeC, writeD, writeE, writeF) = (
            a.write, b.write, c.write, d.write, e.write, f.write
        )
        let (readA, readB, readC, readD, readE, readF) = (
            a.read, b.read, c.read, d.read, e.read, f.read
        )
        return record(
            name, [a.slot, b.slot, c.slot, d.slot, e.slot, f.slot],
            write: { value, output in
                try writeA(value, &output)
                try writeB(value, &output)
                try writeC(value, &output)
                try writeD(value, &output)
                try writeE(value, &output)
                try writeF(value, &output)
            },
            read: { input in
                try make(
                    readA(&input), readB(&input), readC(&input), readD(&input), readE(&input),
                    readF(&input))
            },
            make: {
                try make(
                    $0.value(0), $0.value(1), $0.value(2), $0.value(3), $0.value(4), $0.value(5))
            })
    }
}
