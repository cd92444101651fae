import Testing
import Weir
import WeirCore

private struct Squares: RecordGenerator {
    func record(at index: Int) -> Int { index * index }
}

@Suite struct `Generator source` {
    @Test(arguments: [0, 1, 5, 100], [1, 3, 8])
    func `deals the indices to its splits in turn`(count: Int, splits: Int) throws {
        let source = GeneratorSource(count: count, splits: splits) { $0 }
        let expected = (0..<splits).map { Array(stride(from: $0, to: count, by: splits)) }
        #expect(try source.readSplits() == expected)
        #expect(
            try source.splits().map(\.id) == (0..<splits).map { "generator-\($0)-of-\(splits)" })
    }

    @Test func `takes a generator type as well as a closure`() throws {
        let typed = try GeneratorSource(count: 50, splits: 2, Squares()).readSplits()
        #expect(try typed == GeneratorSource(count: 50, splits: 2) { $0 * $0 }.readSplits())
        #expect(typed[1].prefix(3) == [1, 9, 25])
    }

    @Test func `respects the limit and leaves times open`() throws {
        let source = GeneratorSource { $0 }
        var reader = source.reader(for: try source.splits()[0], context: .test())
        var batch = Batch<Int>.of([-1])
        let outcome = reader.read(into: &batch, limit: 4)
        #expect(!outcome.isEnd && batch.count == 5)
        #expect(batch.time(at: 4) == .earliest)
        #expect(try batch.drained() == [-1, 0, 1, 2, 3])
        #expect(source.readMode == .inline)
    }

    @Test func `makes record k at k divided by the rate, and catches up`() throws {
        let seconds = Locked(100.0)
        let source = GeneratorSource(
            count: 100, splits: 2, ratePerSecond: 8,
            clock: { .seconds(seconds.withLock { $0 }) }, ClosureGenerator { $0 })
        var reader = source.reader(for: try source.splits()[1], context: .test())
        func read(at time: Double) throws -> (rows: [Int], wait: Duration?) {
            seconds.withLock { $0 = 100 + time }
            var batch = Batch<Int>()
            let outcome = reader.read(into: &batch, limit: 10)
            guard case .nothingFor(let wait) = outcome else { return (try batch.drained(), nil) }
            return (try batch.drained(), wait)
        }
        // Four a second for each of the two splits.
        #expect(try read(at: 0) == ([1], nil))
        #expect(try read(at: 0) == ([], .milliseconds(250)))
        #expect(try read(at: 0.125) == ([], .milliseconds(125)))
        #expect(try read(at: 0.25) == ([3], nil))
        #expect(try read(at: 1) == ([5, 7, 9], nil))
        #expect(try read(at: 60) == (Array(stride(from: 11, to: 31, by: 2)), nil))
    }

    @Test func `waits for a quarter of a millisecond at least`() throws {
        let seconds = Locked(0.0)
        let source = GeneratorSource(
            count: nil, splits: 1, ratePerSecond: 1_000_000,
            clock: { .seconds(seconds.withLock { $0 }) }, ClosureGenerator { $0 })
        var reader = source.reader(for: try source.splits()[0], context: .test())
        var batch = Batch<Int>()
        _ = reader.read(into: &batch, limit: 10)
        guard case .nothingFor(let wait) = reader.read(into: &batch, limit: 10) else {
            Issue.record("record 1 is not due yet")
            return
        }
        #expect(wait == .microseconds(250))
        seconds.withLock { $0 = 0.000_251_5 }
        _ = reader.read(into: &batch, limit: 1_000)
        #expect(try batch.drained() == Array(0..<252))
    }

    @Test(
        arguments: [
            (-1, 1, nil, "count` is -1; give 0 or more"),
            (nil, 0, nil, "splits` is 0; give 1 or more"),
            (nil, 1, 0, "ratePerSecond` is 0.0; give a number above 0"),
            (nil, 1, .nan, "ratePerSecond` is nan; give a number above 0"),
            (nil, 1, .infinity, "ratePerSecond` is inf; give a number above 0"),
        ] as [(Int?, Int, Double?, String)])
    func `refuses to start with settings that make no sense`(
        count: Int?, splits: Int, rate: Double?, message: String
    ) throws {
        let source = GeneratorSource(count: count, splits: splits, ratePerSecond: rate) { $0 }
        let error = #expect(throws: SourceSettingError.self) { try source.splits() }
        #expect("\(try #require(error))".contains("the generator's `\(message)"))
    }

    @Test func `says what it makes`() {
        #expect(GeneratorSource { $0 }.summary == "generator: records without end, 1 split")
        #expect(
            GeneratorSource(count: 9, splits: 2, ratePerSecond: 1.5) { $0 }.summary
                == "generator: 9 records, 1.5 a second, 2 splits")
    }
}

@Suite struct `Collection source` {
    @Test(arguments: [0, 1, 7, 100], [1, 2, 3, 9])
    func `reads contiguous ranges of equal length`(count: Int, splits: Int) throws {
        let parts = try CollectionSource(0..<count, splits: splits).readSplits()
        #expect(parts.count == splits && Array(parts.joined()) == Array(0..<count))
        #expect(parts.allSatisfy { $0.count == count / splits || $0.count == count / splits + 1 })
    }

    @Test func `refuses to start without splits`() throws {
        let error = #expect(throws: SourceSettingError.self) {
            try CollectionSource([1], splits: 0).splits()
        }
        #expect(
            "\(try #require(error))" == "the collection's `splits` is 0; give 1 or more")
    }

    @Test func `says what it holds`() {
        #expect(CollectionSource(["a"]).summary == "collection: 1 value in memory")
        #expect(CollectionSource([1, 2]).summary == "collection: 2 values in memory")
        #expect(CollectionSource([1]).readMode == .inline)
    }
}
