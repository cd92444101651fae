import Testing
import WeirCore

@Suite struct `Stable hash` {
    // Saved state is found by these numbers. If this test fails, the function has changed, and
    // every checkpoint written before is lost: change the function back, not the numbers. They
    // were computed apart from this code, from the definition.
    @Test func `never changes`() {
        #expect(0.stableHash == 0xe715_7c6b_d149_3c30)
        #expect(1.stableHash == 0x81a6_eba9_9211_85e0)
        #expect((-1).stableHash == 0xe3b9_b298_0f19_9e0c)
        #expect(Int.max.stableHash == 0xb1a9_8cfd_021a_5070)
        #expect(true.stableHash == 0x81a6_eba9_9211_85e0)
        #expect(Timestamp(seconds: 1_357_034_400).stableHash == 0x0ae2_9ef1_dc6d_91aa)
        #expect("".stableHash == 0xe715_7c6b_d149_3c30)
        #expect("a".stableHash == 0x4b5f_33c5_8f23_c17c)
        #expect("JFK".stableHash == 0xe6dc_b084_1992_87ae)
        #expect("exactly8".stableHash == 0xb3cd_f50b_4552_5dfc)
        #expect("a string of more than fifteen bytes".stableHash == 0xd014_5d26_4548_276d)
        #expect("Zürich".stableHash == 0x35c4_62db_cf98_d380)
        #expect("東京 🗼".stableHash == 0x4e32_0fa8_a179_1095)
        #expect(Optional<Int>.none.stableHash == 0xe715_7c6b_d149_3c30)
        #expect(Optional(0).stableHash == 0xe785_cdd0_a29c_b5c0)
        #expect([1, 2, 3].stableHash == 0x1d0d_c689_66c2_6532)
        #expect(KeyPair("JFK", 7).stableHash == 0x30cb_588d_5197_c9aa)
    }

    @Test func `is the same for equal integers of any width`() {
        #expect(Int8(-5).stableHash == Int64(-5).stableHash)
        #expect(UInt16(5).stableHash == Int(5).stableHash)
    }

    @Test func `is the same for strings that are canonically equivalent`() {
        let pairs = [
            ("caf\u{e9}", "cafe\u{301}"), ("\u{212b}", "\u{c5}"), ("\u{ac00}", "\u{1100}\u{1161}"),
        ]
        for (left, right) in pairs {
            #expect(left == right && Array(left.utf8) != Array(right.utf8))
            #expect(left.stableHash == right.stableHash)
        }
    }

    @Test func `is the same for a string and its copies however stored`() {
        let text = "the quick brown fox"
        let slice = String("<\(text)>".dropFirst().dropLast())
        #expect(slice.stableHash == text.stableHash)
        #expect(String(decoding: Array(text.utf8), as: UTF8.self).stableHash == text.stableHash)
    }

    @Test func `tells apart values of a type that differ only by structure`() {
        func areAllDifferent(_ keys: [some StreamKey]) -> Bool {
            Set(keys.map(\.stableHash)).count == keys.count
        }
        #expect(areAllDifferent(["", "\0", "\0\0", String(repeating: "\0", count: 8), "ab", "ba"]))
        #expect(areAllDifferent([Int??.none, .some(.none), .some(0)]))
        #expect(areAllDifferent([[], [0], [0, 0], [0, 0, 0]]))
        #expect(areAllDifferent([[[0], []], [[], [0]], [[0]], []]))
        #expect(areAllDifferent([KeyPair("ab", "c"), KeyPair("a", "bc"), KeyPair("", "abc")]))
    }

    @Test func `uses the raw value of an enum`() {
        enum Carrier: String, StreamKey { case american = "AA", united = "UA" }
        #expect(Carrier.united.stableHash == "UA".stableHash)
        #expect(Carrier.american.stableHash != Carrier.united.stableHash)
    }

    @Test func `spreads consecutive keys evenly over key groups`() {
        var groups = Array(repeating: 0, count: 128)
        for key in 0..<128_000 { groups[Int(key.stableHash % 128)] += 1 }
        // 1,000 each with a standard deviation of 32: five of them either way.
        #expect(groups.allSatisfy { abs($0 - 1_000) < 160 })
        var high = Array(repeating: 0, count: 128)
        for key in 0..<128_000 { high[Int("key-\(key)".stableHash >> 57)] += 1 }
        #expect(high.allSatisfy { abs($0 - 1_000) < 160 })
    }

    @Test func `has no collision among a million keys`() {
        #expect(Set((0..<500_000).map(\.stableHash)).count == 500_000)
        #expect(Set((0..<500_000).map { "user/\($0)".stableHash }).count == 500_000)
    }
}
