import Foundation
import Testing
import WeirCore

@Suite struct `Quantile sketch` {
    /// The shapes of data that the bound must hold for.
    static let shapes = ["uniform", "ascending", "descending", "zipf", "equal", "signed", "tiny"]

    private func values(_ shape: String, _ count: Int) -> [Double] {
        var random = SeededGenerator(seed: 42)
        return (0..<count).map { index in
            switch shape {
            case "uniform": Double.random(in: 0..<1_000, using: &random)
            case "ascending": Double(index) * 0.37
            case "descending": Double(count - index) * 1.5 - 3_000
            case "zipf": 1 / pow(Double.random(in: 1e-9..<1, using: &random), 1.2)
            case "equal": -17.25
            case "signed": pow(Double.random(in: -100...100, using: &random), 3)
            default: Double.random(in: 1e-12..<1e-9, using: &random)
            }
        }
    }

    @Test(arguments: shapes, [0.001, 0.01, 0.1])
    func `answers within its relative error`(shape: String, accuracy: Double) throws {
        var sketch = QuantileSketch(accuracy: accuracy)
        let values = values(shape, 20_000)
        for value in values { sketch.add(value) }
        let sorted = values.sorted()
        for fraction in stride(from: 0.0, through: 1, by: 0.005) {
            let exact = sorted[Int(fraction * Double(sorted.count - 1))]
            let answer = try #require(sketch.quantile(fraction))
            #expect(
                abs(answer - exact) <= accuracy * abs(exact) * (1 + 1e-9),
                "\(shape) at \(fraction): \(answer) for \(exact)")
        }
        #expect(sketch.quantile(0) == sorted.first && sketch.quantile(1) == sorted.last)
    }

    @Test(arguments: shapes, 0..<4 as Range<UInt64>)
    func `depends on the values alone`(shape: String, seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let values = values(shape, 3_000)
        let fractions = [0, 0.01, 0.25, 0.5, 0.9, 0.999, 1]
        let quantiles = Quantiles(fractions) { (value: Double) in value }
        #expect(try quantiles.foldInGroups(values, using: &random) == quantiles.fold(values))
        var straight = QuantileSketch()
        var shuffled = QuantileSketch()
        for value in values { straight.add(value) }
        for value in values.shuffled(using: &random) { shuffled.add(value) }
        #expect(straight == shuffled)
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func `folds the smallest together in any order when the range is too wide`(seed: UInt64) throws
    {
        var random = SeededGenerator(seed: seed)
        let values = (0..<2_000).map { _ in
            pow(10, Double.random(in: -300...300, using: &random))
                * (Bool.random(using: &random) ? 1 : -1)
        }
        var straight = QuantileSketch()
        for value in values { straight.add(value) }
        let sketches = Fold(QuantileSketch()) { (sketch: inout QuantileSketch, value: Double) in
            sketch.add(value)
        } merge: {
            $0.add($1)
        }
        #expect(try sketches.foldInGroups(values, using: &random) == straight)
        let sorted = values.sorted()
        let high = try #require(straight.quantile(0.999))
        #expect(isClose(high, sorted[1_997], relative: 0.01))
        // A few dozen orders of magnitude down, the answer is only known to be small.
        #expect(abs(try #require(straight.quantile(0.5))) < 1e-15 * sorted[1_999])
    }

    @Test func `takes zeros, infinities and the ends of the doubles`() throws {
        var sketch = QuantileSketch()
        let values: [Double] = [
            -.infinity, -.greatestFiniteMagnitude, 0, -0.0, .leastNonzeroMagnitude,
            .greatestFiniteMagnitude, .infinity, .nan,
        ]
        for value in values { sketch.add(value) }
        #expect(sketch.count == 7)
        let answers = (0...6).compactMap { sketch.quantile(Double($0) / 6) }
        #expect(answers.count == 7)
        #expect(answers[0] == -.infinity && answers[6] == .infinity)
        #expect(isClose(answers[1], -.greatestFiniteMagnitude, relative: 0.01))
        #expect(Array(answers[2...4]) == [0, 0, 0])
        #expect(isClose(answers[5], .greatestFiniteMagnitude, relative: 0.01))
    }

    @Test func `is small while it is empty`() {
        #expect(MemoryLayout<QuantileSketch>.size <= 128)
    }
}

@Suite struct `Distinct sketch` {
    @Test(arguments: [0, 1, 511, 512]) func `is exact while there are few`(count: Int) {
        var sketch = DistinctSketch()
        for _ in 0..<3 { for value in 0..<count { sketch.insert(value.stableHash) } }
        #expect(sketch.isExact && sketch.count == count)
    }

    @Test(arguments: [513, 1_000, 3_000, 10_000, 20_000, 100_000, 1_000_000])
    func `is within three standard errors for consecutive integers`(count: Int) {
        var sketch = DistinctSketch()
        for value in 0..<count { sketch.insert(value.stableHash) }
        #expect(!sketch.isExact)
        #expect(abs(Double(sketch.count - count)) <= 3 * 0.01625 * Double(count), "\(sketch.count)")
    }

    @Test(arguments: [4, 8, 14, 18]) func `keeps its error at other precisions`(precision: Int) {
        let count = 200_000
        var sketch = DistinctSketch(precision: precision)
        for value in 0..<count { sketch.insert("user-\(value)".stableHash) }
        let standardError = 1.04 / Double(1 << precision).squareRoot()
        #expect(abs(Double(sketch.count - count)) <= 3 * standardError * Double(count))
    }

    @Test func `is right on average`() {
        // The mean error of 60 sketches of different values has a standard error of 0.21 %.
        let estimates = (0..<60).map { set in
            var sketch = DistinctSketch()
            for value in 0..<5_000 { sketch.insert((set * 1_000_000 + value * 7).stableHash) }
            return Double(sketch.count) / 5_000
        }
        #expect(abs(estimates.reduce(0, +) / 60 - 1) < 0.0075)
    }

    @Test func `is not moved by how often a value comes`() {
        var sketch = DistinctSketch()
        for index in 0..<100_000 { sketch.insert((index % 3 == 0 ? index % 700 : 5).stableHash) }
        var once = DistinctSketch()
        for index in 0..<700 { once.insert(index.stableHash) }
        #expect(sketch == once)
    }

    @Test(arguments: [300, 600, 2_000, 30_000], 0..<4 as Range<UInt64>)
    func `depends on the values alone`(count: Int, seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let values = (0..<count).map { _ in Int.random(in: 0..<count, using: &random) }
        let sketches = Fold(DistinctSketch()) { (sketch: inout DistinctSketch, value: Int) in
            sketch.insert(value.stableHash)
        } merge: {
            $0.formUnion($1)
        }
        let straight = try sketches.fold(values)
        #expect(try sketches.foldInGroups(values, using: &random) == straight)
        #expect(straight.count > 0)
    }
}
