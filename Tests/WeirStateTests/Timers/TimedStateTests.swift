import Testing
import WeirCore
import WeirTesting

@testable import WeirState

/// An operator with timers, and records that wait.
private final class Waiting {
    var timers = TimerQueue<Int>()
    var records = TimeOrderedBuffer<String>()
    let context: SubtaskContext

    init(_ clock: ManualClock = ManualClock()) {
        context = SubtaskContext(
            job: "test", operatorName: "step", subtask: 0, parallelism: 1, clock: clock)
        context.keep(
            "timers", of: self, \.timers, hash: { $0.stableHash }, ticking: clock)
        context.keep("records", of: self, \.records, hash: { $0.stableHash })
    }

    func take(_ name: String) throws -> any StateSnapshot {
        try part(name).snapshot(Epoch(1), since: nil)
    }
    func part(_ name: String) throws -> any StatePart {
        try #require(context.kept.entries.first { $0.name == name }).part
    }
    func fireAll() -> [String] {
        var fired: [String] = []
        while let due = timers.popDue(upTo: .latest) {
            fired.append("\(due.time.microseconds):\(due.payload)")
        }
        return fired
    }
    func popAll() -> [String] {
        var popped: [String] = []
        while let due = records.popDue(upTo: .latest) {
            popped.append("\(due.time.microseconds):\(due.element)")
        }
        return popped
    }
}

@Suite struct `Timers in a checkpoint` {
    private let alone = KeyOwnership(subtask: 0, parallelism: 1)

    private func save(
        _ snapshot: any StateSnapshot, _ name: String, of owner: Waiting, subtask: Int = 0,
        parallelism: Int = 1
    ) throws -> SavedState {
        try SavedParts().save(
            snapshot, of: owner.part(name).layout(), subtask: subtask, parallelism: parallelism
        ).state
    }

    /// Registers, cancels and fires at random.
    private func busy(_ count: Int, seed: UInt64) -> Waiting {
        let owner = Waiting()
        var random = SeededGenerator(seed: seed)
        for number in 0..<count {
            let time = Timestamp(microseconds: .random(in: 0..<40, using: &random))
            let key = Int.random(in: 0..<500, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<7:
                owner.timers.register(key, at: time)
                owner.records.insert("\(number)", at: time)
            case 7: owner.timers.cancel(key, at: time)
            default:
                let soon = Timestamp(microseconds: 2)
                _ = owner.timers.popDue(upTo: soon)
                _ = owner.records.popDue(upTo: soon)
            }
        }
        return owner
    }

    @Test(arguments: [0, 1, 10, 300, 9_000])
    func `come back in their order, as they were at the barrier`(count: Int) throws {
        let owner = busy(count, seed: UInt64(count))
        let timers = try owner.take("timers")
        let records = try owner.take("records")
        let (before, waiting) = (busy(count, seed: UInt64(count)), busy(count, seed: UInt64(count)))
        // The operator goes on before the snapshot is written.
        for key in 0..<300 {
            owner.timers.register(1_000 + key, at: Timestamp(microseconds: Int64(key % 50)))
            owner.records.insert("new", at: .epoch)
            _ = owner.timers.popDue(upTo: .latest)
            _ = owner.records.popDue(upTo: .latest)
        }
        let restored = Waiting()
        try restored.part("timers").restore(
            [try save(timers, "timers", of: owner)], owning: alone)
        try restored.part("records").restore(
            [try save(records, "records", of: owner)], owning: alone)
        #expect(restored.timers.count == before.timers.count)
        #expect(restored.fireAll() == before.fireAll())
        #expect(restored.popAll() == waiting.popAll())
        #expect(count < 300 || timers.blocks.count == (owner.timers.slots.pages.count + 15) / 16)
    }

    @Test func `coalesce and can be cancelled afterwards, and ask for a tick`() throws {
        let owner = Waiting()
        owner.timers.register(7, at: Timestamp(microseconds: 5))
        owner.timers.register(8, at: Timestamp(microseconds: 9))
        let clock = ManualClock()
        let restored = Waiting(clock)
        try restored.part("timers").restore(
            [try save(owner.take("timers"), "timers", of: owner)], owning: alone)
        #expect(clock.nextTick == Timestamp(microseconds: 5))
        let isNew = restored.timers.register(7, at: Timestamp(microseconds: 5))
        let wasThere = restored.timers.cancel(8, at: Timestamp(microseconds: 9))
        #expect(!isNew && wasThere && restored.timers.count == 1)
    }

    @Test(arguments: [(1, 3), (3, 2), (4, 1)])
    func `are spread by their keys over another number of subtasks`(old: Int, new: Int) throws {
        var saved: [SavedState] = []
        for subtask in 0..<old {
            let owner = Waiting()
            let ownership = KeyOwnership(subtask: subtask, parallelism: old)
            for key in 0..<2_000 where ownership.owns(hash: key.stableHash) {
                owner.timers.register(key, at: Timestamp(microseconds: Int64(key % 3)))
            }
            saved.append(
                try save(
                    owner.take("timers"), "timers", of: owner, subtask: subtask, parallelism: old))
        }
        var all: [String] = []
        for subtask in 0..<new {
            let ownership = KeyOwnership(subtask: subtask, parallelism: new)
            let restored = Waiting()
            // The order in which they are handed over says nothing.
            try restored.part("timers").restore(saved.reversed(), owning: ownership)
            let fired = restored.fireAll()
            all += fired
            let expected = (0..<3).flatMap { time in
                (0..<old).flatMap { old_ in
                    (0..<2_000).filter { key in
                        key % 3 == time && ownership.owns(hash: key.stableHash)
                            && KeyOwnership(subtask: old_, parallelism: old)
                                .owns(hash: key.stableHash)
                    }.map { "\(time):\($0)" }
                }
            }
            #expect(fired == expected)
        }
        #expect(all.count == 2_000 && Set(all).count == 2_000)
    }

    @Test func `are refused where they are no timers, or cut off`() throws {
        let owner = busy(500, seed: 3)
        let cell = try SavedParts().save(
            owner.take("timers"),
            of: StateLayout(arrangement: "cell", distribution: .keyed, value: .bool)
        ).state
        let restored = Waiting()
        #expect(throws: StateFormatError.self) {
            try restored.part("timers").restore([cell], owning: alone)
        }
        let snapshot = try owner.take("timers")
        var output = StateWriter()
        try snapshot.write(0, to: &output)
        let bytes = output.bytes
        let cut = SavedState(
            subtask: 0, parallelism: 1, layout: try owner.part("timers").layout(), directory: [],
            blockCount: 1
        ) { _ in Array(bytes.dropLast(5)) }
        #expect(throws: StateFormatError.self) {
            try restored.part("timers").restore([cut], owning: alone)
        }
    }
}
