import Testing
import WeirTesting

@testable import WeirCore

@Suite struct `Distinct values` {
    @Test func `are those of a set`() {
        var random = SeededGenerator(seed: 3)
        var values = DistinctValues<Int>()
        var others = DistinctValues<Int>()
        var model = Set<Int>()
        for _ in 0..<20_000 {
            let value = random.number() % 7_000
            if random.next().isMultiple(of: 2) {
                let isThere = values.contains(value)
                #expect(values.insert(value) == !isThere)
            } else {
                others.insert(value)
            }
            model.insert(value)
        }
        values.formUnion(others)
        #expect(values.count == model.count && Set(values) == model && !values.isEmpty)
        #expect((-8_000..<8_000).allSatisfy { values.contains($0) == model.contains($0) })
    }

    @Test func `are kept in the form of a set`() throws {
        var values = DistinctValues<Int>()
        for value in [5, 300, -7, 5] { values.insert(value) }
        #expect(try stateBytes(values) == stateBytes(Set([300, -7, 5])))
        #expect(try roundTrip(values) == values)
        let twice = try stateBytes([1, 1])
        #expect(throws: StateFormatError.self) {
            try readState(DistinctValues<Int>.self, from: twice)
        }
    }

    @Test func `of other types are hashed by these`() {
        var texts = DistinctValues<String>()
        for text in ["caf\u{e9}", "cafe\u{301}", "tea"] { texts.insert(text) }
        #expect(texts.count == 2 && texts.contains("cafe\u{301}"))
    }

    /// Sets insert in the order of the hashes of the set that they grow out of.
    @Test(arguments: [
        (1, 2), (15, 16), (0x7f12_3456_7890, 0x7f12_3456_78d0),
        (0x5581_0000_0040, 0x7f3a_1234_5680),
    ])
    func `have no order that is the same for two seeds`(seeds: (Int, Int)) {
        for stride in [1, 2, 10, 4_096, 1_000_003] {
            let bits = 14
            let mask = (1 << bits) - 1
            let values = (1...(1 << bits)).map {
                DistinctValues<Int>.QuickHashed(value: $0 * stride)
            }
            let ordered = values.sorted {
                $0._rawHashValue(seed: seeds.0) & mask < $1._rawHashValue(seed: seeds.0) & mask
            }
            // Of the first quarter by one seed, about a quarter belongs into each quarter by the other.
            let quarter = ordered.prefix(values.count / 4)
            var counts = [0, 0, 0, 0]
            for value in quarter {
                counts[(value._rawHashValue(seed: seeds.1) & mask) >> (bits - 2)] += 1
            }
            let expected = quarter.count / 4
            // Seven standard deviations.
            let allowed = Int(7 * (Double(expected) * 0.75).squareRoot())
            #expect(counts.allSatisfy { abs($0 - expected) <= allowed }, "\(stride): \(counts)")
        }
    }
}
