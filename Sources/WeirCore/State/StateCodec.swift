/// How values of one type are written to a checkpoint and read back: functions found once, when an
/// operator is made, and then called for each value.
public struct StateCodec<Value>: Sendable {
    /// The form in which values are written.
    public let shape: StateShape
    /// Appends a value.
    ///
    /// Throws what a `Codable` value throws that refuses to be encoded.
    public let write: @Sendable (Value, inout StateWriter) throws -> Void
    /// Reads a value that was written in ``shape``.
    public let read: @Sendable (inout StateReader) throws -> Value
    /// Makes the function that reads values of another form, or throws where that can't be done.
    @usableFromInline let adapt:
        @Sendable (StateShape) throws -> @Sendable (inout StateReader) throws -> Value

    /// Makes a codec of its functions.
    ///
    /// - Parameter adapt: Makes the function that reads what was written in another form;
    ///   `nil`: only the same form is read.
    public init(
        shape: StateShape,
        write: @escaping @Sendable (Value, inout StateWriter) throws -> Void,
        read: @escaping @Sendable (inout StateReader) throws -> Value,
        adapt: (
            @Sendable (StateShape) throws -> @Sendable (inout StateReader) throws -> Value
        )? = nil
    ) {
        self.shape = shape
        self.write = write
        self.read = read
        self.adapt =
            adapt ?? { written in
                throw StateFormatError("cannot be read as \(Value.self) from \(written)")
            }
    }

    /// Makes a codec of functions that the compiler cannot prove safe to share, since they use
    /// conformances of types that it knows by a generic parameter alone.
    ///
    /// - Parameter adapt: Makes the function that reads what was written in another form.
    init(
        shape: StateShape,
        sharing write: @escaping (Value, inout StateWriter) throws -> Void,
        read: @escaping (inout StateReader) throws -> Value,
        adapt: @escaping (StateShape) throws -> (inout StateReader) throws -> Value
    ) {
        self.init(
            shape: shape, write: unsafeBitCast(write, to: Write.self),
            read: unsafeBitCast(read, to: Read.self),
            adapt: unsafeBitCast(adapt, to: Adapt.self))
    }

    // SAFETY: functions that differ in `@Sendable` alone have one representation. What they capture
    // is codecs and metatypes; a conformance that belongs to an actor is not found from outside it, so
    // those that `find` comes upon belong to none.
    private typealias Write = @Sendable (Value, inout StateWriter) throws -> Void
    private typealias Read = @Sendable (inout StateReader) throws -> Value
    private typealias Adapt =
        @Sendable (StateShape) throws -> @Sendable (inout StateReader) throws -> Value

    /// The function that reads values written in the form `written`: the plain one where that is
    /// this codec's own.
    ///
    /// - Throws: ``StateFormatError``, naming the field, where the forms don't go together.
    public func reader(
        of written: StateShape
    ) throws -> @Sendable (inout StateReader) throws -> Value {
        written == shape ? read : try adapt(written)
    }
}
