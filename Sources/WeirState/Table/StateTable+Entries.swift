import WeirCore

extension StateTable {
    /// The number of the entry of `key`; a key not seen before gets one with `initial()`.
    ///
    /// The number holds until an entry is removed.
    ///
    /// - Parameter hash: `key.stableHash`.
    /// - Complexity: O(1) expected; allocates when a page is full or the index half full.
    @inlinable public func entryNumber(
        of key: Key, hash: UInt64, initial: () throws -> Value
    ) rethrows -> Int {
        let tag = hash &>> 32
        let mask = (1 &<< Int(indexBits)) &- 1
        var position = Int(tag) & mask
        while true {
            let slot = index[position]
            if slot == 0 { break }
            if slot &>> 32 == tag {
                let number = Int(truncatingIfNeeded: slot & 0xffff_ffff) &- 1
                if entry(number).pointee.key == key { return number }
            }
            position = (position &+ 1) & mask
        }
        _ = try insert(key, tag: tag, at: position, initial())
        return entryCount &- 1
    }

    /// The number of the entry of `key`; `nil` where it has none.
    ///
    /// - Complexity: O(1) expected.
    @inlinable public func entryNumber(of key: Key, hash: UInt64) -> Int? {
        guard let position = slotPosition(of: key, tag: hash &>> 32) else { return nil }
        return Int(truncatingIfNeeded: index[position] & 0xffff_ffff) &- 1
    }
}
