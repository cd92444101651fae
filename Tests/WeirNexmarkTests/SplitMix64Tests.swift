import Testing

@testable import WeirNexmark

/// The check values of the specification, for one seed.
struct DrawnValues: Sendable, CustomTestStringConvertible {
    var seed: Int64
    var bits64: [UInt64]
    var bits32: [UInt32]
    /// Four numbers below 13, then one below 8.
    var below: [Int]
    var unit: Double

    var testDescription: String { "seed \(seed)" }

    static let all = [
        DrawnValues(
            seed: 0, bits64: [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4],
            bits32: [0x30f1_39dd, 0x62f7_fae9], below: [11, 3, 7, 7, 2], unit: 0.8833108082136426),
        DrawnValues(
            seed: 2, bits64: [0x9758_35de_1c97_56ce, 0xbfc8_4610_0bfc_1e42],
            bits32: [0xa20c_7f40, 0x86d8_2cbd], below: [7, 7, 12, 12, 5], unit: 0.5911897341980794),
        DrawnValues(
            seed: 50, bits64: [0xbb08_02c4_12d3_54cb, 0x93eb_5f07_79e6_6277],
            bits32: [0x1142_5775, 0xa536_4718], below: [11, 1, 0, 1, 3], unit: 0.7305909851737173),
        DrawnValues(
            seed: -1, bits64: [0xe4d9_7177_1b65_2c20, 0xe99f_f867_dbf6_82c9],
            bits32: [0xa036_eb99, 0x1d8f_b0a3], below: [1, 10, 10, 0, 7], unit: 0.8939429202831845),
    ]
}

@Suite struct `Random numbers` {
    @Test(arguments: DrawnValues.all)
    func `are those of the specification`(values: DrawnValues) {
        var random = SplitMix64(seed: values.seed)
        #expect([random.bits64(), random.bits64()] == values.bits64)
        random = SplitMix64(seed: values.seed)
        #expect([random.bits32(), random.bits32()] == values.bits32)
        random = SplitMix64(seed: values.seed)
        var below = (0..<4).map { _ in random.below(13) }
        below.append(random.below(8))
        #expect(below == values.below)
        random = SplitMix64(seed: values.seed)
        #expect(random.unit() == values.unit)
    }

    @Test func `below a bound are drawn again where a span would be cut off`() {
        // Just above 2^30 nearly every second candidate lies in the span that is cut off.
        let bound = 1 << 30 + 1
        var random = SplitMix64(seed: 7)
        var draws = SplitMix64(seed: 7)
        for _ in 0..<200 {
            let number = random.below(bound)
            var candidate = Int(draws.bits32() >> 1)
            while candidate >= bound { candidate = Int(draws.bits32() >> 1) }
            #expect(number == candidate)
        }
        #expect(random.bits64() == draws.bits64())
    }

    @Test func `below one are drawn, too`() {
        var random = SplitMix64(seed: 0)
        #expect(random.below(1) == 0)
        #expect(random.bits32() == 0x62f7_fae9)
    }
}
