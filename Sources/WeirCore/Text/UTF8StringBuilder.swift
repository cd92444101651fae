/// Writes texts one behind the other, several into one block of memory.
///
/// Texts that are dropped together, such as those of one record, then cost one allocation. Each keeps the whole block
/// alive, ``UTF8String/copied()`` aside.
public struct UTF8StringBuilder: ~Copyable {
    // SAFETY: `count` bytes of `block` are initialised, and those from `start` on belong to no text yet.
    @usableFromInline var block: UTF8Block
    @usableFromInline var capacity: Int
    @usableFromInline var start = 0
    @usableFromInline var count = 0

    /// Makes room for so many bytes; more is made as it is needed.
    ///
    /// - Precondition: At most 4 GB.
    @inlinable public init(capacity: Int) {
        precondition(capacity <= UInt32.max, "texts of more than 4 GB")
        self.capacity = max(capacity, 16)
        block = .make(capacity: self.capacity)
    }

    /// Appends a character of ASCII.
    @inlinable @inline(__always) public mutating func append(_ character: Unicode.Scalar) {
        append(ascii: UInt8(ascii: character))
    }

    /// Appends a byte of ASCII.
    ///
    /// - Precondition: It is below 128; checked in debug builds.
    @inlinable @inline(__always) public mutating func append(ascii byte: UInt8) {
        assert(byte < 0x80, "a byte that is not ASCII")
        if count == capacity { grow(by: 1) }
        (block.bytes + count).initialize(to: byte)
        count &+= 1
    }

    /// Appends a text.
    @inlinable @inline(__always) public mutating func append(_ text: UTF8String) {
        text.withUTF8 { bytes in
            guard let source = bytes.baseAddress else { return }
            if bytes.count > capacity &- count { grow(by: bytes.count) }
            (block.bytes + count).initialize(from: source, count: bytes.count)
            count &+= bytes.count
        }
    }

    /// Appends what `initializer` writes into room for `capacity` bytes; it answers how many.
    ///
    /// Whether they are UTF-8 is not checked.
    @inlinable @inline(__always) public mutating func append(
        unsafeUninitializedCapacity capacity: Int,
        initializingWith initializer: (UnsafeMutableBufferPointer<UInt8>) -> Int
    ) {
        if capacity > self.capacity &- count { grow(by: capacity) }
        let written = initializer(
            UnsafeMutableBufferPointer(start: block.bytes + count, count: capacity))
        precondition(written >= 0 && written <= capacity, "more bytes than there is room for")
        count &+= written
    }

    /// How many bytes have been written since the last text was taken.
    @inlinable public var pendingCount: Int { count &- start }

    /// Takes back what was written last, down to `pending` bytes since the last text was taken.
    ///
    /// - Precondition: There are as many, and no character is cut; the former is checked.
    @inlinable public mutating func truncate(toPending pending: Int) {
        precondition(pending >= 0 && pending <= pendingCount, "more than has been written")
        count = start &+ pending
    }

    /// The text that has been written since the last one was taken.
    @inlinable @inline(__always) public mutating func take() -> UTF8String {
        let text = UTF8String(block: block, offset: start, count: count &- start)
        start = count
        return text
    }

    /// Goes on in another block, with what belongs to no text yet.
    @usableFromInline @inline(never) mutating func grow(by size: Int) {
        let pending = pendingCount
        precondition(pending + size <= UInt32.max, "a text of more than 4 GB")
        capacity = max(capacity, min((pending + size) * 2, Int(UInt32.max)))
        let larger = UTF8Block.make(capacity: capacity)
        larger.bytes.initialize(from: block.bytes + start, count: pending)
        block = larger
        start = 0
        count = pending
    }
}

extension UTF8String {
    /// The text that `initializer` writes into memory; it answers how many bytes.
    ///
    /// Whether they are UTF-8 is not checked.
    @inlinable public init(
        unsafeUninitializedCapacity capacity: Int,
        initializingWith initializer: (UnsafeMutableBufferPointer<UInt8>) -> Int
    ) {
        precondition(capacity <= UInt32.max, "a text of more than 4 GB")
        let block = UTF8Block.make(capacity: capacity)
        let count = initializer(UnsafeMutableBufferPointer(start: block.bytes, count: capacity))
        precondition(count >= 0 && count <= capacity, "more bytes than there is room for")
        self.init(block: block, offset: 0, count: count)
    }
}
