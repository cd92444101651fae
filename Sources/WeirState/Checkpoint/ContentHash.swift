/// A 128-bit hash of bytes: the name of a segment, the checksum of a manifest; the low half alone
/// is the checksum of a block.
///
/// Bytes are taken as little-endian 64-bit words, the last one filled up with zeros, and then their
/// number. Each half has a state of its own, which takes each word by `state = (state ^ word) *
/// multiplier; state ^= state >> shift`, and is mixed at the end as in MurmurHash3. For each word
/// that is a bijection of the state, and for each state one of the word: so bytes that differ in
/// one word never agree, and a difference does not fade however much follows.
///
/// Against accidents, not against adversaries: who can write the files can write the checksums too.
///
/// Source: the mixing at the end is `fmix64` of Appleby, MurmurHash3, 2011.
struct ContentHash: Hashable, Sendable {
    var low: UInt64, high: UInt64

    /// The hash of `bytes`.
    init(of bytes: [UInt8]) {
        var hasher = ContentHasher()
        hasher.combine(bytes)
        self = hasher.finalize()
    }

    init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// 32 hexadecimal digits in lower case, the high half first.
    var text: String { high.hexadecimal + low.hexadecimal }
}

/// Computes a ``ContentHash`` of bytes that come in pieces.
struct ContentHasher: Sendable {
    private var low = Self.lowSeed, high = Self.highSeed
    private var pending: UInt64 = 0, pendingBits: UInt64 = 0, count: UInt64 = 0

    static let lowSeed: UInt64 = 0x9e37_79b9_7f4a_7c15, highSeed: UInt64 = 0xe703_7ed1_a0b4_28db

    /// Takes the next bytes.
    mutating func combine(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { combine($0) }
    }

    private mutating func combine(_ bytes: UnsafeRawBufferPointer) {
        count &+= UInt64(bytes.count)
        var offset = 0
        while pendingBits != 0, offset < bytes.count {
            combine(byte: bytes[offset])
            offset += 1
        }
        var low = low, high = high
        while offset &+ 8 <= bytes.count {
            // SAFETY: the word ends within the bytes.
            let word = UInt64(
                littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            low = Self.lowStep(low, word)
            high = Self.highStep(high, word)
            offset &+= 8
        }
        (self.low, self.high) = (low, high)
        while offset < bytes.count {
            combine(byte: bytes[offset])
            offset += 1
        }
    }

    private mutating func combine(byte: UInt8) {
        pending |= UInt64(byte) << pendingBits
        pendingBits += 8
        if pendingBits == 64 { combinePending() }
    }

    private mutating func combinePending() {
        low = Self.lowStep(low, pending)
        high = Self.highStep(high, pending)
        (pending, pendingBits) = (0, 0)
    }

    /// The hash of all that was taken.
    consuming func finalize() -> ContentHash {
        if pendingBits > 0 { combinePending() }
        return ContentHash(
            low: Self.mix(Self.lowStep(low, count)), high: Self.mix(Self.highStep(high, count)))
    }

    /// The low half of the hash of `bytes`.
    static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var state = lowSeed
        var offset = 0
        while offset &+ 8 <= bytes.count {
            // SAFETY: the word ends within the bytes.
            let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            state = lowStep(state, UInt64(littleEndian: word))
            offset &+= 8
        }
        var tail: UInt64 = 0
        for index in offset..<bytes.count {
            tail |= UInt64(bytes[index]) << UInt64(8 * (index - offset))
        }
        if offset < bytes.count { state = lowStep(state, tail) }
        return mix(lowStep(state, UInt64(bytes.count)))
    }

    @inline(__always) private static func lowStep(_ state: UInt64, _ word: UInt64) -> UInt64 {
        let product = (state ^ word) &* 0xa076_1d64_78bd_642f
        return product ^ (product &>> 32)
    }

    @inline(__always) private static func highStep(_ state: UInt64, _ word: UInt64) -> UInt64 {
        let product = (state ^ word) &* 0x8ebc_6af0_9c88_c6e3
        return product ^ (product &>> 29)
    }

    private static func mix(_ state: UInt64) -> UInt64 {
        var bits = state
        bits = (bits ^ (bits &>> 33)) &* 0xff51_afd7_ed55_8ccd
        bits = (bits ^ (bits &>> 33)) &* 0xc4ce_b9fe_1a85_ec53
        return bits ^ (bits &>> 33)
    }
}

extension UInt64 {
    /// Sixteen hexadecimal digits in lower case.
    var hexadecimal: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
