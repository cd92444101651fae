/// Which fields of a record have been seen.
struct SeenFields {
    private var first: UInt64 = 0
    private var others: [Bool] = []
    private let count: Int

    init(count: Int) {
        self.count = count
        if count > 64 { others = Array(repeating: false, count: count - 64) }
    }

    /// Marks a field; answers whether it was new.
    @inline(__always) mutating func insert(_ field: Int) -> Bool {
        if field < 64 {
            let bit = UInt64(1) << UInt64(field)
            defer { first |= bit }
            return first & bit == 0
        }
        defer { others[field - 64] = true }
        return !others[field - 64]
    }

    func contains(_ field: Int) -> Bool {
        field < 64 ? first >> UInt64(field) & 1 == 1 : others[field - 64]
    }

    /// Whether all fields have been seen.
    var isComplete: Bool {
        if count < 64 { return first == (1 &<< UInt64(truncatingIfNeeded: count)) &- 1 }
        return first == .max && others.allSatisfy(\.self)
    }
}
