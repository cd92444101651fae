extension StateCodec {
    /// Finds the codec of a type by what it conforms to: ``StateComposite``, ``StateValue``,
    /// ``Record``, `RawRepresentable` by a value that has a codec, or `Codable`, in this order. A tuple is a
    /// record of its elements.
    ///
    /// Values of classes are refused unless they conform to ``StateValue``: a snapshot reads a value
    /// while the job changes its copy, and two copies of a reference are one object.
    ///
    /// - Throws: ``StateFormatError``, naming the type and the mend.
    /// - Complexity: Conformances are looked up at run time; find a codec once and keep it.
    public static func find() throws -> StateCodec<Value> {
        let type = Value.self
        let found: Any?
        if let composite = type as? any StateComposite.Type {
            found = try StateCodecs.composite(composite)
        } else if let value = type as? any StateValue.Type {
            found = StateCodecs.value(value)
        } else if let record = type as? any Record.Type {
            found = try StateCodecs.record(record)
        } else if let raw = type as? any RawRepresentable.Type,
            let codec = try StateCodecs.rawRepresentable(raw)
        {
            found = codec
        } else if let codec = try StateCodecs.tuple(type) {
            return codec
        } else if type is AnyObject.Type {
            throw StateFormatError.isClass(type)
        } else if let codable = type as? any Codable.Type {
            found = StateCodecs.codable(codable)
        } else {
            found = nil
        }
        guard let codec = found as? StateCodec<Value> else { throw StateFormatError.noCodec(type) }
        return codec
    }
}

extension StateFormatError {
    static func noCodec(_ type: Any.Type) -> StateFormatError {
        StateFormatError(
            "\(type) cannot be kept in a checkpoint: conform it to Codable, Record or StateValue")
    }

    static func isClass(_ type: Any.Type) -> StateFormatError {
        StateFormatError(
            "\(type) is a class, which a snapshot cannot tell from its copy that goes on changing: "
                + "make it a struct, or conform it to StateValue if it is never changed in place")
    }
}

/// Makes codecs of types that are known by their conformance alone. Each function gives a
/// `StateCodec` of the type that it was handed.
enum StateCodecs {
    static func composite<Value: StateComposite>(_: Value.Type) throws -> Any {
        let codec = try Value.stateCodec()
        // Parts that are values themselves are written without a call of a function for each; what
        // was written in another form is read part by part all the same.
        guard case .record = codec.shape, let type = Value.self as? any StateValue.Type,
            let direct = value(type) as? StateCodec<Value>, direct.shape == codec.shape
        else { return codec }
        return StateCodec<Value>(
            shape: codec.shape, write: direct.write, read: direct.read, adapt: codec.adapt)
    }

    static func value<Value: StateValue>(_: Value.Type) -> Any {
        StateCodec<Value>(
            shape: Value.stateShape,
            write: { value, output in value.write(to: &output) },
            read: { input in try Value.read(from: &input) },
            adapt: { written in try Value.stateReader(of: written) })
    }

    /// `nil` when the raw value has no codec.
    static func rawRepresentable<Value: RawRepresentable>(_: Value.Type) throws -> Any? {
        guard let raw = try? StateCodec<Value.RawValue>.find() else { return nil }
        return raw.map(sharing: { (value: Value) in value.rawValue }) {
            (raw: Value.RawValue) throws -> Value in
            guard let value = Value(rawValue: raw) else {
                throw StateFormatError("\"\(raw)\" is not a value of \(Value.self)")
            }
            return value
        }
    }
}

extension StateCodec {
    /// The codec of values that stand for this codec's: written as what `unmake` gives, read by
    /// `make`.
    public func map<Other>(
        from unmake: @escaping @Sendable (Other) throws -> Value,
        _ make: @escaping @Sendable (Value) throws -> Other
    ) -> StateCodec<Other> {
        map(sharing: unmake, make)
    }

    /// The same of functions that the compiler cannot prove safe to share.
    func map<Other>(
        sharing unmake: @escaping (Other) throws -> Value,
        _ make: @escaping (Value) throws -> Other
    ) -> StateCodec<Other> {
        let (write, read, base) = (self.write, self.read, self)
        return StateCodec<Other>(
            shape: shape,
            sharing: { value, output in try write(unmake(value), &output) },
            read: { input in try make(read(&input)) },
            adapt: { written in
                let read = try base.reader(of: written)
                return { input in try make(read(&input)) }
            })
    }
}
