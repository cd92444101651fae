/// Reads the compact binary form from bytes that are lent for the length of a call.
///
/// Every length is checked against the bytes that are left before anything is made of it, so
/// corrupt bytes cost an error and no memory.
public struct BinaryReader {
    // SAFETY: made around the span that `BinaryRecordCodec.decode` was lent and gone before it is
    // given back; `position` never passes `end`. Its members are not public.
    @usableFromInline var position: UnsafePointer<UInt8>
    @usableFromInline let end: UnsafePointer<UInt8>
    @usableFromInline var depth = 0

    static let maximumDepth = 128

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        (position, end) = bytes.bounds
    }

    /// The bytes that are left.
    @inlinable var left: Int { end - position }

    @inlinable mutating func readByte() throws(FieldError) -> UInt8 {
        guard position < end else { throw Self.truncated() }
        let byte = position.pointee
        position += 1
        return byte
    }

    /// Reads an unsigned number of up to 64 bits, seven a byte, the lowest first.
    @inlinable mutating func readVarint() throws(FieldError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try readByte()
            if shift == 63, byte > 1 { throw Self.corrupt("a number takes more than 64 bits") }
            value |= UInt64(byte & 0x7F) &<< shift
            if byte < 0x80 { return value }
            shift += 7
        }
    }

    /// Reads a word of eight bytes, the lowest first.
    @inlinable mutating func readWord() throws(FieldError) -> UInt64 {
        guard left >= 8 else { throw Self.truncated() }
        let word = UnsafeRawPointer(position).loadUnaligned(as: UInt64.self)
        position += 8
        return UInt64(littleEndian: word)
    }

    /// Reads a count of things of at least one byte each.
    @inlinable mutating func readCount() throws(FieldError) -> Int {
        let count = try readVarint()
        guard count <= UInt64(left) else { throw Self.truncated() }
        return Int(count)
    }

    /// Takes the next `count` bytes.
    mutating func take(_ count: Int) throws(FieldError) -> UnsafeBufferPointer<UInt8> {
        guard count <= left else { throw Self.truncated() }
        defer { position += count }
        return UnsafeBufferPointer(start: position, count: count)
    }

    mutating func readString() throws(FieldError) -> String {
        let count = try readCount()
        return try take(count).validString()
    }

    mutating func readUTF8String() throws(FieldError) -> UTF8String {
        let count = try readCount()
        return try take(count).validUTF8String()
    }

    @usableFromInline mutating func readBytes() throws(FieldError) -> [UInt8] {
        let count = try readCount()
        return Array(try take(count))
    }

    mutating func descend() throws(FieldError) {
        depth += 1
        if depth > Self.maximumDepth { throw Self.corrupt("records nest too deep") }
    }

    @usableFromInline @inline(never) static func truncated() -> FieldError {
        FieldError("the binary record ends too early; it was cut off or is corrupt")
    }

    @usableFromInline @inline(never) static func corrupt(_ what: String) -> FieldError {
        FieldError("the binary record is corrupt: \(what)")
    }
}

extension [UInt8] {
    /// Appends an unsigned number, seven bits a byte, the lowest first.
    @inlinable mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    /// Appends a word of eight bytes, the lowest first.
    @inlinable mutating func append(word value: UInt64) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}
