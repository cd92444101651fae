/// A value that a checkpoint can hold.
///
/// A ``Record`` and any `Codable` type can be kept without conforming; a conformance is faster, and
/// the way for types that are neither. What is read must equal what was written, in any process.
public protocol StateValue {
    /// The form that ``write(to:)`` writes.
    static var stateShape: StateShape { get }
    /// Appends the value in that form.
    func write(to output: inout StateWriter)
    /// Reads what ``write(to:)`` wrote.
    ///
    /// - Throws: ``StateFormatError`` for bytes that are cut off or corrupt.
    static func read(from input: inout StateReader) throws -> Self
}
