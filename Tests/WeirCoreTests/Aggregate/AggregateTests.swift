import Testing
import WeirCore

@Suite struct `Aggregates` {
    static let sizes = [0, 1, 2, 7, 100, 1_500]

    /// Trips, and the generator to go on with.
    private func trips(_ count: Int, seed: UInt64) -> ([Trip], SeededGenerator) {
        var random = SeededGenerator(seed: seed)
        return (Trip.samples(count, using: &random), random)
    }

    @Test(arguments: sizes, 0..<8 as Range<UInt64>)
    func `are exact in any grouping where they promise it`(size: Int, seed: UInt64) throws {
        var (trips, random) = trips(size, seed: seed)
        let delays = trips.compactMap(\.delay)
        let byRank = trips.filter { $0.delay != nil }.sorted {
            ($1.delay ?? 0, $0.id) < ($0.delay ?? 0, $1.id)
        }

        #expect(try Count().foldInGroups(trips, using: &random) == size)
        #expect(
            try Count(where: { (trip: Trip) in trip.delay == nil })
                .foldInGroups(trips, using: &random) == size - delays.count)
        #expect(
            try Sum(\Trip.cents).foldInGroups(trips, using: &random)
                == trips.reduce(0) { $0 + $1.cents })
        #expect(try Min(\Trip.delay).foldInGroups(trips, using: &random) == delays.min())
        #expect(try Max(\Trip.delay).foldInGroups(trips, using: &random) == delays.max())
        #expect(
            try Min(\Trip.carrier).foldInGroups(trips, using: &random) == trips.map(\.carrier).min()
        )
        #expect(
            try TopK(5, by: \Trip.delay, ties: \Trip.id).foldInGroups(trips, using: &random)
                == Array(byRank.prefix(5)))
        #expect(
            try ExactDistinctCount(\Trip.carrier).foldInGroups(trips, using: &random)
                == Set(trips.map(\.carrier)).count)
        #expect(
            try DistinctCount(\Trip.carrier).foldInGroups(trips, using: &random)
                == Set(trips.map(\.carrier)).count)
        let slowest = trips.compactMap(\.delay).max()
        #expect(
            try MaxBy(\Trip.delay).foldInGroups(trips, using: &random).sorted { $0.id < $1.id }
                == trips.filter { $0.delay != nil && $0.delay == slowest })
        let most = trips.map { $0.cents / 30_000 }.max()
        #expect(
            try MaxBy({ (trip: Trip) in trip.cents / 30_000 }).foldInGroups(trips, using: &random)
                .sorted { $0.id < $1.id } == trips.filter { $0.cents / 30_000 == most })
        #expect(try First(by: \Trip.id).foldInGroups(trips, using: &random) == trips.first)
        #expect(try Last(by: \Trip.id).foldInGroups(trips, using: &random) == trips.last)
        #expect(
            try Collect(\Trip.id).foldInGroups(trips, using: &random).sorted() == trips.map(\.id))
    }

    @Test(arguments: sizes, 0..<8 as Range<UInt64>)
    func `are right within rounding in any grouping`(size: Int, seed: UInt64) throws {
        var (trips, random) = trips(size, seed: seed)
        let delays = trips.compactMap(\.delay)
        let sum = delays.reduce(0, +)
        let mean = delays.isEmpty ? nil : sum / Double(delays.count)
        let squares = delays.reduce(0) { $0 + ($1 - (mean ?? 0)) * ($1 - (mean ?? 0)) }
        let sample = delays.count < 2 ? nil : squares / Double(delays.count - 1)
        let population = delays.isEmpty ? nil : squares / Double(delays.count)

        #expect(isClose(try Sum(\Trip.delay).foldInGroups(trips, using: &random), sum))
        #expect(isClose(try Mean(\Trip.delay).foldInGroups(trips, using: &random), mean))
        #expect(
            try Mean(\Trip.cents).foldInGroups(trips, using: &random)
                == (trips.isEmpty
                    ? nil : Double(trips.reduce(0) { $0 + $1.cents }) / Double(trips.count)))
        #expect(isClose(try Variance(\Trip.delay).foldInGroups(trips, using: &random), sample))
        #expect(
            isClose(
                try Variance(\Trip.delay, of: .population).foldInGroups(trips, using: &random),
                population))
        #expect(
            isClose(
                try StandardDeviation(\Trip.delay).foldInGroups(trips, using: &random),
                sample?.squareRoot()))
    }

    @Test func `without records give zero, nothing or an empty array`() throws {
        #expect(try Count<Trip>().fold([]) == 0)
        #expect(try Sum(\Trip.cents).fold([]) == 0)
        #expect(try Min(\Trip.cents).fold([]) == nil)
        #expect(try Max(\Trip.cents).fold([]) == nil)
        #expect(try Mean(\Trip.delay).fold([Trip(), Trip()]) == nil)
        #expect(try Variance(\Trip.delay).fold([Trip(delay: 3)]) == nil)
        #expect(try Variance(\Trip.delay, of: .population).fold([Trip(delay: 3)]) == 0)
        #expect(try Quantile(0.5, of: \Trip.delay).fold([Trip()]) == nil)
        #expect(try Quantiles([0, 1], of: \Trip.delay).fold([]) == [])
        #expect(try TopK(3, by: \Trip.delay).fold([Trip()]) == [])
        #expect(try MaxBy(\Trip.delay).fold([Trip(), Trip(delay: .nan)]) == [])
        #expect(try DistinctCount { (_: Trip) -> Int? in nil }.fold([Trip()]) == 0)
        #expect(try First(by: \Trip.id).fold([]) == nil)
    }
}

@Suite struct `Sum aggregate` {
    @Test func `gives an error, not a trap, when the total does not fit`() {
        let error = #expect(throws: AggregateError.self) {
            try Sum { (value: Int32) in value }.fold([.max, 1])
        }
        #expect(
            error?.description
                == "Sum over Int32: the total 2147483648 does not fit Int32. Sum a wider type, "
                + "as in `Sum { Int64($0.value) }` or `Sum { Double($0.value) }`.")
    }

    @Test func `may pass beyond the type on the way`() throws {
        #expect(try Sum { (value: Int) in value }.fold([.max, .max, .min, .min, 7]) == 5)
        #expect(try Sum { (value: UInt64) in value }.fold([.max, 0]) == .max)
        #expect(throws: AggregateError.self) {
            try Sum { (value: UInt64) in value }.fold([.max, 1])
        }
    }

    @Test func `keeps what plain addition of doubles loses`() throws {
        #expect(try Sum { (value: Double) in value }.fold([1, 1e100, 1, -1e100]) == 2)
        #expect(try Mean { (value: Double) in value }.fold([1, 1e100, 1, -1e100]) == 0.5)
        let tenths = Array(repeating: 0.1, count: 1_000_000)
        #expect(try Sum { (value: Double) in value }.fold(tenths) == 100_000)
    }

    @Test func `passes infinities and not-a-number on`() throws {
        #expect(try Sum { (value: Double) in value }.fold([1, .infinity, 2]) == .infinity)
        #expect(try Sum { (value: Double) in value }.fold([1, .infinity, -.infinity]).isNaN)
        #expect(
            try Sum { (value: Float) in value }.fold([.greatestFiniteMagnitude, 1e38]).isInfinite)
    }
}

@Suite struct `Min and Max` {
    @Test(arguments: [[Double.nan, 1, 2], [1, .nan, 2], [2, 1, .nan]])
    func `are not hidden by not-a-number`(values: [Double]) throws {
        #expect(try Min { (value: Double) in value }.fold(values) == 1)
        #expect(try Max { (value: Double) in value }.fold(values) == 2)
    }
}

@Suite struct `Variance aggregate` {
    @Test func `is stable for values far from zero`() throws {
        let values = (0..<1_000).map { 1e9 + Double($0 % 2) }
        let variance = try Variance({ (value: Double) in value }, of: .population).fold(values)
        #expect(isClose(variance, 0.25, relative: 1e-6))
    }
}

@Suite struct `Top k` {
    @Test(arguments: [0, 1, 2, 10, 5_000], 0..<6 as Range<UInt64>)
    func `gives the head of the sorted records in any grouping`(k: Int, seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let trips = Trip.samples(2_000, using: &random)
        let aggregate = TopK<Trip>(k, order: { ($0.cents, $0.id) < ($1.cents, $1.id) })
        let sorted = trips.sorted { ($0.cents, $0.id) < ($1.cents, $1.id) }
        #expect(try aggregate.foldInGroups(trips, using: &random) == Array(sorted.prefix(k)))
    }

    @Test func `decides between equal values by the tie`() throws {
        let trips = ["D", "B", "A", "C"].map { Trip(carrier: $0, cents: 5) }
        let top = try TopK(2, by: \Trip.cents, ties: \.carrier).fold(trips)
        #expect(top.map(\.carrier) == ["A", "B"])
    }

    @Test func `leaves out what has no value once it is full, too`() throws {
        let delays: [Double?] = [3, nil, .nan, 5, 2, .nan, nil, 1, 6, .nan]
        #expect(try TopK(1, by: { (delay: Double?) in delay }).fold(delays) == [6])
        #expect(
            try TopK(2, by: { (delay: Double?) in delay }, ties: { _ in 0 }).fold(delays) == [6, 5])
    }

    @Test func `leaves out what has no value`() throws {
        let delays: [Double?] = [nil, 1, .nan, 3, nil, 2]
        let top = try TopK(5, by: { (delay: Double?) in delay }).fold(delays)
        #expect(top == [3, 2, 1])
    }

    @Test func `leaves out what has no value, given by a closure`() throws {
        let top = try TopK(5, by: { (trip: Trip) in trip.delay }).fold([Trip(), Trip(delay: 2)])
        #expect(top == [Trip(delay: 2)])
    }

    @Test func `keeps no more than twice k records`() {
        let aggregate = TopK(3, by: { (value: Int) in value })
        var accumulator = aggregate.makeAccumulator()
        for value in 0..<10_000 {
            aggregate.add(value, to: &accumulator)
            let kept = Mirror(reflecting: accumulator).children.first?.value as? [Int]
            #expect((kept?.count ?? .max) <= 6)
        }
        #expect(aggregate.result(of: accumulator) == [9_999, 9_998, 9_997])
    }
}

@Suite struct `Collect aggregate` {
    @Test func `keeps no more than its limit, merged or not`() throws {
        var random = SeededGenerator(seed: 1)
        let records = Array(0..<100)
        #expect(try Collect<Int, Int>(limit: 3).fold(records) == [0, 1, 2])
        let merged = try Collect<Int, Int>(limit: 3).foldInGroups(records, using: &random)
        #expect(merged.count == 3 && Set(merged).isSubset(of: records))
        #expect(try Collect<Int, Int>(limit: 0).fold(records) == [])
        #expect(try Collect<Int, Int>().fold(records) == records)
    }
}
