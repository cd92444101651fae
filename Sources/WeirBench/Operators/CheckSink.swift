import Weir

/// What a computation came to: enough to see that two of them gave the same rows.
struct Outcome: Equatable, Sendable, Codable {
    var rows = 0
    /// The wrapping sum of all rows' checksums, which no order of the rows changes.
    var checksum: UInt64 = 0

    @inline(__always)
    mutating func add(_ checksum: UInt64) {
        rows &+= 1
        self.checksum &+= checksum
    }
}

/// A row that a ``CheckSink`` takes.
protocol CheckedRow: Sendable {
    var checksum: UInt64 { get }
}

extension Event: CheckedRow {
    @inline(__always) var checksum: UInt64 { UInt64(truncatingIfNeeded: value) }
}

/// The result of a window for an integer key.
struct KeyCount: CheckedRow {
    var key: Int
    var start: Timestamp
    var count: Int

    @inline(__always) var checksum: UInt64 {
        let place = UInt64(truncatingIfNeeded: key) &* 0x9e37_79b9_7f4a_7c15
        let time = UInt64(bitPattern: start.microseconds) &* 0xc2b2_ae3d_27d4_eb4f
        return (place ^ time) &* (UInt64(truncatingIfNeeded: count) | 1 &<< 32)
    }
}

/// The result of a window for a key that is text.
struct NameMean: CheckedRow {
    var name: String
    var start: Timestamp
    var mean: Double

    @inline(__always) var checksum: UInt64 {
        let time = UInt64(bitPattern: start.microseconds) &* 0xc2b2_ae3d_27d4_eb4f
        return (UInt64(name.utf8.count) ^ time) &+ mean.bitPattern
    }
}

/// Where the rows of an engine's run are added up.
final class Tally: Sendable {
    private let outcome = Locked(Outcome())

    var total: Outcome { outcome.withLock { $0 } }

    func add(_ part: Outcome) {
        outcome.withLock {
            $0.rows += part.rows
            $0.checksum &+= part.checksum
        }
    }
}

/// Adds up rows and their checksums, on the worker.
struct CheckSink<Row: CheckedRow>: Sink {
    let tally: Tally

    var summary: String { "checksum" }
    var writeMode: WriteMode { .inline }

    func writer(context: SubtaskContext) -> CheckWriter<Row> { CheckWriter(tally: tally) }
}

struct CheckWriter<Row: CheckedRow>: SinkWriter {
    let tally: Tally
    var part = Outcome()

    mutating func write(_ batch: inout Batch<Row>) {
        var sum: UInt64 = 0
        for row in batch.indices { sum &+= batch[row].checksum }
        part.checksum &+= sum
        part.rows += batch.count
        batch.removeAll()
    }

    func finish() { tally.add(part) }
}
