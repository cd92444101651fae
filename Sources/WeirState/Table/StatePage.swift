/// A page of a table, as its directory has it: one 16-byte entry, so that finding a page and whether
/// it may be written is one access of memory.
@frozen @usableFromInline
struct StatePage {
    /// Room for 256 entries; `nil` where the page is not resident.
    @usableFromInline var entries: UnsafeMutableRawPointer?
    /// The table's stamp when the page was last changed.
    @usableFromInline var stamp: UInt64

    @usableFromInline init(entries: UnsafeMutableRawPointer?, stamp: UInt64) {
        self.entries = entries
        self.stamp = stamp
    }

    /// Set in the stamp of a page that the table's store has as it is: no such stamp is the table's
    /// current one, so that the next write is noticed.
    static let cleanBit: UInt64 = 1 << 63

    /// Whether the table's store has the page as it is.
    var isClean: Bool {
        get { stamp & Self.cleanBit != 0 }
        set { stamp = newValue ? stamp | Self.cleanBit : stamp & ~Self.cleanBit }
    }

    /// The stamp of the last change.
    var changeStamp: UInt64 { stamp & ~Self.cleanBit }

    /// Entries to a page, as a power of two.
    @inlinable static var shift: Int { 8 }
    /// Entries to a page.
    @inlinable static var size: Int { 1 &<< shift }
    /// Pages to a group, whose hashes are one block of a checkpoint.
    @inlinable static var groupSize: Int { 64 }
    /// Entries to a group, as a power of two.
    @inlinable static var groupShift: Int { shift &+ 6 }

    /// The pages that so many entries take.
    static func count(forEntries count: Int) -> Int { (count + size - 1) >> shift }

    /// The entries of a page in a table of so many.
    static func entryCount(of page: Int, in count: Int) -> Int {
        max(0, min(size, count - page << shift))
    }
}
