/// Text in UTF-8 that is cheap to cut, to pass on and to drop.
///
/// What differs from `String`:
/// - A part of a text shares its memory: ranges of offsets, ``split(separator:maxSplits:omittingEmptySubsequences:)``
///   and the like copy nothing. As long as one part lives, so does the memory of the whole: ``copied()`` is for
///   a small part that is to be kept longer.
/// - Literals, and up to 7 bytes of any text, need no memory of their own and no count of references.
/// - Two are equal where their bytes are: `"é"` as one scalar and as two differ, which `String` calls equal.
/// - Offsets are in bytes of UTF-8, so reaching any of them takes constant time.
///
/// A field of a record, a key and a value of state can be of this type; each is kept and written as a `String` would
/// be, so that a field's type may be changed from one to the other without losing state, as long as keys are in one
/// normal form, which ASCII always is: see <doc:StateAndUpgrades>. Takes 16 bytes. At most 4 GB.
public struct UTF8String: @unchecked Sendable {
    // SAFETY: the bytes of a text never change; see ``UTF8Block``.

    /// Where the bytes are, and thus what `word` says.
    @usableFromInline enum Storage: @unchecked Sendable {
        /// Up to 7 bytes, from the lowest of `word` upwards; their count in the highest. All that are as short
        /// have this form.
        case inline
        /// In memory that is never freed: the address in the lowest 48 bits, the count in the others.
        case fixed
        /// In a block: the offset in the lower half, the count in the upper one.
        case block(UTF8Block)
    }

    // Two cases without a block, not one and its absence: dropping and copying then look whether there is a
    // block before they call the runtime, and most texts have none.
    @usableFromInline let storage: Storage
    @usableFromInline let word: UInt64

    @usableFromInline @inline(__always) init(_ storage: Storage, word: UInt64) {
        self.storage = storage
        self.word = word
    }

    /// The empty text.
    @inlinable public init() { self.init(.inline, word: 0) }

    @usableFromInline static var inlineLimit: Int { 7 }
    @usableFromInline static var fixedLimit: Int { 0xffff }
    @usableFromInline static var addressMask: UInt64 { (1 << 48) - 1 }

    /// How many bytes of UTF-8 the text has.
    @inlinable @inline(__always) public var utf8Count: Int {
        switch storage {
        case .inline: Int(truncatingIfNeeded: word &>> 56)
        case .fixed: Int(truncatingIfNeeded: word &>> 48)
        case .block: Int(truncatingIfNeeded: word &>> 32)
        }
    }

    /// Whether there is none.
    @inlinable public var isEmpty: Bool { utf8Count == 0 }

    /// Calls `body` with the bytes, which are valid during the call alone.
    @inlinable @inline(__always) public func withUTF8<Result, Failure>(
        _ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // SAFETY: the block outlives the call, fixed memory lives for ever, and `bytes` is a local copy.
        let count = utf8Count
        switch storage {
        case .inline:
            return try withUnsafeBytes(of: word.littleEndian) { bytes throws(Failure) in
                let start = bytes.baseAddress.unsafelyUnwrapped
                return try body(
                    UnsafeBufferPointer(
                        start: start.assumingMemoryBound(to: UInt8.self), count: count))
            }
        case .fixed:
            let address = UInt(truncatingIfNeeded: word & Self.addressMask)
            return try body(
                UnsafeBufferPointer(start: UnsafePointer(bitPattern: address), count: count))
        case .block(let block):
            let start = block.bytes + Int(truncatingIfNeeded: word & 0xffff_ffff)
            defer { withExtendedLifetime(block) {} }
            return try body(UnsafeBufferPointer(start: start, count: count))
        }
    }
}

// MARK: - Making texts

extension UTF8String {
    /// The same text.
    ///
    /// Complexity: linear in its length.
    @inlinable public init(_ string: String) {
        var string = string
        self = string.withUTF8 { UTF8String(copying: $0) }
    }

    /// The same text.
    @inlinable public init(_ string: Substring) {
        var string = string
        self = string.withUTF8 { UTF8String(copying: $0) }
    }

    /// The text of bytes; `nil` where they are not UTF-8.
    @inlinable public init?(validating bytes: UnsafeBufferPointer<UInt8>) {
        guard bytes.isValidUTF8 else { return nil }
        self.init(copying: bytes)
    }

    /// Text in memory that is never written again and never freed: like a literal, it is not copied, and has no
    /// references to count. Above 65,535 bytes it is copied.
    ///
    /// Whether the bytes are UTF-8 is not checked.
    @inlinable public init(unsafeStatic bytes: UnsafeBufferPointer<UInt8>) {
        let address = UInt64(UInt(bitPattern: bytes.baseAddress))
        let count = bytes.count
        if count <= Self.inlineLimit || count > Self.fixedLimit || address > Self.addressMask {
            self.init(copying: bytes)
        } else {
            self.init(.fixed, word: UInt64(truncatingIfNeeded: count) &<< 48 | address)
        }
    }

    /// A copy of bytes that are known to be UTF-8.
    @usableFromInline init(copying bytes: UnsafeBufferPointer<UInt8>) {
        guard bytes.count > Self.inlineLimit, let start = bytes.baseAddress else {
            self.init(inlining: bytes)
            return
        }
        precondition(bytes.count <= UInt32.max, "a text of more than 4 GB")
        let block = UTF8Block.make(capacity: bytes.count)
        block.bytes.initialize(from: start, count: bytes.count)
        self.init(.block(block), word: UInt64(truncatingIfNeeded: bytes.count) &<< 32)
    }

    /// Up to 7 bytes.
    @usableFromInline @inline(__always) init(inlining bytes: UnsafeBufferPointer<UInt8>) {
        var word: UInt64 = 0
        for index in 0..<bytes.count {
            word |= UInt64(bytes[index]) &<< UInt64(truncatingIfNeeded: index &* 8)
        }
        self.init(.inline, word: word | UInt64(truncatingIfNeeded: bytes.count) &<< 56)
    }

    /// `count` bytes of `block` from `offset` on.
    @usableFromInline @inline(__always) init(block: UTF8Block, offset: Int, count: Int) {
        if count <= Self.inlineLimit {
            self.init(
                inlining: UnsafeBufferPointer(start: block.bytes + offset, count: count))
        } else {
            self.init(
                .block(block),
                word: UInt64(truncatingIfNeeded: count) &<< 32
                    | UInt64(truncatingIfNeeded: offset))
        }
    }

    /// The same text in memory of its own, so that the memory of what it was cut from can be freed.
    public func copied() -> UTF8String {
        guard case .block = storage else { return self }
        return withUTF8 { UTF8String(copying: $0) }
    }
}

extension UTF8String: ExpressibleByStringInterpolation {
    @inlinable public init(stringLiteral literal: StaticString) {
        self = literal.withUTF8Buffer { UTF8String(unsafeStatic: $0) }
    }

    public init(stringInterpolation interpolation: Interpolation) { self.init(interpolation.text) }

    /// Puts literals and values together.
    public struct Interpolation: StringInterpolationProtocol {
        fileprivate var text: String

        public init(literalCapacity: Int, interpolationCount: Int) {
            text = ""
            text.reserveCapacity(literalCapacity + interpolationCount * 8)
        }
        public mutating func appendLiteral(_ literal: StaticString) {
            text += String(describing: literal)
        }
        /// Appends a value as its description.
        public mutating func appendInterpolation<Value>(_ value: Value) { text += "\(value)" }
    }

    /// One text and another behind it.
    ///
    /// Complexity: linear in the length of both.
    public static func + (left: UTF8String, right: UTF8String) -> UTF8String {
        var builder = UTF8StringBuilder(capacity: left.utf8Count + right.utf8Count)
        builder.append(left)
        builder.append(right)
        return builder.take()
    }
}

extension UTF8String: LosslessStringConvertible, CustomDebugStringConvertible {
    public var description: String { String(self) }
    public var debugDescription: String { String(self).debugDescription }
}

extension String {
    /// The same text.
    ///
    /// Complexity: linear in its length.
    @inlinable public init(_ text: UTF8String) {
        self = text.withUTF8 { String(decoding: $0, as: UTF8.self) }
    }
}

// MARK: - Comparing

extension UTF8String: Hashable, Comparable {
    @inlinable @inline(__always) public static func == (left: UTF8String, right: UTF8String) -> Bool
    {
        let count = left.utf8Count
        guard count == right.utf8Count else { return false }
        if count <= inlineLimit { return left.word == right.word }
        return left.withUTF8 { left in
            right.withUTF8 { right in
                left.baseAddress.unsafelyUnwrapped.hasBytes(
                    of: right.baseAddress.unsafelyUnwrapped, count: count)
            }
        }
    }

    /// Orders by the bytes, and thus by the scalars.
    public static func < (left: UTF8String, right: UTF8String) -> Bool {
        left.withUTF8 { left in right.withUTF8 { left.lexicographicallyPrecedes($0) } }
    }

    @inlinable public func hash(into hasher: inout Hasher) {
        withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        hasher.combine(0xff as UInt8)
    }
}

extension UTF8String: StreamKey {
    /// Hashes as a `String` of the same text does.
    @inlinable public func hash(into hasher: inout StableHasher) {
        let isASCII = withUTF8 { bytes in
            let raw = UnsafeRawBufferPointer(bytes)
            guard raw.isASCII else { return false }
            hasher.combine(bytes: raw)
            return true
        }
        if !isASCII { String(self).hashSlowly(into: &hasher) }
    }
}

extension UTF8String: Codable {
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(String(self))
    }
}

extension UTF8String: CodingKeyRepresentable {
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// As keys of dictionaries, texts are coded as strings are.
    public var codingKey: any CodingKey { Key(stringValue: String(self)) }

    public init?<Representation: CodingKey>(codingKey: Representation) {
        self.init(codingKey.stringValue)
    }
}

extension UnsafePointer<UInt8> {
    /// Whether `count` bytes, 8 or more, are those at `other`.
    @usableFromInline @inline(__always) func hasBytes(
        of other: UnsafePointer<UInt8>, count: Int
    ) -> Bool {
        let left = UnsafeRawPointer(self)
        let right = UnsafeRawPointer(other)
        var offset = 0
        while offset &+ 8 <= count {
            guard
                left.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                    == right.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            else { return false }
            offset &+= 8
        }
        return left.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
            == right.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
    }
}

extension UnsafeBufferPointer<UInt8> {
    @usableFromInline var isValidUTF8: Bool {
        UnsafeRawBufferPointer(self).isASCII || String(validating: self, as: UTF8.self) != nil
    }
}
