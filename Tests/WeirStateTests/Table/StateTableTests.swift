import Testing
import WeirCore
import WeirState
import WeirTesting

/// A key whose hash the test chooses.
private struct ForgedKey: StreamKey {
    var id: Int
    var forged: UInt64

    func hash(into hasher: inout StableHasher) { hasher.combine(forged) }
}

/// Counts how many of its kind are alive.
private final class Token {
    final class Census { var living = 0 }
    let census: Census

    init(_ census: Census) {
        self.census = census
        census.living += 1
    }
    deinit { census.living -= 1 }
}

@Suite struct `A keyed table` {
    private func add(_ amount: Int, to key: String, in table: StateTable<String, Int>) throws {
        try table.update(key, hash: key.stableHash, initial: { 0 }) { $0 += amount }
    }

    @Test(arguments: 0..<30 as Range<UInt64>)
    func `does what a dictionary does`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let table = StateTable<String, Int>(capacity: Int.random(in: 0...100, using: &random))
        var model: [String: Int] = [:]
        var order: [String] = []
        let keyCount = [1, 10, 300, 5_000][Int(seed % 4)]
        for _ in 0..<8_000 {
            let number = Int.random(in: 0..<keyCount, using: &random)
            // Short ones lie in the string itself, long ones on the heap; some are not ASCII.
            let key = ["k\(number)", "a rather long key, number \(number)", "é\(number)"][
                number % 3]
            switch Int.random(in: 0..<1_000, using: &random) {
            case 0:
                table.removeAll()
                model = [:]
                order = []
            case 1..<300:
                #expect(try table.value(of: key, hash: key.stableHash) == model[key])
            default:
                if model[key] == nil { order.append(key) }
                try add(number, to: key, in: table)
                model[key, default: 0] += number
            }
        }
        #expect(table.count == model.count && table.isEmpty == model.isEmpty)
        #expect(try (0..<table.count).map { try table.key(at: $0) } == order)
        for entry in 0..<table.count {
            try table.readEntry(entry) { key, value in #expect(model[key] == value) }
        }
    }

    /// Rounds of keys that are looked up ahead, in this table or in another one, and then changed, while
    /// others are removed and added and snapshots are taken.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func `does the same with keys looked up ahead, whatever has happened since`(seed: UInt64) throws
    {
        var random = SeededGenerator(seed: seed)
        let tables = [StateTable<String, Int>(), StateTable<String, Int>()]
        var models: [[String: Int]] = [[:], [:]]
        let ahead = KeysAhead()
        let keyCount = [20, 400, 3_000][Int(seed % 3)]
        var snapshot: (any StateSnapshot)?
        for round in 0..<100 {
            let keys = (0..<Int.random(in: 1...150, using: &random)).map { _ in
                "a rather long key, number \(Int.random(in: 0..<keyCount, using: &random))"
            }
            ahead.removeAll()
            for (row, key) in keys.enumerated() {
                let one = Int.random(in: 0...1, using: &random)
                if !ahead.contains(row) {
                    tables[one].lookAhead(ahead, from: row, to: keys.count) { keys[$0].stableHash }
                }
                try #require(ahead.contains(row))
                if Int.random(in: 0..<20, using: &random) == 0,
                    let other = keys.randomElement(using: &random)
                {
                    #expect(
                        try tables[one].remove(other, hash: other.stableHash)
                            == models[one].removeValue(forKey: other))
                }
                try tables[one].update(key, ahead: ahead, row: row, initial: { 0 }) { $0 += row }
                models[one][key, default: 0] += row
            }
            if round % 10 == 3 {
                snapshot = try tables[0].snapshot(Epoch(round), since: nil)
            }
            if round % 10 == 7 { snapshot = nil }
        }
        #expect(snapshot == nil)
        for (table, model) in zip(tables, models) {
            #expect(table.count == model.count && !model.isEmpty)
            for (key, value) in model {
                #expect(try table.value(of: key, hash: key.stableHash) == value)
            }
        }
    }

    @Test func `keeps keys apart whose hashes are the same`() throws {
        let table = StateTable<ForgedKey, Int>()
        for id in 0..<2_000 {
            let key = ForgedKey(id: id, forged: 42)
            try table.update(key, hash: key.stableHash, initial: { 0 }) { $0 = id }
        }
        #expect(table.count == 2_000)
        #expect(
            try (0..<2_000).allSatisfy {
                let key = ForgedKey(id: $0, forged: 42)
                return try table.value(of: key, hash: key.stableHash) == $0
            })
        let absent = ForgedKey(id: 2_000, forged: 42)
        #expect(try table.value(of: absent, hash: absent.stableHash) == nil)
    }

    @Test func `keeps keys apart whose hashes agree in the 32 bits that the index stores`() throws {
        // The hash is the caller's to give, as long as the index need not grow: these differ in the
        // lower half alone.
        let table = StateTable<Int, Int>(capacity: 2_000)
        for number in 0..<1_000 {
            let hash = 0xffff_ffff_0000_0000 | UInt64(number)
            try table.update(number, hash: hash, initial: { 0 }) { $0 += number }
        }
        #expect(
            try (0..<1_000).map {
                try table.value(of: $0, hash: 0xffff_ffff_0000_0000 | UInt64($0))
            }
                == (0..<1_000).map { $0 })
    }

    @Test func `finds a key whose hash is all zeros or all ones`() throws {
        let table = StateTable<Int, String>()
        try table.update(1, hash: 0, initial: { "zeros" }) { _ in }
        try table.update(2, hash: .max, initial: { "ones" }) { _ in }
        #expect(
            try table.value(of: 1, hash: 0) == "zeros" && table.value(of: 2, hash: .max) == "ones")
        #expect(try table.value(of: 3, hash: 0) == nil)
    }

    @Test func `grows over pages and indexes without losing a key`() throws {
        let table = StateTable<Int, Int>(capacity: 0)
        for number in 0..<100_000 {
            try table.update(number, hash: number.stableHash, initial: { -number }) { _ in }
        }
        #expect(table.count == 100_000)
        let found = try (0..<100_000).count { try table.value(of: $0, hash: $0.stableHash) == -$0 }
        #expect(found == 100_000)
    }

    @Test func `is as it was when making a new value throws`() throws {
        struct Refused: Error {}
        let table = StateTable<Int, Int>()
        try table.update(1, hash: 1.stableHash, initial: { 10 }) { _ in }
        #expect(throws: Refused.self) {
            try table.update(2, hash: 2.stableHash, initial: { throw Refused() }) { _ in }
        }
        #expect(table.count == 1)
        #expect(try table.value(of: 2, hash: 2.stableHash) == nil)
    }

    @Test func `frees what it holds, once, when emptied and when released`() throws {
        let census = Token.Census()
        var table: StateTable<String, Token>? = StateTable()
        for round in 1...3 {
            for number in 0..<700 {
                let key = "a key that is on the heap, \(number)"
                try table?.update(key, hash: key.stableHash, initial: { Token(census) }) { _ in }
            }
            #expect(census.living == 700)
            if round < 3 {
                table?.removeAll()
                #expect(census.living == 0 && table?.count == 0)
            }
        }
        table = nil
        #expect(census.living == 0)
    }

    /// Against a dictionary, with few different hash tags, so that runs in the index collide and wrap.
    @Test(arguments: 0..<60) func `removes keys as a dictionary does`(seed: UInt64) throws {
        struct Crowded: StreamKey {
            var number: Int
            func hash(into hasher: inout StableHasher) { (number % 7).hash(into: &hasher) }
        }
        var random = SeededGenerator(seed: seed)
        let table = StateTable<Crowded, Int>(capacity: 0)
        var model: [Int: Int] = [:]
        for round in 0..<3_000 {
            let growing = round / 600 % 2 == 0
            let key = Crowded(number: Int.random(in: 0..<300, using: &random))
            if Int.random(in: 0..<10, using: &random) < (growing ? 8 : 2) {
                try table.update(key, hash: key.stableHash, initial: { 0 }) { $0 += round }
                model[key.number, default: 0] += round
            } else {
                let removed = try table.remove(key, hash: key.stableHash)
                #expect(removed == model.removeValue(forKey: key.number))
            }
            #expect(table.count == model.count)
        }
        var found: [Int: Int] = [:]
        for entry in 0..<table.count { try table.readEntry(entry) { found[$0.number] = $1 } }
        #expect(found == model)
        for (number, value) in model {
            let key = Crowded(number: number)
            #expect(try table.value(of: key, hash: key.stableHash) == value)
        }
    }

    @Test func `keeps its size with ever-new keys, and frees what it forgets`() throws {
        let census = Token.Census()
        let table = StateTable<Int, Token>()
        for number in 0..<50_000 {
            try table.update(number, hash: number.stableHash, initial: { Token(census) }) { _ in }
            if number >= 1_000 {
                try table.remove(number - 1_000, hash: (number - 1_000).stableHash)
            }
            #expect(table.count <= 1_000 && census.living == table.count)
        }
        for number in 49_000..<50_000 { try table.remove(number, hash: number.stableHash) }
        #expect(table.isEmpty && census.living == 0)
    }
}
