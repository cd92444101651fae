import Testing
import WeirCore
import WeirState
import WeirTesting

@Suite struct `A timer queue` {
    private func at(_ microseconds: Int64) -> Timestamp { Timestamp(microseconds: microseconds) }

    @Test func `fires in order of time, then of registration`() {
        var queue = TimerQueue<String>()
        queue.register("late", at: at(5))
        queue.register("first", at: at(2))
        queue.register("second", at: at(2))
        queue.register("negative", at: at(-7))
        var fired: [String] = []
        while let timer = queue.popDue(upTo: at(4)) { fired.append(timer.payload) }
        #expect(fired == ["negative", "first", "second"])
        #expect(queue.earliest == at(5))
        #expect(queue.count == 1)
    }

    @Test func `holds a payload once for one time, and again after it has fired`() {
        var queue = TimerQueue<Int>()
        let answer1 = queue.register(1, at: at(3))
        #expect(answer1)
        let answer2 = queue.register(1, at: at(3))
        #expect(!answer2)
        let answer3 = queue.register(1, at: at(4))
        #expect(answer3)
        let answer4 = queue.popDue(upTo: at(3))
        #expect(answer4?.payload == 1)
        let answer5 = queue.popDue(upTo: at(3))
        #expect(answer5 == nil)
        let answer6 = queue.register(1, at: at(3))
        #expect(answer6)
        #expect(queue.count == 2)
    }

    @Test func `does not fire what was cancelled, and takes it anew`() {
        var queue = TimerQueue<Int>()
        queue.register(1, at: at(3))
        queue.register(2, at: at(3))
        let answer7 = queue.cancel(1, at: at(3))
        #expect(answer7)
        let answer8 = queue.cancel(1, at: at(3))
        #expect(!answer8)
        queue.register(1, at: at(3))
        // Registered anew, it comes after what was registered in between.
        let answer9 = queue.popDue(upTo: at(9))
        #expect(answer9?.payload == 2)
        let answer10 = queue.popDue(upTo: at(9))
        #expect(answer10?.payload == 1)
        #expect(queue.isEmpty && queue.earliest == nil)
    }

    /// Against a list that is searched from end to end; the places of timers are collected and let go of many
    /// times over.
    @Test(arguments: 0..<12 as Range<UInt64>)
    func `equals a naive list where the caller knows what is pending`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var queue = TimerQueue<Int>()
        var list: [(time: Timestamp, payload: Int)] = []
        var fired = 0
        for payload in 0..<3_000 {
            let time = at(Int64(payload) + .random(in: -30...30, using: &random))
            if Int.random(in: 0..<8, using: &random) == 0 {
                let isNew = queue.register(payload, at: time)
                #expect(isNew)
                let isNewAgain = queue.register(payload, at: time)
                #expect(!isNewAgain)
            } else {
                queue.registerNew(payload, at: time)
            }
            list.append((time, payload))
            // Runs of a thousand without a cancellation, and runs with many.
            if payload / 1_000 == 1, let number = list.indices.randomElement(using: &random) {
                let cancelled = list.remove(at: number)
                let isPending = queue.cancel(cancelled.payload, at: cancelled.time)
                #expect(isPending)
                let isStillPending = queue.cancel(cancelled.payload, at: cancelled.time)
                #expect(!isStillPending)
            }
            while list.count > [3, 60][Int(seed % 2)] {
                let first = list.indices.min {
                    (list[$0].time, list[$0].payload) < (list[$1].time, list[$1].payload)
                }
                let due = queue.popDue(upTo: .latest)
                guard let first else { break }
                #expect(due?.payload == list[first].payload)
                list.remove(at: first)
                fired += 1
            }
            #expect(queue.count == list.count)
            #expect(queue.earliest == list.map(\.time).min())
        }
        #expect(fired > 1_000)
        let left = list.sorted { ($0.time, $0.payload) < ($1.time, $1.payload) }.map(\.payload)
        #expect(queue.all.map(\.payload) == left)
    }

    /// Against a list that is searched from end to end.
    @Test(arguments: 0..<200) func `equals a naive list`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var queue = TimerQueue<Int>()
        var list: [(time: Timestamp, number: Int, payload: Int)] = []
        for number in 0..<Int.random(in: 1...400, using: &random) {
            let time = at(Int64.random(in: -20...20, using: &random))
            let payload = Int.random(in: 0..<4, using: &random)
            let found = list.firstIndex { $0.time == time && $0.payload == payload }
            switch Int.random(in: 0..<8, using: &random) {
            case 0..<4:
                let isNew11 = queue.register(payload, at: time)
                #expect(isNew11 == (found == nil))
                if found == nil { list.append((time, number, payload)) }
            case 4..<6:
                let isNew12 = queue.cancel(payload, at: time)
                #expect(isNew12 == (found != nil))
                if let found { list.remove(at: found) }
            default:
                let due = list.filter { $0.time <= time }
                    .min { ($0.time, $0.number) < ($1.time, $1.number) }
                let fired = queue.popDue(upTo: time)
                #expect(fired?.time == due?.time && fired?.payload == due?.payload)
                if let due { list.removeAll { $0.number == due.number } }
            }
            #expect(queue.count == list.count)
            #expect(queue.earliest == list.map(\.time).min())
        }
        let left = list.sorted { ($0.time, $0.number) < ($1.time, $1.number) }.map(\.payload)
        #expect(queue.all.map(\.payload) == left)
    }
}
