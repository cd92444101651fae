import Weir

/// Folds all fields of a record into one word, as the yardstick's `Digest` does.
struct RecordDigest {
    private var state: UInt64 = 0xcbf2_9ce4_8422_2325
    private let isOptional: [Bool]

    private init(isOptional: [Bool]) { self.isOptional = isOptional }

    /// The rows' count, and the wrapping sum of their digests.
    static func outcome<Row: Record>(of batch: borrowing Batch<Row>) throws -> Outcome {
        let format = RowFormat(Row.self)
        let fresh = RecordDigest(isOptional: format.fields.map(\.isOptional))
        var outcome = Outcome()
        for row in batch.indices {
            var digest = fresh
            try format.visit(batch[row], with: &digest)
            outcome.add(digest.state)
        }
        return outcome
    }

    private mutating func fold(_ word: UInt64) {
        state = (state ^ word) &* 0x100_0000_01b3
        state ^= state >> 32
    }

    private mutating func begin(_ index: Int) {
        if isOptional[index] { fold(1) }
    }
}

extension RecordDigest: FieldVisitor {
    mutating func visitNull(_ index: Int) { fold(0) }
    mutating func visitInt(_ index: Int, _ value: Int64) {
        begin(index)
        fold(UInt64(bitPattern: value))
    }
    mutating func visitDouble(_ index: Int, _ value: Double) {
        begin(index)
        fold(value.bitPattern)
    }
    mutating func visitTimestamp(_ index: Int, _ value: Timestamp) {
        visitInt(index, value.microseconds)
    }
    mutating func visitBool(_ index: Int, _ value: Bool) { visitInt(index, value ? 1 : 0) }
    mutating func visitString(_ index: Int, _ value: String) {
        visitBytes(index, Array(value.utf8))
    }
    mutating func visitBytes(_ index: Int, _ value: [UInt8]) {
        begin(index)
        fold(UInt64(value.count))
        for byte in value { fold(UInt64(byte)) }
    }
    mutating func visitOther(_ index: Int, _ json: String) { visitString(index, json) }
}
