import Testing
import WeirCore
import WeirTesting

@Suite struct `An ordered multiset` {
    @Test(arguments: 0..<30 as Range<UInt64>)
    func `has what was put in and not taken out, in order`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        // Few values make many equal ones, many values make many chunks.
        let values = [5, 60, 100_000][Int(seed % 3)]
        var set = OrderedMultiset<Int>()
        var model: [Int] = []
        for step in 0..<1_500 {
            let value = Int.random(in: 0..<values, using: &random)
            // Grows for the first half, and shrinks to nothing in the second.
            if step < 750 ? Int.random(in: 0..<4, using: &random) > 0 : model.isEmpty {
                set.insert(value)
                model.append(value)
            } else if let index = model.indices.randomElement(using: &random) {
                let taken = Bool.random(using: &random) ? model[index] : value
                let place = model.firstIndex(of: taken)
                #expect(set.remove(taken) == (place != nil))
                if let place { model.remove(at: place) }
            }
            guard step % 50 == 0 else { continue }
            #expect(set.values == model.sorted())
            #expect(set.count == model.count && set.distinctCount == Set(model).count)
            #expect(set.first == model.min() && set.last == model.max())
        }
    }

    @Test func `takes in another`() {
        var left = OrderedMultiset<Int>()
        var right = OrderedMultiset<Int>()
        for value in 0..<300 { left.insert(value) }
        for value in 200..<500 { right.insert(value) }
        left.formUnion(right)
        #expect(left.values == (Array(0..<300) + Array(200..<500)).sorted())
        #expect(left.distinctCount == 500)
    }
}

@Suite struct `An aggregate that takes records back` {
    private func fold<A: RetractableAggregate>(
        _ aggregate: A, adding added: [A.Input], retracting retracted: [A.Input]
    ) throws -> A.Result {
        var accumulator = aggregate.makeAccumulator()
        for record in added { try aggregate.add(record, to: &accumulator) }
        for record in retracted { try aggregate.retract(record, from: &accumulator) }
        return try aggregate.result(of: accumulator)
    }

    @Test func `leaves what never adding them would have`() throws {
        let values = [3, 1, 4, 1, 5, 9, 2, 6]
        let gone = [1, 9, 3]
        let left = [1, 2, 4, 5, 6]
        #expect(try fold(Count<Int>(), adding: values, retracting: gone) == 5)
        #expect(try fold(Count<Int> { $0 > 2 }, adding: values, retracting: gone) == 3)
        #expect(try fold(Sum { $0 }, adding: values, retracting: gone) == 18)
        #expect(try fold(Mean { $0 }, adding: values, retracting: gone) == 3.6)
        #expect(try fold(RetractableMin { $0 }, adding: values, retracting: gone) == 1)
        #expect(try fold(RetractableMax { $0 }, adding: values, retracting: gone) == 6)
        #expect(try fold(RetractableCollect { $0 }, adding: values, retracting: gone) == left)
        #expect(try fold(RetractableDistinctCount { $0 }, adding: values, retracting: gone) == 5)
        let both = CombinedAggregates.combine(
            Sum<Int, Int> { $0 }.where { $0 > 4 }, RetractableMax { $0 }.map { $0 ?? 0 })
        let found = try fold(both, adding: values, retracting: gone)
        #expect(found == (11, 6))
    }

    @Test func `has no extreme when the last value is gone, and counts none that is absent`() throws
    {
        let values: [Int?] = [nil, 3, nil]
        #expect(try fold(RetractableMax { $0 }, adding: values, retracting: [3]) == nil)
        #expect(try fold(RetractableMin { $0 }, adding: values, retracting: [nil]) == 3)
        #expect(try fold(RetractableDistinctCount { $0 }, adding: values, retracting: [nil]) == 1)
    }

    @Test func `has not a number for an extreme only while there is nothing else`() throws {
        let values = [Double.nan, 2, 1]
        #expect(try fold(RetractableMin { $0 }, adding: values, retracting: []) == 1)
        let last = try fold(RetractableMax { $0 }, adding: values, retracting: [2, 1])
        #expect(last?.isNaN == true)
        #expect(try fold(RetractableMax { $0 }, adding: values, retracting: [.nan]) == 2)
    }

    @Test func `takes integers back exactly, however large the total was`() throws {
        let aggregate = Sum<Int64, Int64> { $0 }
        let large = [Int64.max, .max, 5]
        #expect(try fold(aggregate, adding: large, retracting: [.max, .max]) == 5)
    }

    @Test func `is merged with another`() throws {
        let aggregate = RetractableMax<Int, Int> { $0 }
        var left = aggregate.makeAccumulator()
        var right = aggregate.makeAccumulator()
        aggregate.add(1, to: &left)
        aggregate.add(7, to: &right)
        aggregate.add(4, to: &right)
        aggregate.merge(right, into: &left)
        aggregate.retract(7, from: &left)
        #expect(aggregate.result(of: left) == 4)
    }
}
