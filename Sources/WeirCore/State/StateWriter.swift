/// Collects the bytes of state. Numbers are little-endian or varints; nothing is padded.
public struct StateWriter: Sendable {
    /// What was written so far.
    public var bytes: [UInt8]

    /// Starts with nothing, and room for about `capacity` bytes.
    @inlinable public init(capacity: Int = 0) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// The number of bytes written.
    @inlinable public var count: Int { bytes.count }
    /// Writes one byte.
    @inlinable public mutating func write(byte: UInt8) { bytes.append(byte) }
    /// Writes an unsigned number, seven bits a byte, the lowest first.
    @inlinable public mutating func write(varint value: UInt64) { bytes.append(varint: value) }
    /// Writes a signed number: its sign in the lowest bit, as a varint.
    @inlinable public mutating func write(signed value: Int64) {
        bytes.append(varint: UInt64(bitPattern: value &<< 1 ^ value &>> 63))
    }
    /// Writes eight bytes, the lowest first.
    @inlinable public mutating func write(word: UInt64) { bytes.append(word: word) }
    /// Writes four bytes, the lowest first.
    @inlinable public mutating func write(halfWord: UInt32) {
        withUnsafeBytes(of: halfWord.littleEndian) { bytes.append(contentsOf: $0) }
    }
    /// Writes an unsigned number of up to 128 bits, seven bits a byte, the lowest first.
    public mutating func write(wide value: UInt128) {
        var rest = value
        while rest > UInt128(UInt64.max) {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest &>>= 7
        }
        write(varint: UInt64(truncatingIfNeeded: rest))
    }
    /// Writes bytes as they are, without their number.
    @inlinable public mutating func write(raw: some Sequence<UInt8>) {
        bytes.append(contentsOf: raw)
    }
    /// Writes a string: the number of its UTF-8 bytes, then these.
    @inlinable public mutating func write(_ string: String) {
        let utf8 = string.utf8
        bytes.append(varint: UInt64(utf8.count))
        bytes.append(contentsOf: utf8)
    }
    /// Writes text, as a string.
    @inlinable public mutating func write(_ text: UTF8String) {
        bytes.append(varint: UInt64(text.utf8Count))
        text.withUTF8 { bytes.append(contentsOf: $0) }
    }
    /// Writes bytes after their number.
    @inlinable public mutating func write(_ value: [UInt8]) {
        bytes.append(varint: UInt64(value.count))
        bytes.append(contentsOf: value)
    }
}
