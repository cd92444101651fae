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
            #expect(buffer.earliest?.microseconds == model.first?.time)
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
}
