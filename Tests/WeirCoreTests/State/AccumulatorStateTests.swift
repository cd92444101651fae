import Testing
import WeirCore
import WeirTesting

private struct Sale: Record, Equatable {
    var shop = "", cents = 0, weight: Double?
    static let schema = Schema(Sale.init) {
        Field("shop", \.shop)
        Field("cents", \.cents)
        Field("weight", \.weight)
    }

    static func samples(_ count: Int, _ random: inout SeededGenerator) -> [Sale] {
        (0..<count).map { _ in
            Sale(
                shop: "shop \(Int.random(in: 0..<900, using: &random))",
                cents: Int.random(in: -500...5_000, using: &random),
                weight: random.maybe(Double.random(in: -10...1e6, using: &random)))
        }
    }
}

@Suite struct `An accumulator` {
    /// Folds half of the records, goes through a checkpoint, folds the rest, and compares with a run
    /// that was not interrupted, by what is shown of the result. The best few may keep more candidates
    /// after a restore than before, and so have other bytes.
    private func expectSurvives<Function: Aggregate>(
        _ function: Function, _ records: [Function.Input], sameBytes: Bool = true,
        line: Int = #line
    ) throws {
        var straight = function.makeAccumulator()
        var restored = try roundTrip(function.makeAccumulator())
        for (index, record) in records.enumerated() {
            try function.add(record, to: &straight)
            try function.add(record, to: &restored)
            if index == records.count / 2 { restored = try roundTrip(restored) }
        }
        #expect(
            "\(try function.result(of: restored))" == "\(try function.result(of: straight))",
            "line \(line)")
        if sameBytes {
            #expect(try stateBytes(restored) == stateBytes(straight), "line \(line)")
        }
        // Merged with a slice that was not saved.
        try function.merge(straight, into: &restored)
        try function.merge(straight, into: &straight)
        #expect(
            "\(try function.result(of: restored))" == "\(try function.result(of: straight))",
            "line \(line)")
    }

    @Test(arguments: [0, 1, 7, 2_000])
    func `goes on after a checkpoint as if nothing had happened`(count: Int) throws {
        var random = SeededGenerator(seed: UInt64(count))
        let sales = Sale.samples(count, &random)
        try expectSurvives(Count { $0.cents > 0 }, sales)
        try expectSurvives(Sum(\.cents), sales)
        try expectSurvives(Sum(\.weight), sales)
        try expectSurvives(Mean(\.weight), sales)
        try expectSurvives(Min(\.weight), sales)
        try expectSurvives(Max(\.shop), sales)
        try expectSurvives(Variance(\.weight), sales)
        try expectSurvives(StandardDeviation(\.cents), sales)
        try expectSurvives(TopK(5, by: \.cents, ties: \.shop), sales, sameBytes: false)
        try expectSurvives(MaxBy(\.cents), sales)
        try expectSurvives(DistinctCount(\.shop), sales)
        try expectSurvives(DistinctCount(\.shop, precision: 4), sales)
        try expectSurvives(ExactDistinctCount(\.shop), sales)
        try expectSurvives(Quantiles([0, 0.5, 0.99, 1], of: \.weight), sales)
        try expectSurvives(Quantile(0.9, of: \.cents, accuracy: 0.5), sales)
        try expectSurvives(First(by: \.cents), sales)
        try expectSurvives(Last { $0.shop + "\($0.cents)" }, sales)
        try expectSurvives(Collect(\.cents, limit: 100), sales)
        try expectSurvives(RetractableMin(\.weight), sales)
        try expectSurvives(RetractableMax(\.shop), sales)
        try expectSurvives(RetractableCollect(\.cents), sales)
        try expectSurvives(RetractableDistinctCount(\.shop), sales)
        try expectSurvives(Count().where { $0.weight != nil }, sales)
        try expectSurvives(
            CombinedAggregates.combine(
                Count(), Sum(\.cents), Mean(\.weight), TopK(2, by: \.cents, ties: \.shop)),
            sales, sameBytes: false)
        try expectSurvives(
            Fold((total: 0, last: nil as String?)) { state, sale in
                state.total += sale.cents
                state.last = max(state.last ?? "", sale.shop)
            } merge: { state, other in
                state.total += other.total
                state.last = [state.last, other.last].compactMap(\.self).max()
            } result: {
                $0
            }, sales)
    }

    @Test func `takes back what was folded in before a checkpoint`() throws {
        let function = RetractableMin<Double, Double> { $0 }
        var accumulator = function.makeAccumulator()
        for value in [3, 1, 2, 1, .nan] { function.add(value, to: &accumulator) }
        accumulator = try roundTrip(accumulator)
        for value in [1, .nan, 1] { function.retract(value, from: &accumulator) }
        #expect(function.result(of: accumulator) == 2)
    }

    @Test(arguments: [1, 3, 5, 8])
    func `of the best few serves another number of them`(k: Int) throws {
        var random = SeededGenerator(seed: 5)
        let numbers = (0..<500).map { _ in random.number() }
        let old = TopK<Int>(4, order: >)
        var accumulator = old.makeAccumulator()
        for number in numbers.prefix(250) { old.add(number, to: &accumulator) }
        let new = TopK<Int>(k, order: >)
        var restored = try roundTrip(accumulator)
        for number in numbers.dropFirst(250) { new.add(number, to: &restored) }
        let best = new.result(of: restored)
        // The best of what was kept: the first four of the old, and all of the new.
        let candidates = numbers.prefix(250).sorted(by: >).prefix(4) + numbers.dropFirst(250)
        #expect(best.prefix(min(k, 4)) == candidates.sorted(by: >).prefix(min(k, 4)))
        #expect(best.count == k)
    }

    @Test func `of distinct values merges with one of another precision`() {
        for count in [3, 200, 5_000] {
            var (high, low, direct) = (
                DistinctSketch(precision: 14), DistinctSketch(precision: 9),
                DistinctSketch(precision: 9)
            )
            for number in 0..<count {
                high.insert(number.stableHash)
                low.insert((number + count / 2).stableHash)
                direct.insert(number.stableHash)
                direct.insert((number + count / 2).stableHash)
            }
            var merged = high
            merged.formUnion(low)
            low.formUnion(high)
            #expect(merged == direct)
            #expect(low == direct)
        }
    }

    @Test func `of quantiles merges at the ends of the range of doubles`() {
        var (fine, coarse) = (QuantileSketch(accuracy: 0.001), QuantileSketch(accuracy: 0.5))
        for value in [
            Double.greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNormalMagnitude,
        ] {
            fine.add(value)
        }
        coarse.add(fine)
        #expect(coarse.quantile(0) == -.greatestFiniteMagnitude)
        #expect(coarse.quantile(1) == .greatestFiniteMagnitude)
        fine.add(coarse)
        #expect(fine.count == 6)
    }

    @Test func `of quantiles merges with one of another accuracy`() throws {
        var (fine, coarse) = (QuantileSketch(accuracy: 0.001), QuantileSketch(accuracy: 0.02))
        let values =
            (1...2_000).map { Double($0) * 1.5 - 900 } + [.leastNonzeroMagnitude, .infinity]
        for (index, value) in values.enumerated() {
            if index % 2 == 0 { fine.add(value) } else { coarse.add(value) }
        }
        coarse.add(fine)
        #expect(coarse.count == values.count)
        let sorted = values.sorted()
        for fraction in [0, 0.1, 0.5, 0.9, 1] {
            let exact = sorted[Int(fraction * Double(values.count - 1))]
            let estimate = try #require(coarse.quantile(fraction))
            #expect(estimate == exact || abs(estimate - exact) <= abs(exact) * 0.0211)
        }
    }
}

@Suite struct `Bytes of state that are corrupt` {
    /// A value's bytes, and what reads, shows and uses whatever they decode to.
    private struct Sample {
        let name: String
        let bytes: [UInt8]
        let shape: StateShape
        let decode: ([UInt8]) -> Bool

        init<Value>(_ value: Value, _ use: @escaping (Value) throws -> Void = { _ in }) throws {
            name = "\(Value.self)"
            bytes = try stateBytes(value)
            shape = try StateCodec<Value>.find().shape
            let codec = try StateCodec<Value>.find()
            decode = { bytes in
                do {
                    try use(try StateReader.reading(bytes) { try codec.read(&$0) })
                    return true
                } catch {
                    return false
                }
            }
        }
    }

    private static func samples() throws -> [Sample] {
        var random = SeededGenerator(seed: 3)
        let sales = Sale.samples(60, &random)
        func fold<Function: Aggregate>(_ function: Function) throws -> Sample
        where Function.Input == Sale {
            var accumulator = function.makeAccumulator()
            for sale in sales { try function.add(sale, to: &accumulator) }
            return try Sample(accumulator) { decoded in
                var decoded = decoded
                for sale in sales.prefix(5) { try function.add(sale, to: &decoded) }
                try function.merge(accumulator, into: &decoded)
                _ = try function.result(of: decoded)
            }
        }
        return [
            try Sample(random.visit()), try Sample(random.profile()),
            try Sample(Duration.seconds(5)),
            try Sample(["a": [1, 2], "b": []]), try Sample(Set(["x", "y"])),
            try Sample([random.visit(), random.visit()]), try Sample((1, "two", [3.0])),
            try Sample(KeyedChange(key: "k", .update(old: 1, new: 2))), try Sample(3...9),
            try Sample(WindowPane.single), try Sample([[Int?.none]]), try Sample(Suit.hearts),
            try fold(TopK(3, by: \.cents)), try fold(MaxBy(\.cents)),
            try fold(DistinctCount(\.shop, precision: 4)), try fold(DistinctCount(\.shop)),
            try fold(Quantile(0.5, of: \.weight)), try fold(RetractableMin(\.cents)),
            try fold(Variance(\.weight)), try fold(AggregatePair(Count(), Mean(\.weight))),
        ]
    }

    @Test func `are an error wherever they end`() throws {
        for sample in try Self.samples() {
            #expect(sample.decode(sample.bytes), "\(sample.name)")
            for length in sample.bytes.indices {
                #expect(
                    !sample.decode(Array(sample.bytes.prefix(length))), "\(sample.name), \(length)")
            }
        }
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `are an error or another value, whatever is in them`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var refused = 0
        for sample in try Self.samples() {
            for _ in 0..<150 {
                var bytes = sample.bytes
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    let index = Int.random(in: bytes.indices, using: &random)
                    bytes[index] =
                        Bool.random(using: &random)
                        ? bytes[index] ^ 1 << UInt8.random(in: 0..<8, using: &random)
                        : [0, 0x7f, 0x80, 0xff].randomElement(using: &random) ?? 0
                }
                if !sample.decode(bytes) { refused += 1 }
                // What shows and skips state must take the same bytes without harm.
                _ = try? StateReader.reading(bytes) { try sample.shape.json(from: &$0) }
                _ = try? StateReader.reading(bytes) { try sample.shape.skip(&$0) }
            }
        }
        #expect(refused > 200)
    }

    @Test func `do not make room for what they announce and do not have`() {
        // 2⁶³ elements, then nothing.
        let count: [UInt8] = Array(repeating: 0xff, count: 8) + [0x7f]
        for _ in 0..<10 {
            #expect(throws: StateFormatError.truncated()) { try readState([Int].self, from: count) }
            #expect(throws: StateFormatError.truncated()) {
                try readState(String.self, from: count)
            }
            #expect(throws: StateFormatError.truncated()) {
                try readState([Int: Site].self, from: count)
            }
        }
    }
}
