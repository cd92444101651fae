/// A value that a checkpoint can hold.
///
/// A ``Record`` and any `Codable` type can be kept without conforming; a conformance is faster, and
/// the way for types that are neither. What is read must equal what was written, in any process.
public protocol StateValue: SendableMetatype {
    /// The form that ``write(to:)`` writes.
    static var stateShape: StateShape { get }
    /// Appends the value in that form.
    func write(to output: inout StateWriter)
    /// Reads what ``write(to:)`` wrote.
    ///
    /// - Throws: ``StateFormatError`` for bytes that are cut off or corrupt.
    static func read(from input: inout StateReader) throws -> Self
    /// Makes the function that reads values written in another form, such as that of an earlier
    /// version of the type. Default: reads forms that differ from ``stateShape`` in names of types,
    /// aliases and defaults alone.
    ///
    /// - Throws: ``StateFormatError`` where values of that form cannot be read.
    static func stateReader(
        of written: StateShape
    ) throws -> @Sendable (inout StateReader) throws -> Self
}

extension StateValue {
    public static func stateReader(
        of written: StateShape
    ) throws -> @Sendable (inout StateReader) throws -> Self {
        guard written.hasSameBytes(as: stateShape) else {
            throw StateFormatError.mismatch(written: written, wanted: stateShape)
        }
        return { try read(from: &$0) }
    }
}
