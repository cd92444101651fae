/// What a hand-written loop puts out: counted and hashed, as the jobs' sinks do it.
struct HandOutput: ~Copyable {
    private(set) var total = NexmarkTotal()
    private var added = RowTexts()
    private var retracted = RowTexts()
    private var waiting = 0

    /// Puts out a row.
    @inline(__always) mutating func add(_ row: borrowing some NexmarkRow) {
        total.rows &+= 1
        added.append(row)
        noteRow()
    }

    /// Takes a row back.
    @inline(__always) mutating func retract(_ row: borrowing some NexmarkRow) {
        total.rows &-= 1
        retracted.append(row)
        noteRow()
    }

    @inline(__always) private mutating func noteRow() {
        waiting &+= 1
        if waiting == 1_024 { commit() }
    }

    /// Hashes what has been put out.
    mutating func commit() {
        total.checksum &+= added.drainHashes() &- retracted.drainHashes()
        waiting = 0
    }
}
