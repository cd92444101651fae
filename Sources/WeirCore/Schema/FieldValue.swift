/// A type that a field of a ``Record`` can have.
///
/// `Bool`, the fixed-width integers, `Float`, `Double`, `String`, ``Timestamp`` and `[UInt8]` are;
/// so are optionals and arrays of such types, and records. An enum of strings or integers becomes
/// one by saying so: `enum Kind: String, FieldValue { case bid, ask }`.
///
/// The requirements are what the codecs call. Types outside this module are expected to conform
/// through their raw value or their schema, not by writing these out.
public protocol FieldValue: Sendable {
    /// The type, as stores and contracts know it.
    static func describeField(in context: inout SchemaContext) -> FieldType
    /// The missing value, for a type that has one. Default: `nil`, there is none.
    static var nullField: Self? { get }
    /// Whether this is the missing value.
    var isNullField: Bool { get }

    /// Reads a cell of delimited text, unquoted and not null.
    static func readField(text: TextCell) throws(FieldError) -> Self
    /// Reads a JSON value.
    static func readField(json: inout JSONReader) throws(FieldError) -> Self
    /// Reads what ``writeField(binary:)`` wrote, which was not null.
    static func readField(binary: inout BinaryReader) throws(FieldError) -> Self

    /// Appends the text of a cell, unquoted; nothing for null.
    func writeField(text output: inout [UInt8])
    /// Appends a JSON value.
    func writeField(json output: inout [UInt8])
    /// Appends the compact form; nothing for null.
    func writeField(binary output: inout [UInt8])

    /// The value as a store takes it.
    var fieldScalar: FieldScalar { get }
    /// Folds the value into the hash of a key, equal values alike.
    func foldField(into hasher: inout StableHasher)
}

extension FieldValue {
    @inlinable public static var nullField: Self? { nil }
    @inlinable public var isNullField: Bool { false }
}

/// Follows the nesting of record types while a schema is described.
public struct SchemaContext: Sendable {
    /// The record types that are being described, outermost first.
    var open: [ObjectIdentifier] = []
    /// The record and field that are being described, for messages.
    var record = ""
    var field = ""
    /// The first thing found wrong.
    var problem: SchemaError?

    init() {}

    /// Keeps the first problem.
    mutating func report(_ problem: SchemaError) {
        if self.problem == nil { self.problem = problem }
    }

    @usableFromInline mutating func reportDoubleOptional() {
        report(.doublyOptional(record: record, field: field))
    }
}
