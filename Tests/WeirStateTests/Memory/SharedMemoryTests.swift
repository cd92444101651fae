import Testing
import WeirCore
import WeirTesting

@testable import WeirState

/// The tables of some subtasks that share a job's memory.
private final class Subtasks {
    typealias Table = StateTable<Int, Int>

    let memory: StateMemory
    let provider = MemoryPagesProvider()
    let contexts: [SubtaskContext]
    let tables: [Table]
    /// The subtasks that were woken.
    let woken = Locked<[Int]>([])

    static let pageBytes = Table.pageBytes

    init(count: Int, pages: Int) {
        memory = StateMemory(limit: pages * Self.pageBytes)
        var contexts: [SubtaskContext] = []
        var tables: [Table] = []
        for subtask in 0..<count {
            let woken = self.woken
            contexts.append(
                SubtaskContext(
                    job: "job", operatorName: "counts", subtask: subtask, parallelism: count,
                    kept: OperatorState(
                        backend: .spilling(to: provider, memory: memory.limit), memory: memory,
                        wake: { woken.withLock { $0.append(subtask) } })))
            tables.append(Table())
            contexts[subtask].keep("counts", tables[subtask])
        }
        self.contexts = contexts
        self.tables = tables
    }

    /// Touches so many pages of a table, a key of each, in order.
    func touch(_ table: Int, pages: Range<Int>) throws {
        try contexts[table].kept.beginTurn()
        for page in pages {
            let key = page * 256
            try tables[table].update(key, hash: key.stableHash, initial: { 0 }) { $0 += 1 }
        }
    }

    func fill(_ table: Int, pages: Int) throws {
        for key in 0..<pages * 256 {
            if key % 4_096 == 0 { try contexts[table].kept.beginTurn() }
            try tables[table].update(key, hash: key.stableHash, initial: { 0 }) { $0 += 1 }
        }
    }

    func pagesInMemory(_ table: Int) -> Int {
        (tables[table].count + 255) / 256 - tables[table].absentPageCount
    }
}

@Suite struct `The memory of a job` {
    @Test func `goes to whoever needs it, as long as there is any`() throws {
        let job = Subtasks(count: 2, pages: 600)
        try job.fill(0, pages: 500)
        #expect(job.provider.counts.puts == 0 && job.memory.heldBytes == 500 * Subtasks.pageBytes)
        try job.fill(1, pages: 100)
        #expect(job.provider.counts.puts == 0 && job.pagesInMemory(0) == 500)
    }

    @Test func `is kept within its limit by one table, whatever is added to it`() throws {
        let job = Subtasks(count: 1, pages: 200)
        try job.fill(0, pages: 900)
        #expect(job.memory.heldBytes <= 240 * Subtasks.pageBytes)
        #expect(job.pagesInMemory(0) * Subtasks.pageBytes == job.memory.heldBytes)
        for key in 0..<900 * 256 {
            let value = try job.tables[0].value(of: key, hash: key.stableHash)
            #expect(value == 1)
        }
        #expect(job.memory.heldBytes <= 240 * Subtasks.pageBytes)
        job.tables[0].removeAll()
        #expect(job.memory.heldBytes == 0)
    }

    @Test func `is given back by a subtask that rests, and the busy one stops to spill`() throws {
        let job = Subtasks(count: 2, pages: 600)
        try job.fill(0, pages: 600)
        try job.fill(1, pages: 250)
        #expect(job.woken.withLock { $0 }.contains(0))
        // The one that rests begins turns because it was woken, and has no record.
        for _ in 0..<20 {
            let count = job.woken.withLock { $0.count }
            try job.contexts[0].kept.beginTurn()
            guard job.woken.withLock({ $0.count }) > count else { break }
        }
        #expect(job.memory.heldBytes <= job.memory.limit)
        // At least its fair part is left to it, and it has not been robbed of more than was needed.
        #expect(job.pagesInMemory(0) >= 300)
        let gets = job.provider.counts.gets
        let before = job.provider.counts.puts
        for _ in 0..<10 { try job.touch(1, pages: 0..<250) }
        #expect(job.provider.counts.gets == gets && job.provider.counts.puts == before)
    }

    @Test func `leaves its fair part to the small when one is large`() throws {
        let job = Subtasks(count: 4, pages: 800)
        // By turns, so that all compete; the first has twenty times what it may keep.
        for round in 0..<40 {
            try job.touchNew(0, pages: round * 100..<(round + 1) * 100)
            for table in 1..<4 { try job.touchNew(table, pages: round * 4..<(round + 1) * 4) }
        }
        for table in 1..<4 {
            #expect(job.pagesInMemory(table) >= 150, "table \(table)")
        }
        #expect(job.pagesInMemory(0) >= 200)
        #expect(job.memory.heldBytes <= 900 * Subtasks.pageBytes)
    }

    @Test func `of a subtask that is over goes back to the others`() throws {
        let memory = StateMemory(limit: 600 * Subtasks.pageBytes)
        do {
            let table = StateTable<Int, Int>()
            try table.spill(
                to: MemoryPages(), in: PagePool(memory: memory, wake: {}))
            for key in 0..<50 * 256 {
                _ = try table.entryNumber(of: key, hash: key.stableHash) { 0 }
            }
            #expect(memory.heldBytes == 50 * Subtasks.pageBytes)
        }
        #expect(memory.heldBytes == 0 && memory.fairShare == memory.limit)
    }

    @Test func `counts what values have on the heap, as far as their written form tells`() throws {
        let memory = StateMemory(limit: 8 << 20)
        let table = StateTable<Int, String>()
        try table.spill(to: MemoryPages(), in: PagePool(memory: memory, wake: {}))
        let text = String(repeating: "x", count: 1_000)
        for key in 0..<40_000 {
            try table.update(key, hash: key.stableHash, initial: { text }) { _ in }
        }
        // 40 MB of text: of 157 pages no more than those that stay in any case, and the slack.
        #expect(157 - table.absentPageCount <= PagePool.leastPages + 32)
        #expect(table.heldBytes > PagePool.leastPages * 256 * 1_000)
        let plain = StateTable<Int, String>()
        for key in 0..<10_000 {
            try plain.update(key, hash: key.stableHash, initial: { text }) { _ in }
        }
        #expect(10_000_000..<30_000_000 ~= plain.heldBytes)
    }
}

extension Subtasks {
    /// Adds entries, so many pages of them.
    fileprivate func touchNew(_ table: Int, pages: Range<Int>) throws {
        try contexts[table].kept.beginTurn()
        for key in pages.lowerBound * 256..<pages.upperBound * 256 {
            try tables[table].update(key, hash: key.stableHash, initial: { 0 }) { $0 += 1 }
        }
    }
}

@Suite struct `Tables that share the memory of a subtask` {
    /// Three tables and dictionaries that are to hold the same.
    @Test(arguments: 0..<2 as Range<UInt64>)
    func `do what dictionaries do`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let provider = MemoryPagesProvider()
        let context = SubtaskContext(
            job: "job", operatorName: "counts", subtask: 0, parallelism: 1,
            kept: OperatorState(
                backend: .spilling(to: provider, memory: 0)))
        let tables = (0..<3).map { _ in StateTable<Int, Int>() }
        for (number, table) in tables.enumerated() { context.keep("table \(number)", table) }
        var models: [[Int: Int]] = [[:], [:], [:]]
        for step in 0..<60_000 {
            if step % 50 == 0 { try context.kept.beginTurn() }
            // Each for a while is the one that is used most.
            let isRare = Int.random(in: 0..<10, using: &random) == 0
            let table = isRare ? Int.random(in: 0..<3, using: &random) : step / 10_000 % 3
            let key = Int.random(in: 0..<30_000, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0:
                let found = try tables[table].remove(key, hash: key.stableHash)
                #expect(found == models[table].removeValue(forKey: key))
            case 1..<3:
                let found = try tables[table].value(of: key, hash: key.stableHash)
                #expect(found == models[table][key])
            case 3 where !tables[table].isEmpty:
                // An entry is in use while another table loads and adds.
                let number = Int.random(in: 0..<tables[table].count, using: &random)
                let other = (table + 1) % 3
                let (own, sum) = try tables[table].withEntry(number) { own, value in
                    value += 1
                    let sum = try tables[other].update(
                        key, hash: key.stableHash, initial: { 0 }
                    ) {
                        $0 += value
                        return $0
                    }
                    value += 1
                    return (own, sum)
                }
                models[table][own, default: 0] += 1
                models[other][key, default: 0] += models[table][own, default: 0]
                #expect(sum == models[other][key])
                models[table][own, default: 0] += 1
            default:
                try tables[table].update(key, hash: key.stableHash, initial: { 0 }) { $0 += step }
                models[table][key, default: 0] += step
            }
        }
        #expect(provider.counts.puts > 100 && provider.counts.gets > 100)
        for (table, model) in zip(tables, models) {
            var contents: [Int: Int] = [:]
            for number in 0..<table.count {
                try table.readEntry(number) { contents[$0] = $1 }
            }
            #expect(contents == model && model.count > 5_000)
        }
    }
}
