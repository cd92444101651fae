// Numbers, truth values, text and time. Integers are varints, signed ones zigzag; of 128 bits, a
// number that fits 64 takes the same bytes as there.

extension StateValue where Self: FixedWidthInteger {
    @inlinable public static var stateShape: StateShape {
        isSigned ? .signed(bits: bitWidth) : .unsigned(bits: bitWidth)
    }

    @inlinable public func write(to output: inout StateWriter) {
        if Self.bitWidth <= 64 {
            if Self.isSigned {
                output.write(signed: Int64(truncatingIfNeeded: self))
            } else {
                output.write(varint: UInt64(truncatingIfNeeded: self))
            }
        } else if Self.isSigned {
            let wide = Int128(truncatingIfNeeded: self)
            output.write(wide: UInt128(truncatingIfNeeded: (wide &<< 1) ^ (wide &>> 127)))
        } else {
            output.write(wide: UInt128(truncatingIfNeeded: self))
        }
    }

    @inlinable public static func read(from input: inout StateReader) throws -> Self {
        if bitWidth > 64 { return try readAny(from: &input, signed: isSigned) }
        // Inlined, so that it is made for the type at hand; otherwise each number looks up metadata.
        let value =
            isSigned
            ? Self(exactly: try input.readSigned()) : Self(exactly: try input.readVarint())
        guard let value else { throw StateFormatError.misfit(of: Self.self) }
        return value
    }

    /// Reads a number of any width that fits this type.
    @usableFromInline static func readAny(
        from input: inout StateReader, signed: Bool
    ) throws -> Self {
        let word = try input.readWideVarint()
        let value =
            signed
            ? Self(exactly: Int128(truncatingIfNeeded: word &>> 1) ^ -Int128(word & 1))
            : Self(exactly: word)
        guard let value else { throw StateFormatError.misfit(of: Self.self) }
        return value
    }

    /// Reads integers of fewer bits as well: signed ones where this type is, unsigned ones where it
    /// has more bits or none for a sign.
    public static func stateReader(
        of written: StateShape
    ) throws -> @Sendable (inout StateReader) throws -> Self {
        switch written {
        case .signed(let bits) where isSigned && bits <= bitWidth:
            return { try readAny(from: &$0, signed: true) }
        case .unsigned(let bits) where isSigned ? bits < bitWidth : bits <= bitWidth:
            return { try readAny(from: &$0, signed: false) }
        default:
            throw StateFormatError.mismatch(written: written, wanted: stateShape)
        }
    }
}

extension Int: StateValue {}
extension Int8: StateValue {}
extension Int16: StateValue {}
extension Int32: StateValue {}
extension Int64: StateValue {}
extension Int128: StateValue {}
extension UInt: StateValue {}
extension UInt8: StateValue {}
extension UInt16: StateValue {}
extension UInt32: StateValue {}
extension UInt64: StateValue {}
extension UInt128: StateValue {}

extension Bool: StateValue {
    @inlinable public static var stateShape: StateShape { .bool }
    @inlinable public func write(to output: inout StateWriter) {
        output.write(byte: self ? 1 : 0)
    }
    @inlinable public static func read(from input: inout StateReader) throws -> Bool {
        let byte = try input.readByte()
        guard byte < 2 else { throw StateFormatError("a truth value is \(byte)") }
        return byte == 1
    }
}

extension Double: StateValue {
    @inlinable public static var stateShape: StateShape { .float(bits: 64) }
    @inlinable public func write(to output: inout StateWriter) { output.write(word: bitPattern) }
    @inlinable public static func read(from input: inout StateReader) throws -> Double {
        Double(bitPattern: try input.readWord())
    }
    /// Reads a `Float` as well.
    public static func stateReader(
        of written: StateShape
    ) throws -> @Sendable (inout StateReader) throws -> Double {
        guard written == Float.stateShape else {
            throw StateFormatError.mismatch(written: written, wanted: stateShape)
        }
        return { Double(try Float.read(from: &$0)) }
    }
}

extension Float: StateValue {
    @inlinable public static var stateShape: StateShape { .float(bits: 32) }
    @inlinable public func write(to output: inout StateWriter) {
        output.write(halfWord: bitPattern)
    }
    @inlinable public static func read(from input: inout StateReader) throws -> Float {
        Float(bitPattern: try input.readHalfWord())
    }
}

extension String: StateValue {
    @inlinable public static var stateShape: StateShape { .string }
    @inlinable public func write(to output: inout StateWriter) { output.write(self) }
    @inlinable public static func read(from input: inout StateReader) throws -> String {
        try input.readString()
    }
}

extension Timestamp: StateValue {
    @inlinable public static var stateShape: StateShape { .timestamp }
    @inlinable public func write(to output: inout StateWriter) {
        output.write(signed: microseconds)
    }
    @inlinable public static func read(from input: inout StateReader) throws -> Timestamp {
        Timestamp(microseconds: try input.readSigned())
    }
}

extension Duration: StateValue {
    public static var stateShape: StateShape {
        .record(
            "Duration",
            [
                StateShape.Field("seconds", .signed(bits: 64)),
                StateShape.Field("attoseconds", .signed(bits: 64)),
            ])
    }
    public func write(to output: inout StateWriter) {
        output.write(signed: components.seconds)
        output.write(signed: components.attoseconds)
    }
    public static func read(from input: inout StateReader) throws -> Duration {
        let seconds = try input.readSigned()
        let attoseconds = try input.readSigned()
        // As `components` gives them; the limit also keeps the sum within 128 bits.
        guard attoseconds.magnitude < 1_000_000_000_000_000_000 else {
            throw StateFormatError("a span has \(attoseconds) attoseconds beside its seconds")
        }
        return Duration(secondsComponent: seconds, attosecondsComponent: attoseconds)
    }
}

extension Never: StateValue {
    public static var stateShape: StateShape { .variant("Never", []) }
    public func write(to output: inout StateWriter) {}
    public static func read(from input: inout StateReader) throws -> Never {
        throw StateFormatError("there is no value of Never")
    }
}

extension Epoch: StateValue {
    @inlinable public static var stateShape: StateShape { Int.stateShape }
    @inlinable public func write(to output: inout StateWriter) { number.write(to: &output) }
    @inlinable public static func read(from input: inout StateReader) throws -> Epoch {
        Epoch(try Int.read(from: &input))
    }
}
