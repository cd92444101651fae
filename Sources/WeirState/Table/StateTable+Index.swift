public import WeirCore

/// How large the index of a table is.
@usableFromInline
enum StateIndex {
    /// The slots that may be used of so many. Small tables lie in the processor's caches, and short searches,
    /// whose length can be foretold, are worth more than their memory; large ones are packed.
    @inlinable static func limit(ofSize size: Int) -> Int {
        size <= 1 &<< 16 ? size / 4 : size / 4 &* 3
    }

    /// Whether an index is too large for so many keys. Then one of a smaller size does, and stands some removals and
    /// additions, whatever sizes there are: the limit is not in proportion to the size.
    @inlinable static func isTooLarge(size: Int, for count: Int) -> Bool {
        size > 32 && count &* (size <= 1 &<< 16 ? 32 : 16) <= size
    }

    /// The slots for so many keys.
    @usableFromInline static func size(for count: Int) -> Int {
        var size = 32
        while limit(ofSize: size) < count { size *= 2 }
        return size
    }
}

extension StateTable {
    // A slot: in the bits of `indexMask` an entry's number plus one, and in those above them the same
    // bits of its tag, which is the upper half of the hash. The tag's lower bits say where the search
    // begins. A slot with number 0 is free if all of it is 0; else a key has been removed there,
    // and searches go on past it.

    @inlinable func entryNumber(at position: Int) -> Int { Int(index[position] & indexMask) &- 1 }

    /// The entry of `key`, to read or also to write; `nil` where it has none.
    @inlinable @inline(__always)
    func findEntry(
        of key: Key, tag: UInt32, forWriting: Bool
    ) throws -> UnsafeMutablePointer<Entry>? {
        let mask = indexMask
        var position = Int(tag & mask)
        while true {
            let slot = index[position]
            if slot == 0 { return nil }
            if (slot ^ tag) & ~mask == 0, slot & mask != 0 {
                let number = Int(slot & mask) &- 1
                let page = pages + number &>> StatePage.shift
                if let entries = page.pointee.entries {
                    let found = entry(number, in: entries)
                    if found.pointee.key == key {
                        if !forWriting || page.pointee.stamp == stamp { return found }
                        return entry(number, in: try prepare(number &>> StatePage.shift))
                    }
                } else if try isAbsentEntry(number, of: key, tag: tag) {
                    return try forWriting ? writableEntry(number) : readableEntry(number)
                }
            }
            position = (position &+ 1) & Int(mask)
        }
    }

    /// Where the index has `key`; negative where it has not.
    @inlinable func slotPosition(of key: Key, tag: UInt32) throws -> Int {
        let mask = indexMask
        var position = Int(tag & mask)
        while true {
            let slot = index[position]
            if slot == 0 { return -1 }
            if (slot ^ tag) & ~mask == 0, slot & mask != 0,
                try isEntry(Int(slot & mask) &- 1, of: key, tag: tag)
            {
                return position
            }
            position = (position &+ 1) & Int(mask)
        }
    }

    @inlinable func isEntry(_ number: Int, of key: Key, tag: UInt32) throws -> Bool {
        guard let entries = pages[number &>> StatePage.shift].entries else {
            return try isAbsentEntry(number, of: key, tag: tag)
        }
        return entry(number, in: entries).pointee.key == key
    }

    /// Adds an entry for a key that has none.
    @inlinable @inline(never)
    func insert(
        _ key: Key, tag: UInt32, _ value: consuming Value
    ) throws -> UnsafeMutablePointer<Entry> {
        let number = entryCount
        if number == pageCount &<< StatePage.shift { try addPage() }
        let added = try writableEntry(number)
        if usedSlots >= StateIndex.limit(ofSize: Int(indexMask) &+ 1) { resizeIndex() }
        file(number, tag: tag)
        added.initialize(to: Entry(key: key, value: value))
        entryCount = number &+ 1
        keyStamps[number &>> StatePage.groupShift] = stamp
        return added
    }

    /// Has the index find an entry by its tag.
    @inlinable func file(_ number: Int, tag: UInt32) {
        let mask = indexMask
        var position = Int(tag & mask)
        while index[position] & mask != 0 { position = (position &+ 1) & Int(mask) }
        if index[position] == 0 { usedSlots &+= 1 }
        index[position] = tag & ~mask | UInt32(truncatingIfNeeded: number &+ 1)
    }

    /// Frees a slot, at once where no search goes on past it, and with it those before it that only
    /// keep searches going.
    @inlinable func freeSlot(at position: Int) {
        let mask = Int(indexMask)
        guard index[(position &+ 1) & mask] == 0 else {
            index[position] = ~indexMask
            return
        }
        var freed = position
        repeat {
            index[freed] = 0
            usedSlots &-= 1
            freed = (freed &- 1) & mask
        } while index[freed] != 0 && index[freed] & indexMask == 0
    }

    /// Has the index find `key`, which was entry `old`, as entry `new`.
    @inlinable func refile(_ key: Key, from old: Int, to new: Int) {
        let mask = indexMask
        let tag = UInt32(truncatingIfNeeded: key.stableHash &>> 32)
        var position = Int(tag & mask)
        while index[position] != tag & ~mask | UInt32(truncatingIfNeeded: old &+ 1) {
            position = (position &+ 1) & Int(mask)
        }
        index[position] = tag & ~mask | UInt32(truncatingIfNeeded: new &+ 1)
    }

    /// Makes an index of the size that suits the number of entries and one more.
    @inlinable @inline(never) func resizeIndex() {
        // A third of the room is left, so that what it costs is spread over as many insertions.
        clearIndex(size: StateIndex.size(for: (entryCount &+ 1) &* 4 / 3))
        for page in 0..<(entryCount &+ StatePage.size &- 1) &>> StatePage.shift {
            let first = page &<< StatePage.shift
            let last = min(entryCount, first &+ StatePage.size)
            if let entries = pages[page].entries {
                for number in first..<last {
                    let hash = entry(number, in: entries).pointee.key.stableHash
                    file(number, tag: UInt32(truncatingIfNeeded: hash &>> 32))
                }
            } else {
                fileAbsent(page)
            }
        }
    }

    /// Replaces the index by one with no slot in use. The old one goes first: the two together are
    /// the most memory that the table ever needs.
    @usableFromInline func clearIndex(size: Int) {
        if size != Int(indexMask) + 1 {
            index.deallocate()
            index = .allocate(capacity: size)
            indexMask = UInt32(size - 1)
        }
        index.initialize(repeating: 0, count: size)
        usedSlots = 0
    }
}
