/// A case of a choice: its name, and how its value is got and put in.
public struct StateCase<Root>: Sendable {
    let field: StateShape.Field
    /// Appends the value where `Root` is of this case; answers whether it is.
    let write: @Sendable (Root, UInt64, inout StateWriter) throws -> Bool
    let read: @Sendable (inout StateReader) throws -> Root
    let reader: @Sendable (StateShape) throws -> @Sendable (inout StateReader) throws -> Root

    /// A case with a value of its own.
    ///
    /// - Parameters:
    ///   - name: The name in the checkpoint, which must stay as it is.
    ///   - aliases: Earlier names.
    ///   - get: The value, `nil` for other cases.
    ///   - make: Makes the choice of a value.
    /// - Throws: ``StateFormatError`` when the value has no codec.
    public init<Value>(
        _ name: String, aliases: [String] = [], _ get: @escaping @Sendable (Root) -> Value?,
        make: @escaping @Sendable (Value) throws -> Root
    ) throws {
        let codec: StateCodec<Value>
        do {
            codec = try StateCodec<Value>.find()
        } catch {
            throw StateFormatError.within(name, error)
        }
        self.init(name, aliases: aliases, codec, get, make: make)
    }

    /// A case without a value.
    ///
    /// - Parameter isCase: Whether a choice is of this case.
    public init(
        _ name: String, aliases: [String] = [], when isCase: @escaping @Sendable (Root) -> Bool,
        make: @escaping @Sendable () -> Root
    ) {
        field = StateShape.Field(name, .unit, aliases: aliases)
        write = { root, number, output in
            guard isCase(root) else { return false }
            output.write(varint: number)
            return true
        }
        read = { _ in make() }
        reader = { written in
            guard written == .unit else {
                throw StateFormatError.mismatch(written: written, wanted: .unit)
            }
            return { _ in make() }
        }
    }

    /// A case with a value whose codec is given.
    public init<Value>(
        _ name: String, aliases: [String] = [], _ codec: StateCodec<Value>,
        _ get: @escaping @Sendable (Root) -> Value?,
        make: @escaping @Sendable (Value) throws -> Root
    ) {
        field = StateShape.Field(name, codec.shape, aliases: aliases)
        write = { root, number, output in
            guard let value = get(root) else { return false }
            output.write(varint: number)
            try codec.write(value, &output)
            return true
        }
        read = { input in try make(codec.read(&input)) }
        reader = { written in
            let read = try codec.reader(of: written)
            return { input in try make(read(&input)) }
        }
    }
}

extension StateCodec {
    /// Makes the codec of a choice among cases; each value must be of one of them.
    ///
    /// A value of the `n`-th case is written as `n` and the case's own value. Cases are matched by
    /// name when an earlier version is read, so they may be added and moved, and not taken away.
    public static func variant(_ name: String, _ cases: [StateCase<Value>]) -> StateCodec {
        let shape = StateShape.variant(name, cases.map(\.field))
        let readers = cases.map(\.read)
        return StateCodec(
            shape: shape,
            write: { value, output in
                for (number, choice) in cases.enumerated() {
                    if try choice.write(value, UInt64(number), &output) { return }
                }
                throw StateFormatError("a value of \(name) is of none of its cases")
            },
            read: Self.choice(name, among: readers),
            adapt: { written in
                guard case .variant(name, let fields) = written else {
                    throw StateFormatError.mismatch(written: written, wanted: shape)
                }
                return Self.choice(name, among: try adapted(cases, to: fields))
            })
    }

    private static func choice(
        _ name: String, among readers: [@Sendable (inout StateReader) throws -> Value]
    ) -> @Sendable (inout StateReader) throws -> Value {
        { input in
            let number = try input.readVarint()
            guard number < UInt64(readers.count) else {
                throw StateFormatError("there is no case \(number) of \(name)")
            }
            return try readers[Int(number)](&input)
        }
    }

    private static func adapted(
        _ cases: [StateCase<Value>], to written: [StateShape.Field]
    ) throws -> [@Sendable (inout StateReader) throws -> Value] {
        try written.map { field in
            let choice =
                cases.first { $0.field.name == field.name }
                ?? cases.first { $0.field.aliases.contains(field.name) }
                ?? cases.first { field.aliases.contains($0.field.name) }
            guard let choice else {
                throw StateFormatError(
                    "is a case of the state that was saved, and no longer one of its type: put it "
                        + "back, or name it as the alias of another",
                    field: field.name)
            }
            do {
                return try choice.reader(field.shape)
            } catch {
                throw StateFormatError.within(field.name, error)
            }
        }
    }
}
