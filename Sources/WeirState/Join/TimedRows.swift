public import WeirCore

/// The records of one key and side of a join, in order of event time and, at one time, of arrival.
///
/// One array; the records dropped at its front stay until they are half of it, so that dropping
/// costs O(1) amortised. A plain value.
///
/// Shape: the live records have the indices `startIndex ..< endIndex`.
public struct TimedRows<Record> {
    /// A record, its time, and whether a partner has come.
    public struct Row {
        /// The record.
        public var record: Record
        /// Its event time.
        public var time: Timestamp
        /// Whether a partner has come.
        public var isMatched: Bool

        @inlinable init(_ record: consuming Record, at time: Timestamp, isMatched: Bool) {
            self.record = record
            self.time = time
            self.isMatched = isMatched
        }
    }

    @usableFromInline var rows: ContiguousArray<Row> = []
    @usableFromInline var head = 0
    /// When the timer is due that cleans up here; `nil` when there is none.
    public var visit: Timestamp?

    /// Makes an empty list.
    @inlinable public init() {}

    /// The index of the first live record.
    @inlinable public var startIndex: Int { head }
    /// The index behind the last record.
    @inlinable public var endIndex: Int { rows.count }
    /// The record at an index.
    @inlinable public subscript(index: Int) -> Row { _read { yield rows[index] } }
    /// The event time of the record at an index.
    @inlinable public func time(at index: Int) -> Timestamp { rows[index].time }
    /// Whether a partner of the record at an index has come.
    @inlinable public func isMatched(at index: Int) -> Bool { rows[index].isMatched }
    /// The number of live records.
    @inlinable public var count: Int { rows.count &- head }
    /// Whether there is no live record.
    @inlinable public var isEmpty: Bool { rows.count == head }

    /// Inserts a record behind all that are not later.
    ///
    /// - Returns: Its index.
    /// - Complexity: O(1) when none is later; otherwise O(log n + those that are later).
    @inlinable @discardableResult
    public mutating func insert(
        _ record: consuming Record, at time: Timestamp, isMatched: Bool
    ) -> Int {
        let isLast = count == 0 || rows[rows.count &- 1].time <= time
        let position =
            isLast ? rows.count : lastIndex(through: time).map { $0 &+ 1 } ?? head
        // Else three small rows would have memory allocated for them three times.
        if rows.capacity == 0, MemoryLayout<Row>.stride <= 64 { rows.reserveCapacity(4) }
        if isLast {
            rows.append(Row(record, at: time, isMatched: isMatched))
        } else {
            rows.insert(Row(record, at: time, isMatched: isMatched), at: position)
        }
        return position
    }

    /// The index of the first live record at `time` or later; ``endIndex`` when there is none.
    ///
    /// - Complexity: O(log n).
    @inlinable public func firstIndex(from time: Timestamp) -> Int {
        var low = head
        var high = rows.count
        while low < high {
            let middle = (low &+ high) &>> 1
            if rows[middle].time < time { low = middle &+ 1 } else { high = middle }
        }
        return low
    }

    /// The index of the last live record that is not later than `time`; `nil` when there is none.
    ///
    /// - Complexity: O(log n).
    @inlinable public func lastIndex(through time: Timestamp) -> Int? {
        var low = head
        var high = rows.count
        while low < high {
            let middle = (low &+ high) &>> 1
            if rows[middle].time <= time { low = middle &+ 1 } else { high = middle }
        }
        return low == head ? nil : low &- 1
    }

    /// The index of the first live record whose time is not `isOver`; ``endIndex`` when all are.
    ///
    /// - Parameter isOver: Holds for all times before one for which it holds.
    /// - Complexity: O(log n); O(1) when all are.
    @inlinable @inline(__always)
    public func firstIndex(notOver isOver: (Timestamp) -> Bool) -> Int {
        var low = head
        var high = rows.count
        if low < high, isOver(rows[high &- 1].time) { return high }
        while low < high {
            let middle = (low &+ high) &>> 1
            if isOver(rows[middle].time) { low = middle &+ 1 } else { high = middle }
        }
        return low
    }

    /// Calls `body` with the record at an index, which is not copied for it.
    @inlinable @inline(__always) public func withRecord<Result>(
        at index: Int, _ body: (Record) throws -> Result
    ) rethrows -> Result {
        try rows.withUnsafeBufferPointer { rows in
            try (rows.baseAddress.unsafelyUnwrapped + index).withBorrowedPointee { row in
                try body(row.record)
            }
        }
    }

    /// Replaces the record at an index by one of the same time.
    @inlinable public mutating func replace(at index: Int, with record: Record) {
        rows[index].record = record
    }

    /// Notes that the record at an index has a partner.
    @inlinable public mutating func markMatched(at index: Int) { rows[index].isMatched = true }

    /// Reads what dropping records will look at, so that it is fetched; the answer means nothing.
    @inlinable @inline(__always) public func touch() -> Int64 {
        rows.withUnsafeBufferPointer { rows in
            guard let first = rows.baseAddress, rows.count > 0 else { return 0 }
            return (first + (rows.count &- 1)).withBorrowedPointee { $0.time.microseconds }
        }
    }

    /// Drops the first `dropped` live records.
    ///
    /// - Complexity: O(dropped) amortised.
    @inlinable public mutating func dropFirst(_ dropped: Int) {
        head &+= dropped
        if head == rows.count {
            rows = []
            head = 0
        } else if head &* 2 >= rows.count {
            rows.removeFirst(head)
            head = 0
        }
    }
}

extension TimedRows.Row: Sendable where Record: Sendable {}
extension TimedRows: Sendable where Record: Sendable {}
