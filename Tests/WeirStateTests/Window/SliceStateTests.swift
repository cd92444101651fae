import Testing
import WeirCore
import WeirTesting

@testable import WeirState

@Suite struct `Slices in a checkpoint` {
    private typealias Store = SliceStore<Int, Int>
    private let assigner = WindowAssigner.sliding(.microseconds(20), every: .microseconds(10))

    private func add(_ key: Int, _ time: Int64, to store: Store) throws {
        guard case .slice(let slice) = store.place(Timestamp(microseconds: time)) else { return }
        try slice.table.update(key, hash: key.stableHash, initial: { 0 }) { $0 += 1 }
        slice.records += 1
    }

    /// Fires what is due; answers each window with its keys' counts.
    private func fire(_ store: Store, through watermark: Int64) throws -> [[Int: Int]] {
        var fired: [[Int: Int]] = []
        while let window = store.nextDueWindow(at: Timestamp(microseconds: watermark)) {
            var counts: [Int: Int] = [:]
            for slice in store.slices(in: window) {
                for number in 0..<slice.table.count {
                    try slice.table.readEntry(number) { counts[$0, default: 0] += $1 }
                }
            }
            fired.append(counts)
            store.markFired(window)
            store.dropExpired()
        }
        store.dropExpired()
        return fired
    }

    private func filled(_ keys: Range<Int>) throws -> Store {
        let store = Store(assigner)
        for key in keys {
            for time in [3, 14, 15, 27] as [Int64] { try add(key, time + 30, to: store) }
        }
        return store
    }

    @Test func `fire the same windows after a restore, and count the same records`() throws {
        let keys = 0..<1_000
        let store = try filled(keys)
        _ = try fire(store, through: 39)
        let snapshot = try store.snapshot(Epoch(1), since: nil)
        let straight = try filled(keys)
        _ = try fire(straight, through: 39)
        // Goes on before the snapshot is written.
        for key in keys { try add(key, 50, to: store) }
        _ = try fire(store, through: 55)
        let saved = try SavedParts().save(snapshot, of: store.layout()).state
        let restored = Store(assigner)
        try restored.restore([saved], owning: KeyOwnership(subtask: 0, parallelism: 1))
        #expect(restored.firedThrough == straight.firedThrough)
        #expect(restored.count == straight.count && restored.recordsHeld == straight.recordsHeld)
        let windows = try fire(restored, through: 100)
        #expect(try windows == fire(straight, through: 100))
        #expect(windows.count == 3)
        #expect(windows.allSatisfy { $0.count == keys.count })
    }

    @Test func `have changed since a restore where they are added to`() throws {
        let store = try filled(0..<1_500)
        var saved = try SavedParts().save(
            store.snapshot(Epoch(4), since: nil), of: store.layout())
        saved.epoch = Epoch(4)
        let restored = Store(assigner)
        try restored.restore([saved.state], owning: KeyOwnership(subtask: 0, parallelism: 1))
        try add(700, 34, to: restored)
        // A slice that is new has a number of its own, though one was dropped that had the first.
        _ = try fire(restored, through: 49)
        try add(700, 71, to: restored)
        let parts = SavedParts()
        let next = try parts.save(
            restored.snapshot(Epoch(6), since: Epoch(4)), of: restored.layout(), base: saved)
        #expect(restored.count == 3)
        #expect(Set(next.ids).count == next.ids.count)
        // Six pages and their hashes of each of the two that are left; one page of a new slice.
        #expect(parts.kept == 14 && parts.written == 2)
        let again = Store(assigner)
        try again.restore([next.state], owning: KeyOwnership(subtask: 0, parallelism: 1))
        #expect(try fire(again, through: 200) == fire(restored, through: 200))
    }

    @Test func `of several old subtasks are told apart`() throws {
        let saved = try (0..<2).map { subtask in
            let store = Store(assigner)
            // The first slice of each, which both give the same number.
            for key in 0..<2_000 { try add(key * 2 + subtask, Int64(33 + subtask * 10), to: store) }
            var saved = try SavedParts().save(
                store.snapshot(Epoch(4), since: nil), of: store.layout(), subtask: subtask,
                parallelism: 2)
            saved.epoch = Epoch(4)
            return saved.state
        }
        let restored = Store(assigner)
        try restored.restore(saved, owning: KeyOwnership(subtask: 0, parallelism: 1))
        #expect(restored.count == 2)
        let snapshot = try restored.snapshot(Epoch(5), since: Epoch(4))
        let ids = snapshot.blocks.map(\.id)
        #expect(ids.count == 18 && Set(ids).count == ids.count)
        snapshot.release()
    }

    @Test(arguments: [(1, 3), (3, 2)])
    func `are spread by key over another number of subtasks`(old: Int, new: Int) throws {
        let keys = 0..<900
        let saved = try (0..<old).map { subtask in
            let ownership = KeyOwnership(subtask: subtask, parallelism: old)
            let store = Store(assigner)
            for key in keys where ownership.owns(hash: key.stableHash) {
                for time in [33, 44, 45, 57] as [Int64] { try add(key, time, to: store) }
            }
            return try SavedParts().save(
                store.snapshot(Epoch(1), since: nil), of: store.layout(), subtask: subtask,
                parallelism: old
            ).state
        }
        var windows: [[Int: Int]] = [[:], [:], [:], [:]]
        var held = 0
        for subtask in 0..<new {
            let ownership = KeyOwnership(subtask: subtask, parallelism: new)
            let store = Store(assigner)
            try store.restore(saved, owning: ownership)
            held += store.recordsHeld
            for (index, counts) in try fire(store, through: 100).enumerated() {
                #expect(counts.keys.allSatisfy { ownership.owns(hash: $0.stableHash) })
                windows[index].merge(counts) { _, _ in -1 }
            }
        }
        #expect(try windows == fire(filled(keys), through: 100))
        #expect(held == 4 * keys.count)
    }

    @Test func `are written again only where they have changed`() throws {
        let store = try filled(0..<2_000)
        let parts = SavedParts()
        let first = try parts.save(store.snapshot(Epoch(1), since: nil), of: store.layout())
        #expect(parts.written == first.ids.count && first.ids.count >= 3 * 8)
        // A slice more, and one key of another.
        try add(1, 33, to: store)
        try add(1, 72, to: store)
        let second = try parts.save(
            store.snapshot(Epoch(2), since: Epoch(1)), of: store.layout(), base: first)
        #expect(Set(second.ids).isSuperset(of: first.ids) && second.ids.count > first.ids.count)
        let restored = Store(assigner)
        try restored.restore([second.state], owning: KeyOwnership(subtask: 0, parallelism: 1))
        #expect(restored.recordsHeld == store.recordsHeld)
        #expect(try fire(restored, through: 200) == fire(store, through: 200))
    }

    @Test func `of other windows are refused, with a word on what to do`() throws {
        let store = try filled(0..<10)
        let saved = try SavedParts().save(
            store.snapshot(Epoch(1), since: nil), of: store.layout()
        ).state
        let other = Store(.tumbling(.microseconds(7)))
        let error = #expect(throws: StateFormatError.self) {
            try other.restore([saved], owning: KeyOwnership(subtask: 0, parallelism: 1))
        }
        #expect(error?.reason.contains("the state is of other windows than") == true)
        #expect(error?.reason.contains("another name") == true)
    }
}
