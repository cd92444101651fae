import Foundation
import Testing
import WeirCore
import WeirState
import WeirTesting

/// One suite for all backends: each must do what a dictionary does, and each snapshot hold what the
/// dictionary held at its moment, whenever it is written.
@Suite struct `Tables of a backend` {
    @Test(arguments: 0..<16 as Range<UInt64>)
    func `in memory, do what a dictionary does, and so do their snapshots`(seed: UInt64) throws {
        var run = try StateTableModel(
            seed: seed, keyCount: seed % 2 == 0 ? 2_000 : 40_000, makeTable: { StateTable() })
        try run.run(steps: 18_000)
        #expect(run.completed > 5 && run.failed > 0 && run.lazilyRestored > 0)
        if seed % 2 == 1 { #expect(run.unchangedBlocks > 0) }
    }
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
