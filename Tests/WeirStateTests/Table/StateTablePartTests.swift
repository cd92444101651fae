import Testing
import WeirCore
import WeirState
import WeirTesting

@Suite struct `A keyed table in a checkpoint` {
    private func filled(_ keys: Range<Int>) throws -> StateTable<Int, String> {
        let table = StateTable<Int, String>()
        for key in keys {
            try table.update(key, hash: key.stableHash, initial: { "\(key)" }) { _ in }
        }
        return table
    }

    private func contents(_ table: StateTable<Int, String>) throws -> [Int: String] {
        var contents: [Int: String] = [:]
        for number in 0..<table.count {
            try table.readEntry(number) { key, value in contents[key] = value }
        }
        return contents
    }

    @Test(arguments: [0, 1, 255, 256, 257, 5_000])
    func `comes back with the same entries in the same order`(count: Int) throws {
        let table = try filled(0..<count)
        let saved = try SavedParts().save(
            table.snapshot(Epoch(1), since: nil), of: table.layout())
        let restored = StateTable<Int, String>()
        try restored.restore([saved.state], owning: KeyOwnership(subtask: 0, parallelism: 1))
        #expect(try (0..<restored.count).map { try restored.key(at: $0) } == Array(0..<count))
        #expect(try contents(restored) == contents(table))
    }

    @Test(arguments: [(1, 3), (3, 2), (4, 1)])
    func `is spread anew over another number of subtasks`(old: Int, new: Int) throws {
        var saved: [SavedState] = []
        for subtask in 0..<old {
            let ownership = KeyOwnership(subtask: subtask, parallelism: old)
            let table = StateTable<Int, String>()
            for key in 0..<3_000 where ownership.owns(hash: key.stableHash) {
                try table.update(key, hash: key.stableHash, initial: { "\(key)" }) { _ in }
            }
            saved.append(
                try SavedParts().save(
                    table.snapshot(Epoch(1), since: nil), of: table.layout(), subtask: subtask,
                    parallelism: old
                ).state)
        }
        var all: [Int: String] = [:]
        for subtask in 0..<new {
            let ownership = KeyOwnership(subtask: subtask, parallelism: new)
            let table = StateTable<Int, String>()
            try table.restore(saved, owning: ownership)
            let own = try contents(table)
            #expect(own.keys.allSatisfy { ownership.owns(hash: $0.stableHash) })
            all.merge(own) { _, _ in "twice" }
        }
        #expect(try all == contents(filled(0..<3_000)))
    }

    @Test func `refuses what is cut off, and what is no table`() throws {
        let table = try filled(0..<1_000)
        let layout = try table.layout()
        let saved = try SavedParts().save(table.snapshot(Epoch(1), since: nil), of: layout)
        let ownership = KeyOwnership(subtask: 0, parallelism: 1)
        // The fifth block has hashes, which are not read where the entries are.
        for (id, content) in saved.contents where id < 4 {
            var cut = saved
            cut.subtask = 1
            cut.contents[id] = Array(content.dropLast())
            #expect(throws: StateFormatError.self) {
                try StateTable<Int, String>().restore([cut.state], owning: ownership)
            }
        }
        let cell = SavedState(
            subtask: 0, parallelism: 1,
            layout: StateLayout(arrangement: "cell", distribution: .subtask, value: .unit),
            directory: [], blockCount: 1
        ) { _ in [] }
        #expect(throws: StateFormatError("a table was expected, and 'cell' found")) {
            try StateTable<Int, String>().restore([cell], owning: ownership)
        }
        #expect(throws: StateFormatError("the key 0 was saved twice")) {
            try StateTable<Int, String>().restore([saved.state, saved.state], owning: ownership)
        }
    }
}
