import Testing
import WeirCore
import WeirTesting

@testable import WeirState

@Suite struct `The memory of what waits for a time` {
    private let elementBytes = MemoryLayout<TimedSlots<Int>.Slot>.stride

    @Test func `is that of the elements`() {
        var buffer = TimeOrderedBuffer<Int>()
        #expect(buffer.heldBytes == 0)
        for number in 1...5_000 {
            buffer.insert(number, at: Timestamp(microseconds: Int64(number)))
        }
        #expect(buffer.heldBytes == 5_000 * elementBytes)
    }

    @Test(arguments: [false, true])
    func `is given back after a large step of time`(inAnyOrder: Bool) {
        var buffer = TimeOrderedBuffer<Int>()
        let count = 100_000
        for number in 1...count {
            buffer.insert(number, at: Timestamp(microseconds: Int64(number)))
        }
        func pop(_ time: Timestamp) -> Int? {
            inAnyOrder
                ? buffer.popDueInAnyOrder(upTo: time)?.element : buffer.popDue(upTo: time)?.element
        }
        let all = Timestamp(microseconds: Int64(count))
        var sum = pop(all) ?? 0
        // All of it is due at once, and waits in one array.
        #expect(buffer.heldBytes >= (count - 1) * elementBytes)
        while let number = pop(all) { sum += number }
        #expect(sum == count * (count + 1) / 2 && buffer.isEmpty)
        #expect(buffer.heldBytes <= 4 * TimedSlots<Int>.pageSize * elementBytes)
    }

    @Test func `is kept for small steps, which would allocate it again`() {
        var buffer = TimeOrderedBuffer<Int>()
        for step in 1...10 {
            for number in 0..<20 {
                buffer.insert(number, at: Timestamp(microseconds: Int64(10 * step)))
            }
            let time = Timestamp(microseconds: Int64(10 * step))
            for number in 0..<20 { #expect(buffer.popDue(upTo: time)?.element == number) }
            #expect(buffer.isEmpty && buffer.heldBytes >= 20 * elementBytes)
        }
    }
}

@Suite struct `What is due next` {
    @Test(arguments: [true, false])
    func `is known before it is taken`(isOrdered: Bool) {
        var random = SeededGenerator(seed: 3)
        var buffer = TimeOrderedBuffer<Int>()
        var taken: [Int] = []
        var number = 0
        for step in 0..<200 as Range<Int64> {
            for _ in 0..<Int.random(in: 0..<20, using: &random) {
                buffer.insert(
                    number,
                    at: Timestamp(microseconds: step * 10 + .random(in: -5..<300, using: &random)))
                number += 1
            }
            let time = Timestamp(microseconds: step * 10)
            let count = buffer.prepareDue(upTo: time, isOrdered: isOrdered)
            let expected = (0..<count).map { buffer.next($0) }
            var found: [Int] = []
            while let due = isOrdered
                ? buffer.popDue(upTo: time) : buffer.popDueInAnyOrder(upTo: time)
            {
                found.append(due.element)
            }
            #expect(found == expected)
            taken += found
        }
        #expect(taken.count > 1_000 && Set(taken).count == taken.count)
        #expect(taken.count + buffer.count == number)
    }
}
