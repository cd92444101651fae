import Testing
import WeirCore

@testable import WeirState

@Suite struct `The index of a table` {
    @Test func `is replaced by a smaller one only where there is one that lasts`() {
        for size in (5...31).map({ 1 << $0 }) {
            // The most keys for which it is too large.
            guard
                let count = (1...32).map({ size / $0 }).first(where: {
                    StateIndex.isTooLarge(size: size, for: $0)
                })
            else {
                #expect(size == 32)
                continue
            }
            let smaller = StateIndex.size(for: (count + 1) * 4 / 3)
            #expect(smaller < size)
            // Neither the next removals nor the next additions have it replaced again.
            #expect(!StateIndex.isTooLarge(size: smaller, for: count - count / 4))
            #expect(StateIndex.limit(ofSize: smaller) >= count + count / 4)
        }
    }

    @Test func `is large enough for the keys that it was made for, and not too large`() {
        for count in Array(0..<5_000) + Array(stride(from: 5_000, to: 10_000_000, by: 4_999)) {
            let size = StateIndex.size(for: (count + 1) * 4 / 3)
            #expect(StateIndex.limit(ofSize: size) > count)
            #expect(!StateIndex.isTooLarge(size: size, for: count))
        }
    }

    @Test func `finds keys that come and go`() throws {
        let table = StateTable<Int, Int>()
        var removals = 0
        // Up and down through all sizes of small indexes, a few keys to and fro at each.
        for count in [10, 40, 200, 1_000, 5_000, 20_000, 6_000, 1_100, 150, 30, 3] {
            while table.count < count {
                let key = removals + table.count
                try table.update(key, hash: key.stableHash, initial: { 0 }) { $0 = key }
            }
            while table.count > count {
                #expect(try table.remove(removals, hash: removals.stableHash) == removals)
                removals += 1
            }
            for _ in 0..<200 {
                let added = removals + table.count
                try table.update(added, hash: added.stableHash, initial: { 0 }) { $0 = added }
                #expect(try table.remove(removals, hash: removals.stableHash) == removals)
                removals += 1
            }
            #expect(table.count == count)
            for key in removals..<removals + count {
                #expect(try table.value(of: key, hash: key.stableHash) == key)
            }
            #expect(try table.value(of: removals - 1, hash: (removals - 1).stableHash) == nil)
        }
    }
}
