// The loops of steps that read a batch which other steps are still to see.

extension Batch {
    /// Fills `output` with every element's transform, and with the times; this batch stays as it is.
    ///
    /// - Throws: ``RecordError`` with the record at fault when `transform` throws; the rows before
    ///   it are then in `output`.
    @inlinable @inline(__always) public borrowing func mapCopies<Output, Failure: Error>(
        into output: inout Batch<Output>,
        _ transform: (__owned Element) throws(Failure) -> Output
    ) throws {
        output.beginCopies(rows: rowCount, of: split)
        let source = elements
        let total = rowCount
        var row = 0
        do {
            while row < total {
                output.addRow(try transform(source[row]), at: times[row])
                row &+= 1
            }
        } catch {
            throw RecordError(record: source[row], cause: error)
        }
    }

    /// Fills `output` with the transforms of the elements that have one; this batch stays as it is.
    ///
    /// - Parameter isWanted: Elements for which this is false have none, and are not copied to find out.
    /// - Returns: The number of rows that have none.
    /// - Throws: ``RecordError`` with the record at fault when `transform` throws; what the rows
    ///   before it gave is then in `output`.
    @inlinable @inline(__always) public borrowing func compactMapCopies<Output, Failure: Error>(
        into output: inout Batch<Output>, where isWanted: (Element) -> Bool = { _ in true },
        _ transform: (__owned Element) throws(Failure) -> Output?
    ) throws -> Int {
        output.beginCopies(rows: rowCount, of: split)
        let source = elements
        let total = rowCount
        var row = 0
        do {
            while row < total {
                if (source + row).withBorrowedPointee(isWanted),
                    let made = try transform(source[row])
                {
                    output.addRow(made, at: times[row])
                }
                row &+= 1
            }
        } catch {
            throw RecordError(record: source[row], cause: error)
        }
        return total &- output.rowCount
    }

    /// Fills `output` with copies of the rows for which `isKept` holds; this batch stays as it is.
    ///
    /// - Returns: The number of rows for which it does not.
    /// - Throws: ``RecordError`` when `isKept` throws; the rows already judged are then in `output`.
    @inlinable @inline(__always) public borrowing func copyRows(
        to output: inout Batch<Element>, where isKept: (Element) throws -> Bool
    ) throws -> Int {
        output.beginCopies(rows: rowCount, of: split)
        let source = elements
        let total = rowCount
        var row = 0
        do {
            while row < total {
                if try (source + row).withBorrowedPointee(isKept) {
                    output.addRow(source[row], at: times[row])
                }
                row &+= 1
            }
        } catch {
            throw RecordError(record: source[row], cause: error)
        }
        return total &- output.rowCount
    }

    /// Calls `body` with the element of a row, where it lies; see
    /// `UnsafePointer.withBorrowedPointee(_:)`.
    @inlinable @inline(__always) public borrowing func withRow<Result>(
        _ row: Int, _ body: (Element) throws -> Result
    ) rethrows -> Result {
        assert(row >= 0 && row < rowCount, "row outside the batch")
        return try (elements + row).withBorrowedPointee(body)
    }

    /// Empties the batch, and makes room for `rows` rows of a split.
    @inlinable mutating func beginCopies(rows: Int, of split: Int32) {
        removeAll()
        reserveCapacity(rows)
        self.split = split
    }

    /// Appends a row, for which there is room.
    @inlinable @inline(__always)
    mutating func addRow(_ element: consuming Element, at time: Timestamp) {
        (elements + rowCount).initialize(to: element)
        times[rowCount] = time
        rowCount &+= 1
    }
}

extension UnsafePointer where Pointee: ~Copyable {
    /// Calls `body` with the pointee, where it lies.
    ///
    /// Functions that the optimizer does not see into could change the memory, for all it knows, so it hands
    /// them copies of what `pointee` gives, and counts their references. Written for values that cannot be
    /// copied, this borrows those that can as well.
    @inlinable @inline(__always) public func withBorrowedPointee<Result>(
        _ body: (borrowing Pointee) throws -> Result
    ) rethrows -> Result {
        try body(pointee)
    }
}

extension UnsafeMutablePointer where Pointee: ~Copyable {
    /// Calls `body` with the pointee, where it lies; see `UnsafePointer.withBorrowedPointee(_:)`.
    @inlinable @inline(__always) public func withBorrowedPointee<Result>(
        _ body: (borrowing Pointee) throws -> Result
    ) rethrows -> Result {
        try body(pointee)
    }
}
