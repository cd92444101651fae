/// A record could not be decoded or encoded: which field, and why.
///
/// Made only on the way out, so that reading what is right never pays for the text.
public struct FieldError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The field at fault, nested ones joined by dots; `nil` where it is the record as a whole.
    public private(set) var field: String?
    /// The column of delimited text, from 1.
    public private(set) var column: Int?
    /// What is wrong, without the field.
    public private(set) var problem: String

    /// Creates the error.
    public init(_ problem: String, field: String? = nil, column: Int? = nil) {
        self.problem = problem
        self.field = field
        self.column = column
    }

    /// What is wrong, naming the field and the column.
    public var reason: String {
        switch (field, column) {
        case (let field?, let column?): "field \"\(field)\" (column \(column)): \(problem)"
        case (let field?, nil): "field \"\(field)\": \(problem)"
        case (nil, let column?): "column \(column): \(problem)"
        case (nil, nil): problem
        }
    }

    public var description: String { reason }

    /// The same error, seen from the record that contains the one at fault.
    @usableFromInline func within(_ outer: String, column: Int? = nil) -> FieldError {
        FieldError(
            problem, field: field.map { "\(outer).\($0)" } ?? outer, column: column ?? self.column)
    }
}

extension FieldError {
    /// A piece of text that is not of the type expected.
    @usableFromInline @inline(never)
    static func unreadable(_ bytes: UnsafeBufferPointer<UInt8>, as type: String) -> FieldError {
        FieldError("\(quote(bytes)) is not \(type)")
    }

    /// A number out of the range of its type.
    @usableFromInline @inline(never)
    static func unfitting(_ bytes: UnsafeBufferPointer<UInt8>, for type: String) -> FieldError {
        FieldError("\(quote(bytes)) does not fit \(type)")
    }

    /// Text cut to what a message can bear.
    static func quote(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        let text = String(decoding: bytes.prefix(80), as: UTF8.self)
        return bytes.count > 80 ? "\"\(text)…\" (\(bytes.count) bytes)" : "\"\(text)\""
    }

    /// A missing value where there must be one.
    @usableFromInline @inline(never) static func missingValue() -> FieldError {
        FieldError("has no value, and the property is not optional")
    }
}
