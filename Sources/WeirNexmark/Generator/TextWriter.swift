import Weir

/// Writes ASCII into a text's memory: what an event's texts cost most is to be put together elsewhere first.
struct TextWriter: ~Copyable {
    // SAFETY: lent by the builder for the one call in which the writer lives. Every write is preceded
    // by a bounds check in debug builds, and the capacities that `written(atMost:_:)` is given are the longest that the draws can come to.
    private let buffer: UnsafeMutableBufferPointer<UInt8>
    private(set) var count = 0

    fileprivate init(_ buffer: UnsafeMutableBufferPointer<UInt8>) { self.buffer = buffer }

    @inline(__always) mutating func put(_ byte: UInt8) {
        buffer[count] = byte
        count &+= 1
    }

    @inline(__always) mutating func put(_ text: UTF8String) {
        text.withUTF8 { for byte in $0 { put(byte) } }
    }

    /// Writes a number below 10,000 as four digits.
    mutating func putFourDigits(_ number: Int) {
        putDigit(number / 1_000)
        putDigit(number / 100 % 10)
        putDigit(number / 10 % 10)
        putDigit(number % 10)
    }

    /// Writes four groups of four digits.
    mutating func putCreditCard(_ random: inout SplitMix64) {
        for group in 0..<4 {
            if group > 0 { put(UInt8(ascii: " ")) }
            putFourDigits(random.below(10_000))
        }
    }

    private mutating func putDigit(_ digit: Int) {
        put(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit))
    }

    /// Writes 3 to `limit - 1` random letters, some of them replaced by `special`, without the
    /// spaces at either end.
    mutating func putText(_ limit: Int, special: UInt8, _ random: inout SplitMix64) {
        let start = count
        for _ in 0..<3 + random.below(limit - 3) {
            if random.below(13) == 0 {
                if special != UInt8(ascii: " ") || count > start { put(special) }
            } else {
                put(UInt8(ascii: "a") + UInt8(truncatingIfNeeded: random.below(26)))
            }
        }
        while count > start, buffer[count - 1] == UInt8(ascii: " ") { count -= 1 }
    }
}

extension UTF8StringBuilder {
    /// Takes the ASCII text that `write` writes, which must not be longer than `capacity`.
    @inline(__always)
    mutating func written(
        atMost capacity: Int, _ write: (inout TextWriter) -> Void
    ) -> UTF8String {
        append(unsafeUninitializedCapacity: capacity) { buffer in
            var writer = TextWriter(buffer)
            write(&writer)
            return writer.count
        }
        return take()
    }
}
