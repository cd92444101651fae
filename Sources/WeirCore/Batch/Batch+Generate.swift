extension Batch {
    /// Appends `added` rows with one time, made by `make` from their position, from 0.
    ///
    /// Tighter than `append` in a loop: room is made once, and each element is made in its place.
    @inlinable public mutating func appendRows(
        _ added: Int, at time: Timestamp, _ make: (Int) -> Element
    ) {
        precondition(added >= 0, "a batch cannot grow by \(added) rows")
        reserveCapacity(rowCount + added)
        let target = elements + rowCount
        for row in 0..<added { (target + row).initialize(to: make(row)) }
        (times + rowCount).initialize(repeating: time, count: added)
        rowCount += added
        hashed = false
    }
}
