public import WeirCore

/// A hash table from key to state, in the order in which keys first came as long as none is removed.
///
/// Two parts: an open-addressing index of 8-byte slots (32 bits of the hash, 32 bits of entry
/// number), and the entries, key beside value, in pages of 256 that never move. Walking the entries
/// is a walk over memory in order; growing the table re-files the index and copies no entry; and
/// pages are what a snapshot will share and copy.
///
/// Shape: `count` entries, `0 ..< count`, at most 2³² − 1. Confined to one worker.
public final class StateTable<Key: StreamKey, Value> {
    // SAFETY: entries 0 ..< count are initialised and live in pages[n / 256][n % 256]; slots of
    // `index` are 0 where free; everything is owned by this object and freed by its deinit. Arrays
    // cost a uniqueness and a bounds check for each record: measured, a third of the whole lookup.
    @usableFromInline typealias Entry = StateTableEntry<Key, Value>
    @usableFromInline var index: UnsafeMutablePointer<UInt64>
    @usableFromInline var indexBits: UInt32
    @usableFromInline var pages: UnsafeMutablePointer<UnsafeMutablePointer<Entry>>
    @usableFromInline var pageCount = 0
    @usableFromInline var pageCapacity = 4
    @usableFromInline var entryCount = 0

    @inlinable static var pageShift: Int { 8 }
    @inlinable static var pageSize: Int { 1 << pageShift }

    /// Creates an empty table with room for about `capacity` keys before its index grows.
    public init(capacity: Int = 16) {
        var bits: UInt32 = 5
        while (1 << bits) < capacity * 2 { bits += 1 }
        indexBits = bits
        index = .allocate(capacity: 1 << Int(bits))
        index.initialize(repeating: 0, count: 1 << Int(bits))
        pages = .allocate(capacity: 4)
    }

    deinit {
        var left = entryCount
        for page in 0..<pageCount {
            pages[page].deinitialize(count: min(left, Self.pageSize))
            left = max(0, left - Self.pageSize)
            pages[page].deallocate()
        }
        pages.deallocate()
        index.deallocate()
    }

    /// The number of keys.
    @inlinable public var count: Int { entryCount }
    /// Whether there are none.
    @inlinable public var isEmpty: Bool { entryCount == 0 }

    @inlinable func entry(_ number: Int) -> UnsafeMutablePointer<Entry> {
        pages[number &>> Self.pageShift] + (number & (Self.pageSize &- 1))
    }

    /// Changes the value of `key` in place; a key not seen before starts with `initial()`.
    ///
    /// - Parameter hash: `key.stableHash`.
    /// - Complexity: O(1) expected; allocates when a page is full or the index half full.
    @inlinable public func update<Result>(
        _ key: Key, hash: UInt64, initial: () throws -> Value,
        _ body: (inout Value) throws -> Result
    ) rethrows -> Result {
        let tag = hash &>> 32
        let mask = (1 &<< Int(indexBits)) &- 1
        var position = Int(tag) & mask
        while true {
            let slot = index[position]
            if slot == 0 { break }
            if slot &>> 32 == tag {
                let found = entry(Int(truncatingIfNeeded: slot & 0xffff_ffff) &- 1)
                if found.pointee.key == key { return try body(&found.pointee.value) }
            }
            position = (position &+ 1) & mask
        }
        let added = try insert(key, tag: tag, at: position, initial())
        return try body(&added.pointee.value)
    }

    @inlinable func insert(
        _ key: Key, tag: UInt64, at position: Int, _ value: consuming Value
    ) -> UnsafeMutablePointer<Entry> {
        if entryCount == pageCount &<< Self.pageShift { addPage() }
        let added = entry(entryCount)
        added.initialize(to: Entry(key: key, value: value))
        entryCount &+= 1
        index[position] = tag &<< 32 | UInt64(entryCount)
        if entryCount &* 2 > 1 &<< Int(indexBits) { growIndex() }
        return added
    }

    @usableFromInline func addPage() {
        precondition(entryCount < Int(UInt32.max) - Self.pageSize, "a keyed table is full")
        if pageCount == pageCapacity {
            let larger = UnsafeMutablePointer<UnsafeMutablePointer<Entry>>
                .allocate(capacity: pageCapacity * 2)
            larger.moveInitialize(from: pages, count: pageCount)
            pages.deallocate()
            pages = larger
            pageCapacity *= 2
        }
        (pages + pageCount).initialize(to: .allocate(capacity: Self.pageSize))
        pageCount += 1
    }

    @usableFromInline func growIndex() { rebuildIndex(bits: indexBits + 1) }

    private func rebuildIndex(bits: UInt32) {
        let oldSize = 1 << Int(indexBits)
        let oldIndex = index
        indexBits = bits
        let size = 1 << Int(bits)
        index = .allocate(capacity: size)
        index.initialize(repeating: 0, count: size)
        for old in 0..<oldSize where oldIndex[old] != 0 {
            var position = Int(oldIndex[old] >> 32) & (size - 1)
            while index[position] != 0 { position = (position + 1) & (size - 1) }
            index[position] = oldIndex[old]
        }
        oldIndex.deallocate()
    }

    /// The value of `key`, or `nil`.
    ///
    /// - Complexity: O(1) expected.
    @inlinable public func value(of key: Key, hash: UInt64) -> Value? {
        let tag = hash &>> 32
        let mask = (1 &<< Int(indexBits)) &- 1
        var position = Int(tag) & mask
        while true {
            let slot = index[position]
            if slot == 0 { return nil }
            if slot &>> 32 == tag {
                let found = entry(Int(truncatingIfNeeded: slot & 0xffff_ffff) &- 1)
                if found.pointee.key == key { return found.pointee.value }
            }
            position = (position &+ 1) & mask
        }
    }

    /// The key of an entry.
    ///
    /// - Precondition: `number` is in `0 ..< count`; checked in debug builds.
    @inlinable public func key(at number: Int) -> Key {
        assert(number >= 0 && number < entryCount, "no such entry")
        return entry(number).pointee.key
    }

    /// Reads or changes the value of an entry in place.
    ///
    /// - Precondition: `number` is in `0 ..< count`; checked in debug builds.
    @inlinable public func withEntry<Result>(
        _ number: Int, _ body: (Key, inout Value) throws -> Result
    ) rethrows -> Result {
        assert(number >= 0 && number < entryCount, "no such entry")
        let found = entry(number)
        return try body(found.pointee.key, &found.pointee.value)
    }

    /// Forgets one key.
    ///
    /// The last entry takes the place of the one removed, so that entries stay without gaps and the
    /// order is no longer that of arrival. Memory is given back: pages when two stand empty, the
    /// index when it is an eighth full.
    ///
    /// - Returns: The value that it had; `nil` when it was not there.
    /// - Complexity: O(1) expected.
    @inlinable @discardableResult
    public func remove(_ key: Key, hash: UInt64) -> Value? {
        guard let position = slotPosition(of: key, tag: hash &>> 32) else { return nil }
        let removed = Int(truncatingIfNeeded: index[position] & 0xffff_ffff) &- 1
        closeGap(at: position)
        let last = entryCount &- 1
        let value = entry(removed).move().value
        if removed != last {
            let moved = entry(last).move()
            refile(moved.key, from: last, to: removed)
            entry(removed).initialize(to: moved)
        }
        entryCount = last
        if pageCount &<< Self.pageShift >= entryCount &+ 3 &* Self.pageSize { dropPage() }
        if entryCount &* 8 < 1 &<< Int(indexBits), indexBits > 5 { shrinkIndex() }
        return value
    }

    /// Where the index has `key`; `nil` where it has not.
    @inlinable func slotPosition(of key: Key, tag: UInt64) -> Int? {
        let mask = (1 &<< Int(indexBits)) &- 1
        var position = Int(tag) & mask
        while index[position] != 0 {
            let slot = index[position]
            if slot &>> 32 == tag {
                let number = Int(truncatingIfNeeded: slot & 0xffff_ffff) &- 1
                if entry(number).pointee.key == key { return position }
            }
            position = (position &+ 1) & mask
        }
        return nil
    }

    /// Frees a slot, and moves up the slots behind it that were pushed past it, so that searches find
    /// them still (Knuth, The Art of Computer Programming 3, section 6.4, algorithm R).
    @usableFromInline func closeGap(at freed: Int) {
        let mask = (1 << Int(indexBits)) - 1
        var gap = freed
        var position = freed
        while true {
            position = (position + 1) & mask
            let slot = index[position]
            if slot == 0 { break }
            let home = Int(slot >> 32) & mask
            if (position - home) & mask >= (position - gap) & mask {
                index[gap] = slot
                gap = position
            }
        }
        index[gap] = 0
    }

    /// Has the index find `key`, which was entry `old`, as entry `new`.
    @inlinable func refile(_ key: Key, from old: Int, to new: Int) {
        let mask = (1 &<< Int(indexBits)) &- 1
        let tag = key.stableHash &>> 32
        var position = Int(tag) & mask
        while index[position] != tag &<< 32 | UInt64(old &+ 1) {
            position = (position &+ 1) & mask
        }
        index[position] = tag &<< 32 | UInt64(new &+ 1)
    }

    @usableFromInline func dropPage() {
        pageCount -= 1
        pages[pageCount].deallocate()
    }

    @usableFromInline func shrinkIndex() { rebuildIndex(bits: indexBits - 1) }

    /// Forgets all keys and keeps the memory of the index.
    public func removeAll() {
        var left = entryCount
        for page in 0..<pageCount {
            pages[page].deinitialize(count: min(left, Self.pageSize))
            left = max(0, left - Self.pageSize)
        }
        index.update(repeating: 0, count: 1 << Int(indexBits))
        entryCount = 0
    }
}

/// A key and its value, side by side.
@frozen
public struct StateTableEntry<Key, Value> {
    @usableFromInline let key: Key
    @usableFromInline var value: Value

    @inlinable init(key: Key, value: consuming Value) {
        self.key = key
        self.value = value
    }
}
