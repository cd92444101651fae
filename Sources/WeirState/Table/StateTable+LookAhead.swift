public import WeirCore

// A lookup in a table that is larger than the caches near the core waits for memory twice: for a slot of the
// index, and for the entry that it names. Lookups one after the other wait one after the other, since the
// work between them fills the processor's window of instructions. Many small reads in a row wait together.

extension StateTable {
    /// Whether the table is larger than the caches near the core, so that it pays to look keys up ahead:
    /// once it has had more than 98,304 keys.
    @inlinable @inline(__always) public var isLarge: Bool { indexMask >= 1 &<< 17 }

    /// Looks up the keys of the next rows, up to `end` or as many as there is room for: with what that
    /// finds, and the memory that it has fetched, ``update(_:ahead:row:initial:_:)`` is quick.
    ///
    /// It changes nothing, and may miss a key: one whose page is not in memory, or that is added meanwhile.
    @inlinable @inline(__always)
    public func lookAhead(
        _ keys: KeysAhead, from row: Int, to end: Int, hashOf: (Int) -> UInt64
    ) {
        let (hashes, guesses) = (keys.hashes, keys.guesses)
        let count = min(KeysAhead.capacity, end &- row)
        let (index, mask) = (index, indexMask)
        keys.first = row
        keys.count = count
        // Three loops, each of which only waits for what it reads itself. The first has the index fetched.
        var seen: UInt32 = 0
        for number in 0..<count {
            let hash = hashOf(row &+ number)
            hashes[number] = hash
            seen |= index[Int(UInt32(truncatingIfNeeded: hash &>> 32) & mask)]
        }
        for number in 0..<count {
            let tag = UInt32(truncatingIfNeeded: hashes[number] &>> 32)
            var position = Int(tag & mask)
            var slot = index[position]
            while slot != 0, (slot ^ tag) & ~mask != 0 || slot & mask == 0 {
                position = (position &+ 1) & Int(mask)
                slot = index[position]
            }
            guesses[number] = slot & mask
        }
        for number in 0..<count where guesses[number] != 0 {
            seen |= firstWord(ofEntry: Int(guesses[number]) &- 1)
        }
        // Kept, so that the reads are not left out.
        keys.seen = seen
    }

    /// Calls `body` with what may be the value of a key that has been looked up ahead, so that it can fetch what that
    /// leads to.
    ///
    /// - Precondition: `keys` contains `row`.
    @inlinable @inline(__always)
    public func peek(_ keys: KeysAhead, row: Int, _ body: (borrowing Value) -> Void) {
        let number = Int(keys.guesses[row &- keys.first]) &- 1
        guard number >= 0, number < entryCount,
            let entries = pages[number &>> StatePage.shift].entries
        else { return }
        withUnsafePointer(to: &entry(number, in: entries).pointee.value) {
            $0.withBorrowedPointee(body)
        }
    }

    @inlinable @inline(__always) func firstWord(ofEntry number: Int) -> UInt32 {
        guard let entries = pages[number &>> StatePage.shift].entries else { return 0 }
        let offset = (number & (StatePage.size &- 1)) &* MemoryLayout<Entry>.stride
        return UInt32(entries.load(fromByteOffset: offset, as: UInt8.self))
    }

    /// Changes the value of a key that may have been looked up ahead; as ``update(_:hash:initial:_:)``.
    ///
    /// - Precondition: `keys` contains `row`, whose key is `key`. What was found may be out of date, or
    ///   another table's.
    @inlinable @inline(__always)
    public func update<Result>(
        _ key: Key, ahead keys: KeysAhead, row: Int, initial: () throws -> Value,
        _ body: (inout Value) throws -> Result
    ) throws -> Result {
        let number = Int(keys.guesses[row &- keys.first]) &- 1
        if number >= 0, number < entryCount {
            let page = pages + number &>> StatePage.shift
            if page.pointee.stamp == stamp, let entries = page.pointee.entries {
                let found = entry(number, in: entries)
                if found.pointee.key == key { return try body(&found.pointee.value) }
            }
        }
        return try update(key, hash: keys.hashes[row &- keys.first], initial: initial, body)
    }
}

/// The next keys that a table will be asked for, looked up before their turn.
///
/// Confined to one worker.
public final class KeysAhead {
    // SAFETY: room for `capacity` numbers each, initialised, owned by this object and freed by its deinit.
    @usableFromInline let hashes: UnsafeMutablePointer<UInt64>
    /// Numbers of entries that may be the keys', plus one; 0 where none was found.
    @usableFromInline let guesses: UnsafeMutablePointer<UInt32>
    @exclusivity(unchecked) @usableFromInline var first = 0
    @exclusivity(unchecked) @usableFromInline var count = 0
    @exclusivity(unchecked) @usableFromInline var seen: UInt32 = 0

    /// The keys that are looked up at a time: few enough for all that they lead to to stay in the first-level
    /// cache.
    @inlinable public static var capacity: Int { 64 }

    /// Starts with none.
    public init() {
        hashes = .allocate(capacity: Self.capacity)
        hashes.initialize(repeating: 0, count: Self.capacity)
        guesses = .allocate(capacity: Self.capacity)
        guesses.initialize(repeating: 0, count: Self.capacity)
    }

    deinit {
        hashes.deallocate()
        guesses.deallocate()
    }

    /// Whether a row's key has been looked up.
    @inlinable @inline(__always) public func contains(_ row: Int) -> Bool {
        UInt(bitPattern: row &- first) < UInt(bitPattern: count)
    }

    /// Forgets all, since other rows are to come.
    @inlinable @inline(__always) public func removeAll() { count = 0 }
}
