import WeirCore

extension StateTable {
    /// The number of the entry of `key`; a key not seen before gets one with `initial()`.
    ///
    /// The number holds until an entry is removed.
    ///
    /// - Parameter hash: `key.stableHash`.
    /// - Throws: What `initial` throws, or the loading of a page.
    /// - Complexity: O(1) expected; allocates when a page is full or the index.
    @inlinable public func entryNumber(
        of key: Key, hash: UInt64, initial: () throws -> Value
    ) throws -> Int {
        let tag = UInt32(truncatingIfNeeded: hash &>> 32)
        let position = try slotPosition(of: key, tag: tag)
        if position >= 0 { return entryNumber(at: position) }
        _ = try insert(key, tag: tag, try initial())
        return entryCount &- 1
    }

    /// The number of the entry of `key`; `nil` where it has none.
    ///
    /// - Throws: What the loading of a page throws.
    /// - Complexity: O(1) expected.
    @inlinable public func entryNumber(of key: Key, hash: UInt64) throws -> Int? {
        let position = try slotPosition(of: key, tag: UInt32(truncatingIfNeeded: hash &>> 32))
        return position >= 0 ? entryNumber(at: position) : nil
    }

    /// Reads or changes the value of `key` in place if it has one; adds no key.
    ///
    /// - Parameter hash: `key.stableHash`.
    /// - Returns: What `body` answers; `nil` when the key is not there.
    /// - Throws: What `body` throws, or the loading of a page.
    /// - Complexity: O(1) expected.
    @inlinable public func updateIfPresent<Result>(
        _ key: Key, hash: UInt64, _ body: (inout Value) throws -> Result
    ) throws -> Result? {
        let tag = UInt32(truncatingIfNeeded: hash &>> 32)
        guard let found = try findEntry(of: key, tag: tag, forWriting: true) else { return nil }
        return try body(&found.pointee.value)
    }

    /// Reads the value of `key` if it has one; it does not count as changed.
    ///
    /// - Parameter hash: `key.stableHash`.
    /// - Returns: What `body` answers; `nil` when the key is not there.
    /// - Throws: What `body` throws, or the loading of a page.
    /// - Complexity: O(1) expected.
    @inlinable public func readIfPresent<Result>(
        _ key: Key, hash: UInt64, _ body: (borrowing Value) throws -> Result
    ) throws -> Result? {
        let tag = UInt32(truncatingIfNeeded: hash &>> 32)
        guard let found = try findEntry(of: key, tag: tag, forWriting: false) else { return nil }
        return try body(found.pointee.value)
    }
}
