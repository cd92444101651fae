import Foundation
import Testing
import WeirCore
import WeirState
import WeirTesting

#if RocksDB
    import WeirRocksDB
#endif

/// One suite for all backends: each must do what a dictionary does, and each snapshot hold what the
/// dictionary held at its moment, whenever it is written.
@Suite struct `Tables of a backend` {
    @Test(arguments: 0..<12 as Range<UInt64>)
    func `in memory, do what a dictionary does, and so do their snapshots`(seed: UInt64) throws {
        var run = try StateTableModel(
            seed: seed, keyCount: seed % 2 == 0 ? 2_000 : 40_000, makeTable: { StateTable() })
        try run.fill(3_000)
        try run.run(steps: 15_000)
        #expect(run.completed > 2 && run.failed > 0 && run.lazilyRestored > 0)
        if seed % 2 == 1 { #expect(run.unchangedBlocks > 0 && run.unchangedSinceRestored > 0) }
    }
}

@Suite struct `A table larger than its memory` {
    private func check(seed: UInt64, _ makeStore: @escaping () throws -> any PageStore) throws {
        // A table keeps 64 pages: 16,000 entries, of 100,000.
        var run = try StateTableModel(
            seed: seed, keyCount: 100_000,
            makeTable: {
                let table = StateTableModel.Table()
                try table.spill(to: makeStore(), memory: 0)
                return table
            })
        try run.fill(90_000)
        try run.run(steps: 1_500)
        #expect(run.completed > 0 && run.lazilyRestored > 0)
    }

    @Test(arguments: 0..<2 as Range<UInt64>)
    func `does what a dictionary does, and so do its snapshots`(seed: UInt64) throws {
        var stores: [MemoryPages] = []
        try check(seed: seed) {
            let store = MemoryPages()
            stores.append(store)
            return store
        }
        #expect(stores.contains { $0.puts > 20 && $0.gets > 20 })
    }

    @Test func `says so when its store fails, and goes on when it is mended`() throws {
        struct One: PageStoreProvider, @unchecked Sendable {
            let store: MemoryPages
            func makeStore(named name: String) -> any PageStore { store }
        }
        let store = MemoryPages()
        let context = SubtaskContext(
            job: "job", operatorName: "counts", subtask: 0, parallelism: 1,
            kept: OperatorState(backend: .spilling(to: One(store: store), memory: 0)))
        let table = StateTable<Int, Int>()
        context.keep("counts", table)
        for key in 0..<100_000 {
            try table.update(key, hash: key.stableHash, initial: { key }) { _ in }
        }
        store.fails = true
        let wrong = (0..<100_000).count { key in
            guard let found = try? table.value(of: key, hash: key.stableHash) else { return false }
            return found != key
        }
        #expect(wrong == 0)
        #expect(throws: MemoryPages.Failure.self) {
            for key in 0..<100_000 { _ = try table.value(of: key, hash: key.stableHash) }
        }
        store.fails = false
        for key in 0..<100_000 { #expect(try table.value(of: key, hash: key.stableHash) == key) }
        #expect(table.absentPageCount > 200)
        // At most 32 pages more than are granted, an index of 2¹⁸ slots, and the hashes.
        #expect(context.kept.heldBytes < 96 * 256 * 16 + (1 << 18) * 4 + 400 * 1_100)
    }

    #if RocksDB
        /// A directory that goes with the test.
        private final class Folder: Sendable {
            let url = FileManager.default.temporaryDirectory
                .appending(path: "weir-pages-\(UUID())")
            deinit { try? FileManager.default.removeItem(at: url) }
            /// The databases that are in it.
            var databases: Int {
                (try? FileManager.default.contentsOfDirectory(atPath: url.path))?.count ?? 0
            }
        }

        @Test func `in RocksDB has one database for all tables, which goes with the last`() throws {
            let folder = Folder()
            let pages = RocksDBPages(folder.url)
            var first: (any PageStore)? = try pages.makeStore(named: "first")
            var second: (any PageStore)? = try pages.makeStore(named: "second")
            #expect(folder.databases == 1)
            for page in 0..<1_000 {
                try first?.put(page, Array(repeating: 1, count: 5_000))
                try second?.put(page, [UInt8(page % 256)])
            }
            let snapshot = try first?.snapshot()
            first = nil
            // What a snapshot needs stays, and other tables' pages of the same numbers too.
            #expect(try snapshot?.get(7).count == 5_000)
            let third = try pages.makeStore(named: "third")
            #expect(throws: RocksDBError.self) { try third.get(7) }
            #expect(try second?.get(7) == [7])
            withExtendedLifetime(snapshot) { second = nil }
            withExtendedLifetime(third) {}
            _ = consume snapshot
            _ = consume third
            #expect(folder.databases == 0)
            let again = try pages.makeStore(named: "again")
            try again.put(7, [1, 2])
            #expect(try again.get(7) == [1, 2])
        }

        @Test func `in RocksDB empties what a killed job has left, and refuses one that runs`()
            throws
        {
            let folder = Folder()
            let left = folder.url.appending(path: "pages-7")
            let running = try RocksDBPages(folder.url).makeStore(named: "counts")
            let error = #expect(throws: RocksDBError.self) {
                _ = try RocksDBPages(folder.url).makeStore(named: "counts")
            }
            #expect(error?.description.contains("a directory of its own") == true)
            withExtendedLifetime(running) {}
            _ = consume running
            try FileManager.default.createDirectory(
                at: left, withIntermediateDirectories: true)
            try Data("MANIFEST-000001\n".utf8).write(to: left.appending(path: "CURRENT"))
            let next = try RocksDBPages(folder.url).makeStore(named: "counts")
            #expect(folder.databases == 1)
            withExtendedLifetime(next) {}
        }

        @Test(arguments: 0..<2 as Range<UInt64>)
        func `in RocksDB, does what a dictionary does, and so do its snapshots`(
            seed: UInt64
        ) throws {
            let folder = Folder()
            let pages = RocksDBPages(folder.url, buffers: 4 << 20)
            var made = 0
            try check(seed: seed) {
                made += 1
                return try pages.makeStore(named: "table \(made)")
            }
            #expect(made > 1)
        }
    #endif
}

@Suite struct `Snapshots that another thread writes` {
    /// The written form of a snapshot, made by a thread of its own.
    private final class Written: Sendable {
        private let result = Locked<Result<SavedParts.Saved, any Error>?>(nil)
        private let done = DispatchSemaphore(value: 0)

        init(_ snapshot: any StateSnapshot, _ layout: StateLayout) {
            Thread.detachNewThread { [self] in
                let saved = Result { try SavedParts().save(snapshot, of: layout) }
                result.withLock { $0 = saved }
                done.signal()
            }
        }

        func wait() throws -> SavedParts.Saved? {
            done.wait()
            return try result.withLock { $0 }?.get()
        }
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `hold what was there, whatever becomes of the table meanwhile`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var table: StateTable<String, [Int]>? = StateTable()
        var model: [String: [Int]] = [:]
        var written: [(Written, [String: [Int]])] = []
        for epoch in 1...12 {
            for _ in 0..<4_000 {
                let number = Int.random(in: 0..<3_000, using: &random)
                let key = "a key that lies on the heap, \(number)"
                if Int.random(in: 0..<10, using: &random) < (epoch % 4 == 3 ? 8 : 2) {
                    try table?.remove(key, hash: key.stableHash)
                    model[key] = nil
                } else {
                    try table?.update(key, hash: key.stableHash, initial: { [] }) {
                        $0.append(epoch)
                    }
                    model[key, default: []].append(epoch)
                }
            }
            guard let current = table else { break }
            let snapshot = try current.snapshot(Epoch(epoch), since: nil)
            written.append((Written(snapshot, try current.layout()), model))
            if epoch % 6 == 5 {
                current.removeAll()
                model = [:]
            }
        }
        table = nil
        for (saved, expected) in written {
            let copy = StateTable<String, [Int]>()
            let part = try #require(try saved.wait())
            try copy.restore([part.state], owning: KeyOwnership(subtask: 0, parallelism: 1))
            #expect(try StateTableModel.contents(of: copy) == expected)
        }
    }
}
