extension OrderedMultiset {
    /// The smallest values in ascending order, equal ones each, at most `limit` of them.
    ///
    /// - Complexity: O(`limit`).
    @inlinable public func prefix(_ limit: Int) -> [Value] {
        var smallest: [Value] = []
        smallest.reserveCapacity(Swift.min(limit, count))
        for chunk in chunks {
            for member in chunk {
                for _ in 0..<member.count {
                    if smallest.count >= limit { return smallest }
                    smallest.append(member.value)
                }
            }
        }
        return smallest
    }
}
