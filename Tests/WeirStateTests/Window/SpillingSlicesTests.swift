import Foundation
import Testing
import WeirCore
import WeirTesting

@testable import WeirState

#if RocksDB
    import WeirRocksDB
#endif

/// A sum whose accumulator is the sum.
private struct Total: Aggregate {
    func makeAccumulator() -> Int { 0 }
    func add(_ record: Int, to accumulator: inout Int) { accumulator += record }
    func merge(_ other: Int, into accumulator: inout Int) { accumulator += other }
    func result(of accumulator: Int) -> Int { accumulator }
}

@Suite struct `Slices larger than their memory` {
    private typealias Store = SliceStore<Int, Int>
    private let assigner = WindowAssigner.sliding(.microseconds(40), every: .microseconds(10))

    /// A window operator's slices, and the sum that slides over them.
    private struct Windows {
        let context: SubtaskContext
        let store: Store
        let merger = SlidingMerger<Int, Total>(Total())

        init(
            _ assigner: WindowAssigner, _ backend: StateBackend, subtask: Int = 0, of count: Int = 1
        ) {
            context = SubtaskContext(
                job: "job", operatorName: "sums", subtask: subtask, parallelism: count,
                kept: OperatorState(backend: backend))
            store = Store(assigner)
            context.keep("slices", store)
            context.keep("merger", merger)
        }

        func add(_ key: Int, _ value: Int, at time: Int64) throws {
            guard case .slice(let slice) = store.place(Timestamp(microseconds: time)) else {
                return
            }
            merger.noteChange(of: slice)
            try slice.table.update(key, hash: key.stableHash, initial: { 0 }) { $0 += value }
            slice.records += 1
        }

        /// Fires what is due; answers each window with its keys' sums.
        func fire(through watermark: Int64) throws -> [[Int: Int]] {
            var fired: [[Int: Int]] = []
            while let window = store.nextDueWindow(at: Timestamp(microseconds: watermark)) {
                try merger.move(to: window, in: store)
                var sums: [Int: Int] = [:]
                for entry in 0..<merger.entryCount {
                    if let (key, sum) = try merger.accumulator(at: entry) { sums[key] = sum }
                }
                fired.append(sums)
                store.markFired(window)
                store.dropExpired()
            }
            store.dropExpired()
            if store.isEmpty { merger.reset() }
            return fired
        }

        /// Adds the records of a stretch of time: others in each slice, some keys in all.
        func addRecords(from start: Int64, to end: Int64) throws {
            for time in stride(from: start, to: end, by: 5) {
                try context.kept.beginTurn()
                for number in 0..<3_000 {
                    let key = (number * 7 + Int(time) * 1_300) % 12_000
                    try add(key, number, at: time)
                }
            }
        }
    }

    private func restore(
        _ windows: Windows, _ make: () -> Windows
    ) throws -> Windows {
        let ownership = KeyOwnership(subtask: 0, parallelism: 1)
        let parts = SavedParts()
        let saved = try windows.context.kept.entries.map {
            try parts.save($0.part.snapshot(Epoch(1), since: nil), of: $0.part.layout()).state
        }
        let restored = make()
        for (entry, state) in zip(restored.context.kept.entries, saved) {
            try entry.part.restore([state], owning: ownership)
        }
        return restored
    }

    private func check(_ backend: StateBackend, _ spilled: () -> Bool) throws {
        let straight = Windows(assigner, .memory)
        var windows = Windows(assigner, backend)
        var count = 0
        for round in 0..<8 as Range<Int64> {
            for windows in [straight, windows] {
                try windows.addRecords(from: round * 20, to: round * 20 + 20)
            }
            let fired = try windows.fire(through: round * 20)
            #expect(try fired == straight.fire(through: round * 20))
            count += fired.count
            if round % 3 == 2 { windows = try restore(windows) { Windows(assigner, backend) } }
        }
        #expect(spilled())
        let fired = try windows.fire(through: 1_000)
        #expect(try fired == straight.fire(through: 1_000))
        #expect(count + fired.count == 19 && windows.store.isEmpty)
        #expect(fired[0].count > 5_000)
    }

    @Test func `fire the same windows, also after a restore, and give their stores back`() throws {
        let provider = MemoryPagesProvider()
        try check(.spilling(to: provider, memory: 0)) {
            provider.counts.puts > 100 && provider.counts.gets > 100 && provider.counts.open > 1
        }
        #expect(provider.counts.made > 20 && provider.counts.open == 0)
    }

    #if RocksDB
        @Test func `do so in RocksDB`() throws {
            let directory = FileManager.default.temporaryDirectory
                .appending(path: "weir-slices-\(UUID())")
            defer { try? FileManager.default.removeItem(at: directory) }
            let pages = RocksDBPages(directory, buffers: 4 << 20)
            try check(.spilling(to: pages, memory: 0)) { true }
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == [])
        }
    #endif

    @Test func `give room to the slice that is in use`() throws {
        let provider = MemoryPagesProvider()
        let bytes = 200 * StateTable<Int, Int>.pageBytes
        let windows = Windows(assigner, .spilling(to: provider, memory: bytes))
        // Three slices of 150 pages, filled one after another, need 450.
        for slice in 0..<3 as Range<Int64> {
            for key in 0..<150 * 256 {
                if key % 1_000 == 0 { try windows.context.kept.beginTurn() }
                try windows.add(key, 1, at: slice * 10)
            }
        }
        #expect(windows.context.kept.heldBytes > bytes)
        let gets = provider.counts.gets
        for _ in 0..<3 {
            for key in 0..<150 * 256 {
                if key % 1_000 == 0 { try windows.context.kept.beginTurn() }
                try windows.add(key, 1, at: 20)
            }
        }
        // The last slice is in memory whole, and stays.
        #expect(provider.counts.gets - gets < 20)
    }
}
