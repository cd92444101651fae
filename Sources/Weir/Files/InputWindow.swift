#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// The part of a stream of bytes that is in memory: a buffer that slides along the stream.
///
/// Grows by doubling while nothing can be dropped, up to a maximum.
@usableFromInline struct InputWindow {
    private let input: any ByteInput
    private let maximumBytes: Int
    /// The buffer, of which `0 ..< filled` has been read.
    @usableFromInline private(set) var bytes: [UInt8]
    /// How much of ``bytes`` has been read.
    private(set) var filled = 0
    /// The offset in the stream of the first byte of ``bytes``.
    private(set) var offset: Int64
    /// The bytes before ``offset`` that are still known, ``ContentFingerprint/length`` at most.
    private var before: [UInt8] = []
    /// From where on ``bytes`` is what the stream holds at that place.
    private var faithfulFrom = 0
    /// Whether the stream has ended.
    private(set) var isExhausted = false
    private var failure: (any Error)?

    /// - Parameters:
    ///   - offset: The offset of the first byte that `input` yields.
    ///   - before: The bytes before that, as far as they are known.
    ///   - bytes: The size to begin with; four at least.
    ///   - maximumBytes: The size that must be reached before a caller gives up on its record.
    init(
        _ input: any ByteInput, offset: Int64, before: [UInt8] = [], bytes: Int, maximumBytes: Int
    ) {
        self.input = input
        self.offset = offset
        self.before = before
        self.maximumBytes = maximumBytes
        self.bytes = [UInt8](repeating: 0, count: max(bytes, 4))
    }

    /// The first place of `byte` in `from ..< filled`.
    func position(of byte: UInt8, from: Int) -> Int? {
        guard from < filled else { return nil }
        // SAFETY: `from ..< filled` lies within the buffer, and the pointer stays in the closure.
        // A loop over the span is several times slower than `memchr`.
        return bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress,
                let hit = memchr(base + from, CInt(byte), filled - from)
            else { return nil }
            return UnsafeRawPointer(hit) - base
        }
    }

    /// The bytes of the stream before the place at `end`, as far as they are known;
    /// ``ContentFingerprint/length`` at most.
    func tail(before end: Int) -> [UInt8] {
        let length = ContentFingerprint.length
        guard end > faithfulFrom else { return end == 0 && faithfulFrom == 0 ? before : [] }
        let known = bytes[max(faithfulFrom, end - length)..<end]
        guard faithfulFrom == 0, known.count < length else { return Array(known) }
        return before.suffix(length - known.count) + known
    }

    /// Reads more, waiting for at least one byte or the end, after making room by dropping the first
    /// `dropped` bytes.
    ///
    /// - Throws: What the input throws, now and at every later call: what follows a fault must not
    ///   be taken for good.
    mutating func fill(droppingFirst dropped: Int) throws {
        if dropped > 0 { drop(dropped) }
        if let failure { throw failure }
        if filled == bytes.count {
            let larger = min(bytes.count * 2, max(maximumBytes, bytes.count + 1))
            bytes.append(contentsOf: repeatElement(0, count: larger - bytes.count))
        }
        do {
            let found = try input.read(into: &bytes, from: filled)
            filled += found
            isExhausted = found == 0
        } catch {
            failure = error
            throw error
        }
    }

    /// Puts `head` in the place of the first `end` bytes.
    ///
    /// The offset is then that of a stream in which `head` came right before what is left.
    mutating func replace(upTo end: Int, by head: [UInt8]) {
        let rest = bytes[end..<filled]
        let count = head.count + rest.count
        offset += Int64(end - head.count)
        bytes = head + rest + [UInt8](repeating: 0, count: max(0, bytes.count - count))
        filled = count
        faithfulFrom = head.count
    }

    /// Moves what lies behind the first `count` bytes to the front.
    private mutating func drop(_ count: Int) {
        let left = filled - count
        before = tail(before: count)
        faithfulFrom = max(0, faithfulFrom - count)
        // SAFETY: both ranges lie within the buffer, and `memmove` allows them to overlap.
        bytes.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress, left > 0 else { return }
            memmove(base, base + count, left)
        }
        offset += Int64(count)
        filled = left
    }
}
