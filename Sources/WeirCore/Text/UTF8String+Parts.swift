// Parts of texts, which share the memory of the whole, and searching.

extension UTF8String {
    /// The bytes of a text, by their offsets.
    public struct UTF8View: RandomAccessCollection, Sendable {
        @usableFromInline let text: UTF8String
        @usableFromInline @inline(__always) init(_ text: UTF8String) { self.text = text }

        @inlinable public var startIndex: Int { 0 }
        @inlinable public var endIndex: Int { text.utf8Count }

        /// The byte at an offset.
        ///
        /// - Precondition: It is from 0 up to, but not including, the count.
        @inlinable public subscript(offset: Int) -> UInt8 {
            text.withUTF8 { bytes in
                precondition(offset >= 0 && offset < bytes.count, "an offset outside of the text")
                return bytes[offset]
            }
        }

        @inlinable public func withContiguousStorageIfAvailable<Result>(
            _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
        ) rethrows -> Result? {
            try text.withUTF8(body)
        }

        /// How many bytes satisfy a condition.
        @inlinable public func count<Failure>(
            where isCounted: (UInt8) throws(Failure) -> Bool
        ) throws(Failure) -> Int {
            try text.withUTF8 { bytes throws(Failure) in
                var count = 0
                for byte in bytes where try isCounted(byte) { count &+= 1 }
                return count
            }
        }
    }

    /// The bytes, by their offsets.
    @inlinable public var utf8: UTF8View { UTF8View(self) }

    /// The part between two offsets, in bytes, which shares the memory of the whole.
    ///
    /// - Precondition: The offsets lie within the text, and neither of them inside of a character's bytes.
    @inlinable public subscript(offsets: Range<Int>) -> UTF8String {
        precondition(
            offsets.lowerBound >= 0 && offsets.upperBound <= utf8Count,
            "a part from \(offsets.lowerBound) to \(offsets.upperBound) of a text of \(utf8Count) bytes"
        )
        precondition(
            isBoundary(offsets.lowerBound) && isBoundary(offsets.upperBound),
            "a part that starts or ends inside of a character's bytes")
        return part(offsets.lowerBound, count: offsets.count)
    }

    /// What lies before an offset.
    @inlinable public subscript(offsets: PartialRangeUpTo<Int>) -> UTF8String {
        self[0..<offsets.upperBound]
    }

    /// What lies at an offset and behind it.
    @inlinable public subscript(offsets: PartialRangeFrom<Int>) -> UTF8String {
        self[offsets.lowerBound..<utf8Count]
    }

    @usableFromInline func isBoundary(_ offset: Int) -> Bool {
        offset == utf8Count || utf8[offset] & 0xc0 != 0x80
    }

    /// `count` bytes from `offset` on, which must lie within.
    @usableFromInline @inline(__always) func part(_ offset: Int, count: Int) -> UTF8String {
        switch storage {
        case .inline:
            withUTF8 {
                UTF8String(inlining: UnsafeBufferPointer(rebasing: $0[offset..<(offset &+ count)]))
            }
        case .fixed:
            withUTF8 {
                UTF8String(
                    unsafeStatic: UnsafeBufferPointer(rebasing: $0[offset..<(offset &+ count)]))
            }
        case .block(let block):
            UTF8String(
                block: block, offset: Int(truncatingIfNeeded: word & 0xffff_ffff) &+ offset,
                count: count)
        }
    }
}

extension UTF8String {
    /// Whether the text starts with another.
    @inlinable public func hasPrefix(_ prefix: UTF8String) -> Bool {
        prefix.utf8Count <= utf8Count && part(0, count: prefix.utf8Count) == prefix
    }

    /// Whether the text ends with another.
    @inlinable public func hasSuffix(_ suffix: UTF8String) -> Bool {
        let count = suffix.utf8Count
        return count <= utf8Count && part(utf8Count &- count, count: count) == suffix
    }

    /// Whether another text lies within.
    @inlinable public func contains(_ other: UTF8String) -> Bool { firstRange(of: other) != nil }

    /// Where another text first lies, in bytes from the start; an empty one lies everywhere.
    ///
    /// Complexity: linear in the length where the other's first byte is rare; else times the other's length.
    public func firstRange(of other: UTF8String) -> Range<Int>? {
        withUTF8 { bytes in
            other.withUTF8 { wanted in
                guard let first = wanted.first else { return 0..<0 }
                var start = 0
                while let offset = bytes.firstOffset(of: first, from: start) {
                    let end = offset &+ wanted.count
                    guard end <= bytes.count else { return nil }
                    if bytes[offset..<end].elementsEqual(wanted) { return offset..<end }
                    start = offset &+ 1
                }
                return nil
            }
        }
    }

    /// The parts between separators, which share the memory of the whole.
    ///
    /// - Parameters:
    ///   - separator: A character of ASCII.
    ///   - maxSplits: How often to split at most; the last part is then all that remains.
    ///   - omittingEmptySubsequences: Whether empty parts are left out.
    /// - Precondition: The separator is ASCII, and `maxSplits` is not negative.
    public func split(
        separator: Unicode.Scalar, maxSplits: Int = .max, omittingEmptySubsequences: Bool = true
    ) -> [UTF8String] {
        precondition(maxSplits >= 0, "fewer than no splits")
        let byte = UInt8(ascii: separator)
        return withUTF8 { bytes in
            var parts: [UTF8String] = []
            // Most texts that are split have a few parts.
            parts.reserveCapacity(min(maxSplits, 7) + 1)
            var start = 0
            while parts.count < maxSplits, let offset = bytes.firstOffset(of: byte, from: start) {
                if offset > start || !omittingEmptySubsequences {
                    parts.append(part(start, count: offset - start))
                }
                start = offset + 1
            }
            if start < bytes.count || !omittingEmptySubsequences {
                parts.append(part(start, count: bytes.count - start))
            }
            return parts
        }
    }

    /// The text in lower case; the same text, and no copy, where it is ASCII in lower case already.
    public func lowercased() -> UTF8String {
        recased(from: UInt8(ascii: "A")...UInt8(ascii: "Z")) { $0.lowercased() }
    }

    /// The text in upper case; the same text, and no copy, where it is ASCII in upper case already.
    public func uppercased() -> UTF8String {
        recased(from: UInt8(ascii: "a")...UInt8(ascii: "z")) { $0.uppercased() }
    }

    /// The text with letters of ASCII changed to the other case; `other` changes texts that are not ASCII.
    private func recased(
        from letters: ClosedRange<UInt8>, _ other: (String) -> String
    ) -> UTF8String {
        let isASCII = withUTF8 { UnsafeRawBufferPointer($0).isASCII }
        guard isASCII else { return UTF8String(other(String(self))) }
        return withUTF8 { bytes in
            guard bytes.contains(where: { letters.contains($0) }) else { return self }
            return UTF8String(unsafeUninitializedCapacity: bytes.count) { target in
                for offset in 0..<bytes.count {
                    let byte = bytes[offset]
                    target.initializeElement(
                        at: offset, to: letters.contains(byte) ? byte ^ 0x20 : byte)
                }
                return bytes.count
            }
        }
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Where `byte` comes first, from `start` on; eight bytes are looked at together.
    fileprivate func firstOffset(of byte: UInt8, from start: Int) -> Int? {
        let (first, end) = bounds
        let wanted = ByteWord.repeating(byte)
        var at = first + start
        while end - at >= 8 {
            let marks = ByteWord(loading: at).mask(of: wanted)
            if marks != 0 { return at - first + ByteWord.count(before: marks) }
            at += 8
        }
        while at < end {
            if at.pointee == byte { return at - first }
            at += 1
        }
        return nil
    }
}
