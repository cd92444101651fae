/// A row of a ranking.
@usableFromInline
struct RankedRow<Row> {
    @usableFromInline var row: Row
    /// Whether the row was there when changes were last put out.
    @usableFromInline var isPutOut: Bool

    @inlinable init(_ row: Row, isPutOut: Bool) {
        self.row = row
        self.isPutOut = isPutOut
    }
}

/// The best few records of a key, and what was put out of them.
///
/// While changes are held back, rows that were put out and have left since wait behind those that
/// rank. So no row is copied before it is put out. New rows come between others, whose order stays,
/// and those that leave are the last: the old rank of a row follows from how many were put out before
/// it, and need not be kept.
public struct TopRows<Row> {
    /// The rows that rank, the best first; then the rows that were put out and have left, the worst
    /// first.
    @usableFromInline var rows: ContiguousArray<RankedRow<Row>> = []
    @usableFromInline var ranked: UInt32 = 0
    @usableFromInline var changed = UInt32.max

    @inlinable init() {}

    /// How many rows rank.
    @inlinable var count: Int { Int(truncatingIfNeeded: ranked) }
    /// The first rank, from 0, that has changed since changes were put out; `UInt32.max` where none
    /// has. The rows before it have been put out.
    @inlinable var firstChanged: Int { Int(truncatingIfNeeded: changed) }

    /// Puts a record in its place, behind all that come before it or are equal to it in the order.
    ///
    /// - Returns: Whether it is among the best `limit`.
    @inlinable @inline(__always)
    mutating func insert(_ record: Row, limit: Int, comesFirst: (Row, Row) -> Bool) -> Bool {
        let count = count
        var place = count
        while place > 0 && comesFirst(record, rows[place &- 1].row) { place &-= 1 }
        guard place < limit else { return false }
        if count < limit {
            rows.append(RankedRow(record, isPutOut: false))
            rows.moveElement(at: rows.count &- 1, forwardTo: place)
            ranked &+= 1
        } else if rows[limit &- 1].isPutOut {
            rows.append(RankedRow(record, isPutOut: false))
            rows.swapAt(limit &- 1, rows.count &- 1)
            rows.moveElement(at: limit &- 1, forwardTo: place)
        } else {
            // Nobody has seen the one that leaves.
            rows[limit &- 1].row = record
            rows.moveElement(at: limit &- 1, forwardTo: place)
        }
        if place < firstChanged { changed = UInt32(truncatingIfNeeded: place) }
        return true
    }

    /// Has all rows leave.
    @inlinable mutating func removeAll() {
        let left = rows[count...] + rows[..<count].reversed().filter(\.isPutOut)
        rows = ContiguousArray(left)
        ranked = 0
        changed = 0
    }

    /// Notes that what the rows are now has been put out.
    ///
    /// - Precondition: Those that have left have been taken.
    @inlinable mutating func notePutOut() {
        let (first, count) = (firstChanged, count)
        changed = .max
        guard first < count else { return }
        rows.withUnsafeMutableBufferPointer { rows in
            for place in first..<count { rows[place].isPutOut = true }
        }
    }
}

// MARK: - Saved form

extension TopRows {
    /// Rows as they were saved.
    ///
    /// - Parameter before: The rows that were put out from `firstChanged` on.
    init(_ saved: ContiguousArray<Row>, firstChanged: Int, before: some Collection<Row>) {
        rows.reserveCapacity(saved.count + before.count)
        for (place, row) in saved.enumerated() {
            rows.append(RankedRow(row, isPutOut: place < firstChanged))
        }
        ranked = UInt32(truncatingIfNeeded: saved.count)
        changed = UInt32(clamping: firstChanged)
        // Which of them still rank is not known any more. That they all have left leads to the same
        // changes, as rows that are the same are not put out.
        for row in before.reversed() { rows.append(RankedRow(row, isPutOut: true)) }
    }

    /// The rows that rank.
    var saved: ContiguousArray<Row> { ContiguousArray(rows[..<count].lazy.map(\.row)) }

    /// The first changed rank; `Int.max` where none has.
    var savedFirstChanged: Int { changed == .max ? .max : firstChanged }

    /// The rows that were put out from the first changed rank on.
    var before: ContiguousArray<Row> {
        guard firstChanged < count || rows.count > count else { return [] }
        let staying = rows[min(firstChanged, count)..<count].filter(\.isPutOut)
        return ContiguousArray((staying + rows[count...].reversed()).map(\.row))
    }
}

extension ContiguousArray {
    /// Moves an element to a smaller index, and those between one up.
    ///
    /// Elements are moved as they lie: to remove and insert one goes through collections' general
    /// code, which costs several times as much.
    @inlinable mutating func moveElement(at index: Int, forwardTo place: Int) {
        precondition(place >= 0 && place <= index && index < count, "no such place")
        if place == index { return }
        withUnsafeMutableBufferPointer { elements in
            // SAFETY: both are indices; each place moved from is filled again.
            guard let first = elements.baseAddress else { return }
            let moved = (first + index).move()
            (first + place + 1).moveInitialize(from: first + place, count: index &- place)
            (first + place).initialize(to: moved)
        }
    }
}
