import Testing
import WeirCore
import WeirGraph
import WeirState
import WeirTesting

@testable import WeirRuntime

/// What an interval join keeps, and when it lets go of it.
@Suite struct `Cleaning up an interval join` {
    /// A join with its state in view.
    private func watched(
        _ kind: IntervalJoinKind, _ interval: JoinInterval, batchSize: Int = 1_024,
        refusing refusal: Refusal = .never
    ) throws -> (
        TwoPortHarness<Event, Event, JoinedPair>, IntervalJoinState<Event, Event, Int, JoinedPair>
    ) {
        var seen: IntervalJoinState<Event, Event, Int, JoinedPair>?
        let harness = try TwoPortHarness<Event, Event, JoinedPair>(
            .forTesting(batchSize: batchSize), refusing: refusal
        ) {
            let steps = joiningByInterval(kind, interval, $0, $1)
            seen = steps.state
            return (steps.left, steps.right)
        }
        return (harness, try #require(seen))
    }

    /// A side that puts nothing out alone may be cleaned up late, so one timer does for all of its records; one
    /// that does needs another for each record that comes before the earliest.
    @Test(arguments: [(.inner, 2), (.semi, 2), (.left, 1 + 100)] as [(IntervalJoinKind, Int)])
    func `sets few timers for records that come in the reverse of their order`(
        kind: IntervalJoinKind, timers: Int
    ) throws {
        let (harness, state) = try watched(kind, micros(-5, 3))
        for number in 0..<100 {
            try harness.send(right(1, number, at: Int64(10_000 - 50 * number)))
        }
        #expect(state.timers.count == 1)
        for number in 0..<100 {
            try harness.send(left(1, number, at: Int64(10_020 - 50 * number)))
        }
        #expect(state.timers.count == timers)
        // And all are cleaned up.
        for input in watermark(11_000) { try harness.send(input) }
        #expect(state.table.count == 0 && state.timers.count == 0)
    }

    @Test func `forgets records exactly when the watermark reaches their bound`() throws {
        let (harness, state) = try watched(.inner, micros(-5, 3))
        let held = { harness.context.counters.held.current }
        // A left record waits for rights up to 3 later, a right one for lefts up to 5 later.
        try harness.send(left(1, 0, at: 10))
        try harness.send(right(2, 1, at: 10))
        for input in watermark(12) { try harness.send(input) }
        #expect(held() == 2 && state.table.count == 2)
        for input in watermark(13) { try harness.send(input) }
        #expect(held() == 1 && state.table.count == 1)
        for input in watermark(14) { try harness.send(input) }
        #expect(held() == 1 && state.table.count == 1)
        for input in watermark(15) { try harness.send(input) }
        #expect(held() == 0 && state.table.isEmpty && state.timers.isEmpty)
        #expect(harness.records == [])
    }

    @Test func `leaks no key that appears on one side only`() throws {
        for kind in IntervalJoinKind.allCases {
            let (harness, state) = try watched(kind, micros(-5, -2))
            for time in 0..<2_000 as Range<Int64> {
                try harness.send(
                    time.isMultiple(of: 2)
                        ? left(Int(time), 0, at: time) : right(Int(time), 0, at: time))
                if time % 7 == 0 { for input in watermark(time - 3) { try harness.send(input) } }
                #expect(state.table.count <= 30 && state.timers.count <= 30)
            }
        }
    }

    @Test func `has but few timers where a key has many records`() throws {
        let (harness, state) = try watched(.inner, micros(-50, 50))
        for time in 0..<1_000 as Range<Int64> {
            try harness.send(left(1, 0, at: time))
            if time % 3 == 0 { for input in watermark(time) { try harness.send(input) } }
            #expect(state.timers.count <= 1)
            #expect(harness.context.counters.held.current <= 110)
        }
    }

    @Test(arguments: [IntervalJoinKind.inner, .semi])
    private func `has one timer for both sides of a key, and more only where there are many`(
        kind: IntervalJoinKind
    ) throws {
        let (harness, state) = try watched(kind, micros(0, 1_000))
        let held = { harness.context.counters.held.current }
        for time in 0..<5 as Range<Int64> { try harness.send(left(1, Int(time), at: time)) }
        for time in 5..<15 as Range<Int64> { try harness.send(right(1, Int(time), at: time)) }
        #expect(state.timers.count == 1 && held() > 0)
        // The left ones wait for rights for long, the few right ones with them.
        for input in watermark(20) { try harness.send(input) }
        #expect(state.timers.count == 1 && state.table.count == 1)
        for time in 21..<600 as Range<Int64> {
            try harness.send(left(2, 0, at: time))
            try harness.send(right(2, Int(time), at: time))
            if time % 5 == 0 { for input in watermark(time) { try harness.send(input) } }
            #expect(state.timers.count <= 3)
        }
        // Of the second key's many right ones, which wait for nothing, few are left.
        var rights = 0
        try state.table.updateIfPresent(2, hash: 2.stableHash) { rights = $0.rights.count }
        #expect(rights < 50)
        for input in watermark(1_004) { try harness.send(input) }
        #expect(state.table.count == 1)
        for input in watermark(2_000) { try harness.send(input) }
        #expect(state.table.isEmpty && state.timers.isEmpty && held() == 0)
    }

    @Test func `cleans up what older checkpoints have, with a timer for each side`() throws {
        let (harness, state) = try watched(.inner, micros(-5, 30))
        for key in 0..<50 {
            let time = Timestamp(microseconds: Int64(key) + 10)
            try state.table.update(
                key, hash: key.stableHash, initial: { IntervalRows() },
                {
                    $0.lefts.insert(Event(key, 0, at: 10), at: time, isMatched: false)
                    $0.rights.insert(Event(key, 1, at: 10), at: time, isMatched: false)
                    $0.lefts.visit = time.advanced(byMicroseconds: 30)
                    $0.rights.visit = time.advanced(byMicroseconds: 5)
                })
            for (isLeft, span) in [(true, 30), (false, 5)] as [(Bool, Int64)] {
                state.timers.insert(
                    KeySide(key: key, hash: key.stableHash, isLeft: isLeft),
                    at: time.advanced(byMicroseconds: span))
            }
        }
        for now in stride(from: 12, to: 95, by: 3) as StrideTo<Int64> {
            for input in watermark(now) { try harness.send(input) }
            // A left record is gone when 30 have passed, and its key with it.
            #expect(state.table.count == min(50, max(0, 50 - Int(now) + 39)))
        }
        #expect(state.timers.isEmpty && harness.records == [])
    }

    @Test(arguments: [IntervalJoinKind.left, .right, .full, .anti], Refusal.allCases)
    private func `takes over what a join has kept that put out no records alone`(
        kind: IntervalJoinKind, refusal: Refusal
    ) throws {
        let (harness, state) = try watched(
            kind, micros(0, 1_000), batchSize: 3, refusing: refusal)
        let keys = 0..<40
        for key in keys {
            let (early, late) = (Timestamp(microseconds: 5), Timestamp(microseconds: 6))
            // Its right records' timer was to clean up its left ones as well.
            try state.table.update(
                key, hash: key.stableHash, initial: { IntervalRows() },
                {
                    $0.rights.insert(Event(key, 1, at: 5), at: early, isMatched: false)
                    $0.lefts.insert(Event(key, 0, at: 6), at: late, isMatched: false)
                    $0.rights.visit = early
                })
            state.timers.insert(
                KeySide(key: key, hash: key.stableHash, isLeft: false), at: early)
        }
        for now in [3, 5, 500, 1_006] as [Int64] {
            for input in watermark(now) { try harness.send(input) }
        }
        #expect(state.table.isEmpty && state.timers.isEmpty)
        #expect(harness.records.count == (kind == .full ? 2 : 1) * keys.count)
    }
}
