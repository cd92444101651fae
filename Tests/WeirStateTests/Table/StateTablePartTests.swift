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

    /// Of a table that was restored, the pages that the next snapshot says have changed.
    private func changedPages(
        of restored: StateTable<Int, String>, since base: Epoch?
    ) throws -> [UInt64] {
        let snapshot = try restored.snapshot(Epoch(9), since: base)
        defer { snapshot.release() }
        #expect(snapshot.blocks.count == 21)
        return snapshot.blocks.filter(\.isChanged).map(\.id)
    }

    @Test func `has changed since the checkpoint that it was restored from where it is written to`()
        throws
    {
        let table = try filled(0..<5_000)
        var saved = try SavedParts().save(
            table.snapshot(Epoch(7), since: nil), of: table.layout())
        let ownership = KeyOwnership(subtask: 0, parallelism: 1)
        func restored(_ saved: SavedParts.Saved) throws -> StateTable<Int, String> {
            let restored = StateTable<Int, String>()
            try restored.restore([saved.state], owning: ownership)
            while try restored.loadMore(limit: 3) {}
            try restored.update(600, hash: 600.stableHash, initial: { "" }) { $0 = "changed" }
            return restored
        }
        // Where it is not said which checkpoint that was, all is new.
        #expect(try changedPages(of: restored(saved), since: Epoch(7)).count == 21)
        saved.epoch = Epoch(7)
        #expect(try changedPages(of: restored(saved), since: nil).count == 21)
        #expect(try changedPages(of: restored(saved), since: Epoch(6)).count == 21)
        let goneOn = try restored(saved)
        #expect(try changedPages(of: goneOn, since: Epoch(7)) == [2])
        // One that goes takes the place of one page and the end of another, and their keys'.
        try goneOn.remove(0, hash: 0.stableHash)
        let next = try goneOn.snapshot(Epoch(11), since: Epoch(9))
        #expect(next.blocks.filter(\.isChanged).map(\.id) == [0, 19, 64])
        next.release()
        // In the form of other values, all has to be written again.
        let other = StateTable<Int, String?>()
        try other.restore([saved.state], owning: ownership)
        #expect(other.absentPageCount == 20)
        let snapshot = try other.snapshot(Epoch(9), since: Epoch(7))
        #expect(snapshot.blocks.allSatisfy { $0.isChanged })
        snapshot.release()
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
