public import WeirCore

/// A hash table from key to state, in the order in which keys first came as long as none is removed.
///
/// Two parts: the entries, key beside value, in pages of 256; and an open-addressing index of
/// 4-byte slots, each an entry's number and as many bits of its hash as are left. Walking the entries
/// is a walk over memory in order; growing the table re-files the index and copies no entry; and
/// pages are what snapshots share, what is copied before a change while a snapshot reads it, what
/// is loaded at first use after a restore, and what a ``PageStore`` takes when memory is short.
///
/// A call may have to load a page: each that looks at an entry throws what reading it throws, after
/// which the table is as it was before the call. A body handed to a call must not use the table.
///
/// Shape: `count` entries, `0 ..< count`, at most 1.6 · 10⁹. Memory: 4 bytes of index for at least
/// 3/8 and at most 3/4 of an entry; of one with up to 65,536 slots, 1/8 and 1/4. Confined to one worker, but for the snapshots it makes.
public final class StateTable<Key: StreamKey, Value> {
    // SAFETY: entries 0 ..< count are initialised and live in pages[n / 256][n % 256], or in what
    // `absent` says of that page where it is not resident; slots of `index` are 0 where free. What
    // no snapshot has taken over is owned by this object and freed by its deinit. Arrays cost a
    // uniqueness and a bounds check for each record: measured, a third of the whole lookup.
    // Access is not checked for overlaps at run time: a lookup would make two calls for it, and no
    // property is passed `inout`.
    @usableFromInline typealias Entry = StateTableEntry<Key, Value>
    @exclusivity(unchecked) @usableFromInline var index: UnsafeMutablePointer<UInt32>
    /// The number of slots, a power of two, less one: the bits of a slot that hold an entry's number.
    @exclusivity(unchecked) @usableFromInline var indexMask: UInt32
    /// The slots that are not free: in use, or left behind by a key that was removed.
    @exclusivity(unchecked) @usableFromInline var usedSlots = 0
    @exclusivity(unchecked) @usableFromInline var pages: UnsafeMutablePointer<StatePage>
    /// For each group of pages, the stamp of the last change of its keys.
    @exclusivity(unchecked) @usableFromInline var keyStamps: UnsafeMutablePointer<UInt64>
    @exclusivity(unchecked) @usableFromInline var pageCount = 0
    @exclusivity(unchecked) @usableFromInline var pageCapacity: Int
    @exclusivity(unchecked) @usableFromInline var entryCount = 0
    /// What a page is stamped with when it is changed: one more than the epoch of the last snapshot.
    @exclusivity(unchecked) @usableFromInline var stamp: UInt64 = 1

    /// The epoch of the first snapshot, or of the one that the pages were taken over from: what is said
    /// to be unchanged is so since then at the earliest.
    var firstSnapshot: Epoch?
    /// How entries are written; found when first asked for.
    var codecs: StateTableCodecs<Key, Value>?
    /// The pages that snapshots still read; made with the first of them.
    var shared: SharedPages?
    /// The pages that are not resident; `nil` where all are.
    var absent: AbsentPages<Key, Value>?
    /// Where the table is to spill to, from its first page on.
    var spillPlace: SpillPlace?
    /// What is in memory, where that is limited.
    var resident: ResidentPages?
    /// What entries have beside their own bytes.
    var heap = HeapEstimate()
    var sampledPage = 0

    /// Creates an empty table with room for about `capacity` keys before its index grows.
    public init(capacity: Int = 16) {
        let size = StateIndex.size(for: capacity)
        indexMask = UInt32(size - 1)
        index = .allocate(capacity: size)
        index.initialize(repeating: 0, count: size)
        pageCapacity = StatePage.groupSize
        pages = .allocate(capacity: pageCapacity)
        keyStamps = .allocate(capacity: 1)
        keyStamps.initialize(repeating: 0, count: 1)
    }

    deinit {
        freePages()
        if let resident { resident.pool.leave(resident.member) }
        pages.deallocate()
        keyStamps.deallocate()
        index.deallocate()
    }

    /// The number of keys.
    @inlinable public var count: Int { entryCount }
    /// Whether there are none.
    @inlinable public var isEmpty: Bool { entryCount == 0 }

    /// Changes the value of `key` in place; a key not seen before starts with `initial()`.
    ///
    /// - Parameter hash: `key.stableHash`.
    /// - Throws: What a body throws, or the loading of a page.
    /// - Complexity: O(1) expected; allocates when a page is full or the index.
    @inlinable public func update<Result>(
        _ key: Key, hash: UInt64, initial: () throws -> Value,
        _ body: (inout Value) throws -> Result
    ) throws -> Result {
        let tag = UInt32(truncatingIfNeeded: hash &>> 32)
        guard let found = try findEntry(of: key, tag: tag, forWriting: true) else {
            return try body(&insert(key, tag: tag, try initial()).pointee.value)
        }
        return try body(&found.pointee.value)
    }

    /// Changes the value of `key` in place, if there is one.
    ///
    /// - Parameter hash: `key.stableHash`.
    /// - Returns: What `body` answers; `nil` for a key without a value.
    /// - Throws: What `body` throws, or the loading of a page.
    /// - Complexity: O(1) expected.
    @inlinable @inline(__always) public func updateExisting<Result>(
        _ key: Key, hash: UInt64, _ body: (inout Value) throws -> Result
    ) throws -> Result? {
        let tag = UInt32(truncatingIfNeeded: hash &>> 32)
        guard let found = try findEntry(of: key, tag: tag, forWriting: true) else { return nil }
        return try body(&found.pointee.value)
    }

    /// The value of `key`, or `nil`.
    ///
    /// - Throws: What the loading of a page throws.
    /// - Complexity: O(1) expected.
    @inlinable public func value(of key: Key, hash: UInt64) throws -> Value? {
        let tag = UInt32(truncatingIfNeeded: hash &>> 32)
        return try findEntry(of: key, tag: tag, forWriting: false)?.pointee.value
    }

    /// The key of an entry.
    ///
    /// - Precondition: `number` is in `0 ..< count`; checked in debug builds.
    /// - Throws: What the loading of a page throws.
    @inlinable public func key(at number: Int) throws -> Key {
        assert(number >= 0 && number < entryCount, "no such entry")
        return try readableEntry(number).pointee.key
    }

    /// Reads or changes the value of an entry in place; it counts as changed.
    ///
    /// - Precondition: `number` is in `0 ..< count`; checked in debug builds.
    /// - Throws: What `body` throws, or the loading of a page.
    @inlinable public func withEntry<Result>(
        _ number: Int, _ body: (Key, inout Value) throws -> Result
    ) throws -> Result {
        assert(number >= 0 && number < entryCount, "no such entry")
        let found = try writableEntry(number)
        return try body(found.pointee.key, &found.pointee.value)
    }

    /// Reads the value of an entry, which does not count as changed: cheaper than ``withEntry(_:_:)``
    /// while a snapshot is written, and for the next one.
    ///
    /// - Precondition: `number` is in `0 ..< count`; checked in debug builds.
    /// - Throws: What `body` throws, or the loading of a page.
    @inlinable public func readEntry<Result>(
        _ number: Int, _ body: (Key, borrowing Value) throws -> Result
    ) throws -> Result {
        assert(number >= 0 && number < entryCount, "no such entry")
        let found = try readableEntry(number)
        return try body(found.pointee.key, found.pointee.value)
    }

    /// Forgets one key.
    ///
    /// The last entry takes the place of the one removed, so that entries stay without gaps and the
    /// order is no longer that of arrival. Memory is given back: pages when two stand empty, the
    /// index when a sixteenth of it is used, or of a small one half of that.
    ///
    /// - Returns: The value that it had; `nil` when it was not there.
    /// - Throws: What the loading of a page throws.
    /// - Complexity: O(1) expected.
    @inlinable @discardableResult
    public func remove(_ key: Key, hash: UInt64) throws -> Value? {
        let position = try slotPosition(of: key, tag: UInt32(truncatingIfNeeded: hash &>> 32))
        guard position >= 0 else { return nil }
        return try removeEntry(at: position)
    }

    /// Changes the value of `key` in place, if there is one, or forgets it, with a single lookup.
    ///
    /// The order is then as after ``remove(_:hash:)``.
    ///
    /// - Parameters:
    ///   - hash: `key.stableHash`.
    ///   - body: Answers whether the key stays.
    /// - Throws: What `body` throws, or the loading of a page, before `body` or after it.
    /// - Complexity: O(1) expected.
    @inlinable @inline(__always) public func updateOrRemove(
        _ key: Key, hash: UInt64, _ body: (inout Value) throws -> Bool
    ) throws {
        let position = try slotPosition(of: key, tag: UInt32(truncatingIfNeeded: hash &>> 32))
        guard position >= 0 else { return }
        let found = try writableEntry(entryNumber(at: position))
        if try !body(&found.pointee.value) { try removeEntry(at: position) }
    }

    /// Forgets the key that the index has at a position; answers what it had.
    @inlinable @discardableResult func removeEntry(at position: Int) throws -> Value {
        let removed = entryNumber(at: position)
        let last = entryCount &- 1
        // All that can fail comes before the first change.
        let (gap, lastEntry) = try writableEntries(removed, last)
        let value = gap.move().value
        freeSlot(at: position)
        if removed != last {
            let moved = lastEntry.move()
            refile(moved.key, from: last, to: removed)
            gap.initialize(to: moved)
        }
        entryCount = last
        keyStamps[removed &>> StatePage.groupShift] = stamp
        keyStamps[last &>> StatePage.groupShift] = stamp
        if pageCount &<< StatePage.shift >= entryCount &+ 3 &* StatePage.size { dropPage() }
        if StateIndex.isTooLarge(size: Int(indexMask) &+ 1, for: entryCount) { resizeIndex() }
        return value
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
