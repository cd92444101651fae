extension Batch {
    /// Calls `body` with rows and their hashes, from the first, until it answers `false`. The rows
    /// that it was given are gone from the batch; the rest moves up.
    ///
    /// For operators that must stop within a batch because their output is full.
    ///
    /// - Precondition: ``hasHashes``, unless the batch is empty.
    /// - Returns: Whether the last answer was `true`, and so no row is left.
    /// - Throws: What `body` throws; all rows are then gone.
    /// - Complexity: O(rows).
    @inlinable @inline(__always) public mutating func drainHashedRows(
        while body: (consuming Element, Timestamp, UInt64) throws -> Bool
    ) throws -> Bool {
        try drainHashedPlaces { element, isMoved, time, hash in
            isMoved = true
            return try body(element.move(), time, hash)
        }
    }

    /// Calls `body` with the place of each row's element, its event time and its hash, until it answers
    /// `false`, and drops the rows that it was called with.
    ///
    /// For loops that keep some elements and only look at others, behind more calls than the optimizer moves
    /// a value through. A `body` that moves the element out of its place sets `isMoved`; where it does not,
    /// the element is dropped afterwards.
    ///
    /// - Precondition: ``hasHashes``, unless there is no row.
    /// - Returns: Whether the last answer was `true`, and so no row is left.
    /// - Throws: What `body` throws; all rows are then gone.
    /// - Complexity: O(rows).
    @inlinable @inline(__always) public mutating func drainHashedPlaces(
        while body: (
            _ element: UnsafeMutablePointer<Element>, _ isMoved: inout Bool, Timestamp, UInt64
        ) throws -> Bool
    ) throws -> Bool {
        let total = rowCount
        guard total > 0 else { return true }
        precondition(hashed, "the rows of this batch carry no hashes")
        let column = hashes.unsafelyUnwrapped
        var row = 0
        var goesOn = true
        // While rows move out, the batch owns none of them.
        rowCount = 0
        while row < total, goesOn {
            let place = elements + row
            var isMoved = false
            do {
                goesOn = try body(place, &isMoved, times[row], column[row])
            } catch {
                let first = isMoved ? row &+ 1 : row
                (elements + first).deinitialize(count: total &- first)
                hashed = false
                throw error
            }
            if !isMoved { place.deinitialize(count: 1) }
            row &+= 1
        }
        moveUp(startingAt: row, total: total)
        return goesOn
    }

    /// Moves the rows `start ..< total` to the front and makes them the batch's.
    @usableFromInline mutating func moveUp(startingAt start: Int, total: Int) {
        let left = total - start
        if left > 0, start > 0 {
            elements.moveInitialize(from: elements + start, count: left)
            times.moveInitialize(from: times + start, count: left)
            if let hashes { hashes.moveInitialize(from: hashes + start, count: left) }
        }
        rowCount = left
        hashed = left > 0
    }
}
