import Testing
import WeirCore

/// Stands for the stream's `aggregate` methods: the record type comes from the stream alone.
private struct Windowed<T: Sendable> {
    let records: [T]

    func aggregate<A: Aggregate>(_ a: A) throws -> A.Result where A.Input == T {
        try a.fold(records)
    }

    func aggregate<A: Aggregate, B: Aggregate>(
        _ a: A, _ b: B
    ) throws -> (A.Result, B.Result) where A.Input == T, B.Input == T {
        try CombinedAggregates.combine(a, b).fold(records)
    }

    func aggregate<A: Aggregate, B: Aggregate, C: Aggregate>(
        _ a: A, _ b: B, _ c: C
    ) throws -> (A.Result, B.Result, C.Result) where A.Input == T, B.Input == T, C.Input == T {
        try CombinedAggregates.combine(a, b, c).fold(records)
    }
}

@Suite struct `Combined aggregates` {
    private let trips = [
        Trip(id: 1, carrier: "AA", cents: 5, delay: 10), Trip(id: 2, carrier: "UA", cents: 7),
        Trip(id: 3, carrier: "AA", cents: 9, delay: -4),
    ]

    @Test func `take their record type from the stream`() throws {
        let windowed = Windowed(records: trips)
        let (count, mean) = try windowed.aggregate(Count(), Mean(\.delay))
        #expect(count == 3 && mean == 3)
        let (present, most, total) = try windowed.aggregate(
            Count { $0.delay != nil }, Max(\.delay), Sum(\.cents))
        #expect(present == 2 && most == 10 && total == 21)
        let (smallest, average, distinct) = try windowed.aggregate(
            Min(\.cents), Mean(\.cents), DistinctCount(\.carrier))
        #expect(smallest == 5 && average == 7 && distinct == 2)
        let (median, ids, top) = try windowed.aggregate(
            Quantile(0.5, of: \.cents), Collect(\.id), TopK(1, by: \.delay, ties: \.carrier))
        #expect(isClose(median, 7, relative: 0.01) && ids == [1, 2, 3] && top == [trips[0]])
        let (everything, variance, first) = try windowed.aggregate(
            Collect(), Variance(\.cents), First(by: \.id))
        #expect(everything == trips && variance == 4 && first == trips[0])
        let dry = try windowed.aggregate(Mean { $0.carrier == "AA" ? $0.delay : nil })
        #expect(dry == 3)
    }

    @Test func `give flat tuples of up to six`() throws {
        let four = try CombinedAggregates.combine(
            Count<Trip>(), Sum(\.cents), Min(\.cents), Max(\.cents)
        ).fold(trips)
        #expect(four == (3, 21, 5, 9))
        let five = try CombinedAggregates.combine(
            Count<Trip>(), Sum(\.cents), Min(\.cents), Max(\.cents), Mean(\.delay)
        ).fold(trips)
        #expect(five == (3, 21, 5, 9, 3))
        let six = try CombinedAggregates.combine(
            Count<Trip>(), Sum(\.cents), Min(\.cents), Max(\.cents), Mean(\.delay), Last(by: \.id)
        ).fold(trips)
        #expect(six == (3, 21, 5, 9, 3, trips[2]))
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `merge part by part`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let trips = Trip.samples(300, using: &random)
        let combined = CombinedAggregates.combine(Count<Trip>(), Sum(\.cents), Max(\.delay))
        #expect(try combined.foldInGroups(trips, using: &random) == combined.fold(trips))
    }

    @Test func `pass on what a fold throws`() throws {
        struct Refused: Error {}
        let refusing = Fold(0) { (_: inout Int, _: Trip) in
            throw Refused()
        } merge: {
            $0 += $1
        }
        #expect(throws: Refused.self) {
            try CombinedAggregates.combine(Count(), refusing).fold(trips)
        }
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `of functions agree in any grouping`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let trips = Trip.samples(300, using: &random)
        let longest = Fold("") { (state: inout String, trip: Trip) in
            state = max(state, trip.carrier)
        } merge: {
            $0 = max($0, $1)
        } result: {
            $0.count
        }
        #expect(
            try longest.foldInGroups(trips, using: &random) == trips.map(\.carrier).max()?.count)
        #expect(try longest.map { $0 * 2 }.fold(trips) == 2 * longest.fold(trips))
    }
}
