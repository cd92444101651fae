import Testing
import WeirCore
import WeirTesting

@testable import WeirState

@Suite struct `Places in order of time` {
    /// Against a list that is searched from end to end.
    @Test(arguments: 0..<15 as Range<UInt64>)
    func `equal a naive list, whatever the order in which they come`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var order = TimedOrder()
        var list: [TimedPlace] = []
        var now: Int64 = 0
        // From all in order to none, and from a few to hundreds.
        let spread = [0, 0, 3, 40, 1_000][Int(seed % 5)] as Int64
        let room = [4, 80, 300][Int(seed / 5 % 3)]
        for number in 0..<1_200 {
            let adds = list.isEmpty || Int.random(in: 0..<room * 2, using: &random) > list.count
            if adds {
                now += .random(in: 0...2, using: &random)
                let time = Timestamp(
                    microseconds: now + .random(in: -spread...spread, using: &random))
                let place = TimedPlace(
                    time: time, number: UInt64(number), place: Int32(number))
                order.insert(place)
                list.append(place)
            } else if Int.random(in: 0..<200, using: &random) == 0 {
                order.filter { $0.number % 3 != 0 }
                list.removeAll { $0.number % 3 == 0 }
            } else {
                let first = list.indices.min { list[$0].precedes(list[$1]) }
                order.removeFirst()
                if let first { list.remove(at: first) }
            }
            #expect(order.count == list.count)
            #expect(order.first?.number == list.min { $0.precedes($1) }?.number)
        }
        let sorted = list.sorted { $0.precedes($1) }
        #expect(order.sorted.map(\.number) == sorted.map(\.number))
        // All are taken in order, and their memory is given back but for that of a few.
        for place in sorted {
            #expect(order.first?.number == place.number)
            order.removeFirst()
        }
        #expect(order.count == 0 && order.run.capacity <= 2_048)
    }
}
