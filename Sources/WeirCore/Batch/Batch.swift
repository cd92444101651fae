/// A run of records with their timestamps, handed from step to step in one call.
///
/// Two parallel columns, the elements and their event times, each in one block of memory, and a
/// third, the hashes of their keys, once an exchange has computed them. A batch has one owner: a
/// step takes what it wants out of the batch that it is given and leaves it empty, so that the
/// producer fills the same memory again. A step that keeps the records swaps the whole batch for
/// an empty one, which moves three pointers.
///
/// Shape: `count` rows, `0 ..< count`. Unit of times: event time, microseconds.
public struct Batch<Element>: ~Copyable {
    // SAFETY: rows 0 ..< rowCount of `elements` and `times` (and of `hashes` where `hasHashes`) are
    // initialised, the rest up to `rowCapacity` is not; the columns are owned by this value alone
    // and freed by its deinit. Arrays instead cost a uniqueness and a bounds check for each row, and
    // cannot move rows out.
    @usableFromInline var elements: UnsafeMutablePointer<Element>
    @usableFromInline var times: UnsafeMutablePointer<Timestamp>
    @usableFromInline var hashes: UnsafeMutablePointer<UInt64>?
    @usableFromInline var rowCount: Int
    @usableFromInline var rowCapacity: Int
    @usableFromInline var hashed: Bool

    /// The split that the rows were read from; 0 where an operator has but one input.
    public var split: Int32 = 0

    /// Creates an empty batch; with a capacity of 0 it allocates nothing until a row is appended.
    @inlinable public init(capacity: Int = 0) {
        elements = Self.allocate(capacity)
        times = Batch<Timestamp>.allocate(capacity)
        hashes = nil
        rowCount = 0
        rowCapacity = capacity
        hashed = false
    }

    deinit {
        elements.deinitialize(count: rowCount)
        elements.deallocate()
        times.deallocate()
        hashes?.deallocate()
    }

    @inlinable static func allocate(_ capacity: Int) -> UnsafeMutablePointer<Element> {
        UnsafeMutablePointer<Element>.allocate(capacity: capacity)
    }

    /// The rows in use.
    @inlinable public var count: Int { rowCount }
    /// The rows that fit before the batch must grow.
    @inlinable public var capacity: Int { rowCapacity }
    /// Whether no row is in use.
    @inlinable public var isEmpty: Bool { rowCount == 0 }
    /// Whether each row carries the hash of its key.
    @inlinable public var hasHashes: Bool { hashed }
    /// The rows, to loop over.
    @inlinable public var indices: Range<Int> { 0..<rowCount }

    /// The element of a row.
    ///
    /// - Precondition: `row` is in `0 ..< count`; checked in debug builds.
    @inlinable public subscript(row: Int) -> Element {
        unsafeAddress {
            assert(row >= 0 && row < rowCount, "row outside the batch")
            return UnsafePointer(elements + row)
        }
        nonmutating unsafeMutableAddress {
            assert(row >= 0 && row < rowCount, "row outside the batch")
            return elements + row
        }
    }

    /// The event time of a row.
    @inlinable public func time(at row: Int) -> Timestamp {
        assert(row >= 0 && row < rowCount, "row outside the batch")
        return times[row]
    }

    /// The hash of a row's key.
    ///
    /// - Precondition: ``hasHashes``.
    @inlinable public func hash(at row: Int) -> UInt64 {
        assert(row >= 0 && row < rowCount, "row outside the batch")
        return hashes.unsafelyUnwrapped[row]
    }
}

// MARK: - Filling

extension Batch {
    /// Appends a row, growing the batch when it is full.
    ///
    /// - Complexity: O(1) amortised.
    @inlinable public mutating func append(_ element: consuming Element, at time: Timestamp) {
        if rowCount == rowCapacity { grow(to: Swift.max(16, rowCapacity &* 2)) }
        (elements + rowCount).initialize(to: element)
        (times + rowCount).initialize(to: time)
        rowCount &+= 1
    }

    /// Makes room for `capacity` rows in all.
    @inlinable public mutating func reserveCapacity(_ capacity: Int) {
        if capacity > rowCapacity { grow(to: capacity) }
    }

    @usableFromInline mutating func grow(to newCapacity: Int) {
        let newElements = Self.allocate(newCapacity)
        let newTimes = Batch<Timestamp>.allocate(newCapacity)
        newElements.moveInitialize(from: elements, count: rowCount)
        newTimes.moveInitialize(from: times, count: rowCount)
        if let old = hashes {
            let newHashes = Batch<UInt64>.allocate(newCapacity)
            if hashed { newHashes.moveInitialize(from: old, count: rowCount) }
            old.deallocate()
            hashes = newHashes
        }
        elements.deallocate()
        times.deallocate()
        elements = newElements
        times = newTimes
        rowCapacity = newCapacity
    }

    /// Drops all rows and keeps the memory.
    @inlinable public mutating func removeAll() {
        elements.deinitialize(count: rowCount)
        rowCount = 0
        hashed = false
    }

    /// Drops the first `dropped` rows.
    @inlinable public mutating func removeFirst(_ dropped: Int) {
        precondition(dropped >= 0 && dropped <= rowCount, "more rows dropped than there are")
        guard dropped > 0 else { return }
        elements.deinitialize(count: dropped)
        let left = rowCount - dropped
        elements.moveInitialize(from: elements + dropped, count: left)
        times.moveInitialize(from: times + dropped, count: left)
        if hashed, let hashes { hashes.moveInitialize(from: hashes + dropped, count: left) }
        rowCount = left
        if left == 0 { hashed = false }
    }

    /// Appends a copy of every row of this batch to `other`.
    @inlinable public borrowing func copyRows(to other: inout Batch<Element>) {
        other.reserveCapacity(other.rowCount + rowCount)
        (other.elements + other.rowCount).initialize(from: elements, count: rowCount)
        (other.times + other.rowCount).initialize(from: times, count: rowCount)
        other.rowCount += rowCount
        other.split = split
        other.hashed = false
    }

    /// A copy of the batch, with the hashes of its keys where it has them.
    @inlinable public borrowing func copy() -> Batch<Element> {
        var copied = Batch(capacity: rowCount)
        copyRows(to: &copied)
        if hashed, let hashes {
            let column = Batch<UInt64>.allocate(rowCount)
            column.initialize(from: hashes, count: rowCount)
            copied.hashes = column
            copied.hashed = true
        }
        return copied
    }

    /// Moves the rows `start ..< start + moved` of `other`, which must be its last, to the end of
    /// this batch.
    @inlinable public mutating func moveRows(
        from other: inout Batch<Element>, startingAt start: Int
    ) {
        let moved = other.rowCount - start
        precondition(start >= 0 && moved >= 0, "rows outside the batch")
        reserveCapacity(rowCount + moved)
        (elements + rowCount).moveInitialize(from: other.elements + start, count: moved)
        (times + rowCount).moveInitialize(from: other.times + start, count: moved)
        rowCount += moved
        other.rowCount = start
        hashed = false
    }
}

// MARK: - The loops that steps are made of

extension Batch {
    /// Replaces every element by its transform, into `output`; the times move over untouched, hashes are
    /// dropped.
    ///
    /// On return this batch is empty and `output` holds the rows.
    ///
    /// A transform that can't throw is given each element for good, moved out of the batch: what it
    /// keeps of strings and arrays is then moved on, and not counted twice and released. From one that
    /// can, a copy is kept back for its error. Measured for a payload taken out of an enumeration and
    /// a record of five of its fields, one a string of 40 bytes: 10 instead of 51 ns for both.
    ///
    /// - Throws: ``RecordError`` with the record at fault when `transform` throws; the rows before
    ///   it are then in `output`, and this batch is empty.
    @inlinable @inline(__always) public mutating func mapRows<Output, Failure: Error>(
        into output: inout Batch<Output>,
        _ transform: (__owned Element) throws(Failure) -> Output
    ) throws {
        output.removeAll()
        output.reserveCapacity(rowCount)
        let source = elements
        let target = output.elements
        let total = rowCount
        var row = 0
        // Decided at compile time.
        if Failure.self == Never.self {
            rowCount = 0
            while row < total {
                (target + row).initialize(to: try transform((source + row).move()))
                row &+= 1
            }
            output.takeTimes(of: &self, rows: row)
            output.split = split
            hashed = false
            return
        }
        do {
            while row < total {
                (target + row).initialize(to: try transform(source[row]))
                row &+= 1
            }
        } catch {
            let failure = RecordError(record: elements[row], cause: error)
            output.takeTimes(of: &self, rows: row)
            removeAll()
            throw failure
        }
        output.takeTimes(of: &self, rows: row)
        output.split = split
        removeAll()
    }

    /// Replaces every element by its transform, into `output`, and drops those that have none.
    ///
    /// Elements are given to `transform` as ``mapRows(into:_:)`` does, so that one that picks out a part,
    /// such as an enumeration's payload, can be compiled to a move. On return this batch is empty and
    /// `output` holds the rows; hashes are dropped.
    ///
    /// - Parameter isWanted: Elements for which this is false are dropped, and not given to `transform`.
    /// - Returns: The number of rows dropped.
    /// - Throws: ``RecordError`` with the record at fault when `transform` throws; what the rows
    ///   before it gave is then in `output`, and this batch is empty.
    @inlinable @inline(__always) public mutating func compactMapRows<Output, Failure: Error>(
        into output: inout Batch<Output>, where isWanted: (Element) -> Bool = { _ in true },
        _ transform: (__owned Element) throws(Failure) -> Output?
    ) throws -> Int {
        output.removeAll()
        output.reserveCapacity(rowCount)
        output.split = split
        let source = elements
        let target = output.elements
        let total = rowCount
        rowCount = 0
        hashed = false
        var kept = 0
        var row = 0
        // Decided at compile time.
        if Failure.self == Never.self {
            while row < total {
                if !(source + row).withBorrowedPointee(isWanted) {
                    (source + row).deinitialize(count: 1)
                } else if let made = try transform((source + row).move()) {
                    (target + kept).initialize(to: made)
                    output.times[kept] = times[row]
                    kept &+= 1
                }
                row &+= 1
            }
            output.rowCount = kept
            return total - kept
        }
        while row < total {
            let element = (source + row).move()
            do {
                if isWanted(element), let made = try transform(element) {
                    (target + kept).initialize(to: made)
                    output.times[kept] = times[row]
                    kept &+= 1
                }
            } catch {
                (source + row + 1).deinitialize(count: total - row - 1)
                output.rowCount = kept
                throw RecordError(record: element, cause: error)
            }
            row &+= 1
        }
        output.rowCount = kept
        return total - kept
    }

    /// Takes over the time column of `other`, by swapping pointers where it can. Hashes stay behind:
    /// they are of the keys that the elements had before.
    @inlinable mutating func takeTimes<Other>(of other: inout Batch<Other>, rows: Int) {
        rowCount = rows
        hashed = false
        if rowCapacity == other.rowCapacity {
            swap(&times, &other.times)
        } else {
            times.initialize(from: other.times, count: rows)
        }
    }

    /// Keeps the rows for which `isKept` holds, in order, in place.
    ///
    /// - Returns: The number of rows dropped.
    /// - Throws: ``RecordError`` when `isKept` throws; the rows already judged stay.
    @inlinable @inline(__always) public mutating func keepRows(
        where isKept: (Element) throws -> Bool
    ) throws -> Int {
        let total = rowCount
        var kept = 0
        var row = 0
        hashed = false
        let rows = elements
        let rowTimes = times
        do {
            // One element in two dropped, at random, costs a mispredicted branch every other row,
            // 3 ns; a copy of a small plain value costs less. The test is decided at compile time.
            if _isPOD(Element.self) && MemoryLayout<Element>.stride <= 64 {
                while row < total {
                    let element = rows[row]
                    let time = rowTimes[row]
                    let stays = try isKept(element)
                    (rows + kept).initialize(to: element)
                    rowTimes[kept] = time
                    kept &+= stays ? 1 : 0
                    row &+= 1
                }
            }
            while row < total {
                if try (rows + row).withBorrowedPointee(isKept) {
                    if kept != row {
                        (rows + kept).moveInitialize(from: rows + row, count: 1)
                        rowTimes[kept] = rowTimes[row]
                    }
                    kept &+= 1
                } else {
                    (rows + row).deinitialize(count: 1)
                }
                row &+= 1
            }
        } catch {
            let failure = RecordError(record: elements[row], cause: error)
            (elements + row).deinitialize(count: total - row)
            rowCount = kept
            throw failure
        }
        rowCount = kept
        return total - kept
    }

    /// Sets every row's time to what `timeOf` says.
    ///
    /// - Returns: The latest of them, or ``Timestamp/earliest`` for an empty batch.
    @inlinable @inline(__always) public mutating func assignTimes(
        _ timeOf: (Element) throws -> Timestamp
    ) throws -> Timestamp {
        var latest = Timestamp.earliest
        let total = rowCount
        let source = elements
        let target = times
        var row = 0
        do {
            while row < total {
                let time = try (source + row).withBorrowedPointee(timeOf)
                target[row] = time
                if time > latest { latest = time }
                row &+= 1
            }
        } catch {
            throw RecordError(record: elements[row], cause: error)
        }
        return latest
    }

    /// Calls `body` with every row, from the first, and empties the batch.
    @inlinable public mutating func drainRows(
        _ body: (consuming Element, Timestamp) throws -> Void
    ) throws {
        let total = rowCount
        var row = 0
        rowCount = 0
        hashed = false
        do {
            while row < total {
                try body((elements + row).move(), times[row])
                row &+= 1
            }
        } catch {
            (elements + row + 1).deinitialize(count: total - row - 1)
            throw error
        }
    }

    /// Fills the hash column.
    @inlinable @inline(__always) public mutating func assignHashes(_ hashOf: (Element) -> UInt64) {
        let column: UnsafeMutablePointer<UInt64>
        if let hashes {
            column = hashes
        } else {
            column = Batch<UInt64>.allocate(rowCapacity)
            hashes = column
        }
        let source = elements
        for row in 0..<rowCount { column[row] = (source + row).withBorrowedPointee(hashOf) }
        // Rows appended to a batch without any would otherwise seem to have hashes.
        hashed = rowCount > 0
    }

    /// Moves each row to one of `targets`, chosen by `targetOf` from its hash, hash and all.
    ///
    /// - Precondition: ``hasHashes``; `targetOf` answers a valid index of `targets`.
    @inlinable @inline(__always) public mutating func scatterRows(
        to targets: UnsafeMutablePointer<Batch<Element>>, _ targetOf: (UInt64) -> Int
    ) {
        let column = hashes.unsafelyUnwrapped
        for row in 0..<rowCount {
            let hash = column[row]
            (targets + targetOf(hash)).pointee
                .appendHashed(moving: elements + row, at: times[row], hash: hash)
        }
        rowCount = 0
        hashed = false
    }

    @inlinable mutating func appendHashed(
        moving element: UnsafeMutablePointer<Element>, at time: Timestamp, hash: UInt64
    ) {
        if rowCount == rowCapacity { grow(to: Swift.max(16, rowCapacity &* 2)) }
        if hashes == nil { hashes = Batch<UInt64>.allocate(rowCapacity) }
        (elements + rowCount).moveInitialize(from: element, count: 1)
        times[rowCount] = time
        hashes.unsafelyUnwrapped[rowCount] = hash
        rowCount &+= 1
        hashed = true
    }
}

// SAFETY: a batch has one owner, and the columns are reachable through it alone.
extension Batch: @unchecked Sendable where Element: Sendable {}
