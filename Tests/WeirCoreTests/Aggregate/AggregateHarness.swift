import WeirCore

/// SplitMix64: small, seeded, the same on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
        return bits ^ (bits >> 31)
    }
}

extension Aggregate {
    /// The result of folding all records, one after another.
    func fold(_ records: [Input]) throws -> Result {
        var accumulator = makeAccumulator()
        for record in records { try add(record, to: &accumulator) }
        return try result(of: accumulator)
    }

    /// The result of shuffling the records, folding random groups of them (some empty), and merging
    /// the groups in random order, pair by pair.
    func foldInGroups(
        _ records: [Input], using random: inout SeededGenerator
    ) throws -> Result {
        var groups: [Accumulator] = []
        for _ in 0..<Int.random(in: 1...9, using: &random) { groups.append(makeAccumulator()) }
        for record in records.shuffled(using: &random) {
            try add(record, to: &groups[groups.indices.randomElement(using: &random) ?? 0])
        }
        while groups.count > 1 {
            let taken = groups.remove(at: Int.random(in: 0..<groups.count, using: &random))
            try merge(taken, into: &groups[Int.random(in: 0..<groups.count, using: &random)])
        }
        return try result(of: groups[0])
    }
}

struct Trip: Sendable, Equatable {
    var id = 0
    var carrier = ""
    var cents = 0
    var delay: Double?

    /// Trips with delays missing for one in five.
    static func samples(_ count: Int, using random: inout SeededGenerator) -> [Trip] {
        (0..<count).map { id in
            Trip(
                id: id, carrier: "C\(Int.random(in: 0..<20, using: &random))",
                cents: Int.random(in: -50_000...50_000, using: &random),
                delay: Bool.random(using: &random) || Bool.random(using: &random)
                    ? Double.random(in: -60...600, using: &random) : nil)
        }
    }
}

func isClose(_ left: Double?, _ right: Double?, relative: Double = 1e-12) -> Bool {
    guard let left, let right else { return left == nil && right == nil }
    return left == right || abs(left - right) <= relative * max(abs(left), abs(right))
}
