/// Reads the bytes of state. Each length is checked against what is left before anything is made of
/// it, so that corrupt bytes cost an error and no memory.
public struct StateReader {
    // SAFETY: made around a buffer that outlives it, in `reading(_:_:)`; `position` never passes `end`.
    @usableFromInline var position: UnsafePointer<UInt8>
    @usableFromInline let end: UnsafePointer<UInt8>

    @usableFromInline init(_ buffer: UnsafeBufferPointer<UInt8>) {
        // An empty buffer may have no address; any will do where nothing is read.
        let start =
            buffer.baseAddress ?? UnsafePointer(bitPattern: 1).unsafelyUnwrapped
        position = start
        end = start + buffer.count
    }

    /// Reads `bytes` by `body`.
    @inlinable public static func reading<Result>(
        _ bytes: [UInt8], _ body: (inout StateReader) throws -> Result
    ) rethrows -> Result {
        try bytes.withUnsafeBufferPointer { buffer in
            var reader = StateReader(buffer)
            return try body(&reader)
        }
    }

    /// The number of bytes left.
    @inlinable public var left: Int { end - position }

    /// Reads one byte.
    @inlinable public mutating func readByte() throws(StateFormatError) -> UInt8 {
        guard position < end else { throw StateFormatError.truncated() }
        defer { position += 1 }
        return position.pointee
    }

    /// Reads an unsigned number.
    @inlinable public mutating func readVarint() throws(StateFormatError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try readByte()
            if shift == 63, byte > 1 {
                throw StateFormatError("a number takes more than 64 bits")
            }
            value |= UInt64(byte & 0x7f) &<< shift
            if byte < 0x80 { return value }
            shift &+= 7
        }
    }

    /// Reads a signed number.
    @inlinable public mutating func readSigned() throws(StateFormatError) -> Int64 {
        let value = try readVarint()
        return Int64(bitPattern: value &>> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// Reads eight bytes, the lowest first.
    @inlinable public mutating func readWord() throws(StateFormatError) -> UInt64 {
        guard left >= 8 else { throw StateFormatError.truncated() }
        defer { position += 8 }
        return UInt64(
            littleEndian: UnsafeRawPointer(position).loadUnaligned(as: UInt64.self))
    }

    /// Reads four bytes, the lowest first.
    @inlinable public mutating func readHalfWord() throws(StateFormatError) -> UInt32 {
        guard left >= 4 else { throw StateFormatError.truncated() }
        defer { position += 4 }
        return UInt32(
            littleEndian: UnsafeRawPointer(position).loadUnaligned(as: UInt32.self))
    }

    /// Reads an unsigned number of up to 128 bits.
    public mutating func readWideVarint() throws(StateFormatError) -> UInt128 {
        var value: UInt128 = 0
        var shift: UInt128 = 0
        while true {
            let byte = try readByte()
            if shift == 126, byte > 3 {
                throw StateFormatError("a number takes more than 128 bits")
            }
            value |= UInt128(byte & 0x7f) &<< shift
            if byte < 0x80 { return value }
            shift &+= 7
        }
    }

    /// Reads a number of things that take at least `atLeast` bytes each.
    @inlinable public mutating func readCount(atLeast size: Int = 1) throws(StateFormatError) -> Int
    {
        let count = try readVarint()
        guard size == 0 || count <= UInt64(left / size) else { throw StateFormatError.truncated() }
        return Int(truncatingIfNeeded: count)
    }

    /// Reads the next `count` bytes.
    @inlinable public mutating func readRaw(_ count: Int) throws(StateFormatError) -> [UInt8] {
        guard count >= 0, count <= left else { throw StateFormatError.truncated() }
        defer { position += count }
        return Array(UnsafeBufferPointer(start: position, count: count))
    }

    /// Reads bytes that were written after their number.
    @inlinable public mutating func readBytes() throws(StateFormatError) -> [UInt8] {
        try readRaw(try readCount())
    }

    /// Reads a string; its bytes must be UTF-8.
    @inlinable public mutating func readString() throws(StateFormatError) -> String {
        let count = try readCount()
        let buffer = UnsafeBufferPointer(start: position, count: count)
        position += count
        // Validation of bytes that turn out to be ASCII costs several times as much as this look.
        if UnsafeRawBufferPointer(buffer).isASCII { return String(decoding: buffer, as: UTF8.self) }
        guard let string = String(validating: buffer, as: UTF8.self) else {
            throw StateFormatError("a string is not UTF-8")
        }
        return string
    }

    /// Reads a string as text; its bytes must be UTF-8.
    @inlinable public mutating func readUTF8String() throws(StateFormatError) -> UTF8String {
        let count = try readCount()
        let buffer = UnsafeBufferPointer(start: position, count: count)
        position += count
        guard let text = UTF8String(validating: buffer) else {
            throw StateFormatError("a string is not UTF-8")
        }
        return text
    }

    /// Passes over `count` bytes.
    @inlinable public mutating func skip(_ count: Int) throws(StateFormatError) {
        guard count >= 0, count <= left else { throw StateFormatError.truncated() }
        position += count
    }
}

/// State that cannot be kept or read: bytes that are cut off or corrupt, a form that does not go
/// with the type that is to be read, a type without a form.
public struct StateFormatError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The field at fault, nested ones joined by dots; `nil` where it is the value as a whole.
    public let field: String?
    /// What is wrong, without the field.
    public let problem: String

    /// Says what is wrong.
    public init(_ problem: String, field: String? = nil) {
        self.problem = problem
        self.field = field
    }

    /// The error for bytes that end too early.
    public static func truncated() -> StateFormatError {
        StateFormatError("the state ends too early; it was cut off or is corrupt")
    }

    /// The error for a number that is too large for its type.
    @usableFromInline static func misfit<Number>(of type: Number.Type) -> StateFormatError {
        StateFormatError("a number does not fit \(type)")
    }

    /// What is wrong, and in which field.
    public var reason: String { field.map { "field \"\($0)\": \(problem)" } ?? problem }

    public var description: String { reason }
}

extension StateFormatError {
    /// The error of a field, seen from the record that it is in.
    static func within(_ outer: String, _ error: any Error) -> StateFormatError {
        guard let error = error as? StateFormatError else {
            return StateFormatError("\(error)", field: outer)
        }
        return StateFormatError(
            error.problem, field: error.field.map { "\(outer).\($0)" } ?? outer)
    }

    /// The error of a codec of records.
    init(_ error: FieldError) { self.init(error.problem, field: error.field) }
}

extension StateFormatError: RetryableError {
    /// No: the state stays what it is.
    public var isRetryable: Bool { false }
}
