import WeirCore

extension StateTable {
    /// Reads or changes the value of `key` in place if it has one; adds no key.
    ///
    /// - Parameter hash: `key.stableHash`.
    /// - Returns: What `body` answers; `nil` when the key is not there.
    /// - Complexity: O(1) expected.
    @inlinable public func updateIfPresent<Result>(
        _ key: Key, hash: UInt64, _ body: (inout Value) throws -> Result
    ) rethrows -> Result? {
        guard let position = slotPosition(of: key, tag: hash &>> 32) else { return nil }
        let number = Int(truncatingIfNeeded: index[position] & 0xffff_ffff) &- 1
        return try body(&entry(number).pointee.value)
    }
}
