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
        guard let string = String(validating: buffer, as: UTF8.self) else {
            throw StateFormatError("a string is not UTF-8")
        }
        position += count
        return string
    }

    /// Passes over `count` bytes.
    @inlinable public mutating func skip(_ count: Int) throws(StateFormatError) {
        guard count >= 0, count <= left else { throw StateFormatError.truncated() }
        position += count
    }
}

/// Bytes of state that cannot be read: cut off, corrupt, or of another form.
public struct StateFormatError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong, and in which field.
    public let reason: String

    /// Says what is wrong.
    public init(_ reason: String) { self.reason = reason }

    /// The error for bytes that end too early.
    public static func truncated() -> StateFormatError {
        StateFormatError("the state ends too early; it was cut off or is corrupt")
    }

    public var description: String { reason }
}
