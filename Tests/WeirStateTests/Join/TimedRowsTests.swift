import Testing
import WeirCore
import WeirState
import WeirTesting

@Suite struct `Rows in order of time` {
    @Test(arguments: 0..<40 as Range<UInt64>)
    func `are found, inserted and dropped as in a plain sorted array`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var rows = TimedRows<Int>()
        var model: [(time: Int64, value: Int)] = []
        for value in 0..<200 {
            let time = Int64.random(in: -20...20, using: &random)
            rows.insert(value, at: Timestamp(microseconds: time), isMatched: false)
            model.insert(
                (time, value), at: model.firstIndex { $0.time > time } ?? model.endIndex)
            if value % 7 == 0 {
                let dropped = Int.random(in: 0...model.count / 2, using: &random)
                rows.dropFirst(dropped)
                model.removeFirst(dropped)
            }
            #expect(rows.count == model.count && rows.isEmpty == model.isEmpty)
            let live = (rows.startIndex..<rows.endIndex).map { rows[$0] }
            #expect(live.map(\.record) == model.map(\.value))
            #expect(live.map(\.time.microseconds) == model.map(\.time))
            let asked = Int64.random(in: -22...22, using: &random)
            let point = Timestamp(microseconds: asked)
            #expect(
                rows.firstIndex(from: point) - rows.startIndex
                    == model.count { $0.time < asked })
            #expect(rows.firstIndex(from: point) == rows.firstIndex(notOver: { $0 < point }))
            #expect(
                rows.lastIndex(through: point).map { $0 - rows.startIndex }
                    == model.lastIndex { $0.time <= asked })
        }
    }

    @Test func `drop what the dropped records refer to once half of them are gone`() {
        final class Tracked {}
        var rows = TimedRows<Tracked>()
        weak var first: Tracked?
        for time in 0..<10 as Range<Int64> {
            let tracked = Tracked()
            if time == 0 { first = tracked }
            rows.insert(tracked, at: Timestamp(microseconds: time), isMatched: false)
        }
        rows.dropFirst(5)
        #expect(first == nil && rows.count == 5)
    }
}

@Suite struct `A buffer in order of time` {
    @Test(arguments: 0..<40 as Range<UInt64>)
    func `gives out what is due, by time and then by arrival`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var buffer = TimeOrderedBuffer<Int>()
        var model: [(time: Int64, value: Int)] = []
        for value in 0..<300 {
            let time = Int64.random(in: -20...20, using: &random)
            buffer.insert(value, at: Timestamp(microseconds: time))
            model.insert(
                (time, value), at: model.firstIndex { $0.time > time } ?? model.endIndex)
            guard value % 11 == 0 else { continue }
            let due = Int64.random(in: -22...22, using: &random)
            while let found = buffer.popDue(upTo: Timestamp(microseconds: due)) {
                let expected = model.removeFirst()
                #expect(found.time.microseconds == expected.time)
                #expect(found.element == expected.value)
            }
            #expect(model.first.map { $0.time > due } ?? true)
            #expect(buffer.count == model.count && buffer.isEmpty == model.isEmpty)
        }
    }

    /// The times of a job: far from each other and from zero, at the ends of the range, and many alike.
    private static func time(
        after now: Int64, using random: inout SeededGenerator
    ) -> Int64 {
        switch Int.random(in: 0..<20, using: &random) {
        case 0: .random(in: .min ... .max, using: &random)
        case 1: [.min, .max, 0, -1, now].randomElement(using: &random) ?? 0
        case 2: now &- .random(in: 0..<50, using: &random)
        default:
            now &+ (1 &<< .random(in: 0..<24, using: &random))
                &+ .random(in: -3...3, using: &random)
        }
    }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func `gives out the same where time goes on in steps of any length`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var buffer = TimeOrderedBuffer<String>()
        var model: [(time: Int64, number: Int)] = []
        var now = Int64.random(in: -1 << 40...1 << 40, using: &random)
        var number = 0
        for round in 0..<60 {
            for _ in 0..<Int.random(in: 0..<40, using: &random) {
                let time = Self.time(after: now, using: &random)
                buffer.insert("\(number)", at: Timestamp(microseconds: time))
                model.append((time, number))
                number += 1
            }
            model.sort { ($0.time, $0.number) < ($1.time, $1.number) }
            now &+= 1 &<< .random(in: 0..<24, using: &random)
            if round == 59 { now = .max }
            let isOrdered = Bool.random(using: &random)
            let limit = Timestamp(microseconds: now)
            let due = model.prefix { $0.time <= now }
            // Some are left for the next round.
            let taken = Bool.random(using: &random) ? due.count : due.count / 2
            var found: [(time: Int64, number: Int?)] = []
            for _ in 0..<taken {
                let next =
                    isOrdered ? buffer.popDue(upTo: limit) : buffer.popDueInAnyOrder(upTo: limit)
                if let next { found.append((next.time.microseconds, Int(next.element))) }
            }
            #expect(found.count == taken)
            if isOrdered { #expect(found.map(\.number) == due.prefix(taken).map(\.number)) }
            for one in found {
                let place = due.firstIndex { $0.number == one.number }
                #expect(place.map { due[$0].time } == one.time)
            }
            let gone = Set(found.map(\.number))
            model.removeAll { gone.contains($0.number) }
            #expect(buffer.count == model.count && buffer.isEmpty == model.isEmpty)
            if taken == due.count { #expect(buffer.popDueInAnyOrder(upTo: limit) == nil) }
        }
        #expect(number > 300)
    }

    @Test func `gives out none that waits for later than is asked for, though more was due before`()
    {
        var buffer = TimeOrderedBuffer<Int>()
        for time in 0..<10 as Range<Int64> {
            buffer.insert(Int(time), at: Timestamp(microseconds: time))
        }
        #expect(buffer.popDueInAnyOrder(upTo: Timestamp(microseconds: 9)) != nil)
        var found: [Int] = []
        while let due = buffer.popDueInAnyOrder(upTo: Timestamp(microseconds: 4)) {
            found.append(due.element)
        }
        #expect(found.allSatisfy { $0 <= 4 } && found.count >= 4)
    }
}
