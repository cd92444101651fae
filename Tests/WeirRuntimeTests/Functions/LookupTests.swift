import Testing
import WeirCore
import WeirGraph
import WeirTesting

@testable import WeirRuntime

private func time(_ microseconds: Int64) -> Timestamp { Timestamp(microseconds: microseconds) }

/// A table whose requests can be counted; keys from 100 on have no row.
private final class Directory: LookupTable, LookupReader {
    let summary = "a directory"
    let maximumBatch: Int
    let requests = Locked<[[Int]]>([])
    let opened = SharedCount()
    let closed = SharedCount()
    private let answer: @Sendable ([Int]) async throws -> Void

    init(batch: Int = 1, _ answer: @escaping @Sendable ([Int]) async throws -> Void = { _ in }) {
        maximumBatch = batch
        self.answer = answer
    }

    func reader() throws -> Directory {
        opened.add(1)
        return self
    }
    func rows(for keys: [Int]) async throws -> [Int: String] {
        requests.withLock { $0.append(keys) }
        try await answer(keys)
        return Dictionary(uniqueKeysWithValues: keys.filter { $0 < 100 }.map { ($0, "row \($0)") })
    }
    func close() { closed.add(1) }
    var asked: [[Int]] { requests.withLock { $0 } }
}

@Suite struct `A lookup` {
    private func harness(
        _ table: Directory, isLeft: Bool = true, cache: LookupCache = .none, capacity: Int = 100,
        order: AsyncOrder = .ordered, retry: RetryPolicy = .none, batchSize: Int = 1_024,
        refusing: Refusal = .never, clock: SteppedClock = SteppedClock()
    ) throws -> AsyncHarness<Int, String> {
        try AsyncHarness(batchSize: batchSize, refusing: refusing, clock: clock) {
            context, _, next in
            try lookupStep(
                context, into: [AnyStep(next)], table, by: { $0 % 1_000 }, cache: cache,
                AsyncSettings(order, capacity: capacity, timeout: .seconds(1), retry: retry),
                failed: nil, stopsOnFailure: true
            ) { number, row in
                isLeft ? "\(number): \(row ?? "none")" : row.map { "\(number): \($0)" }
            }
        }
    }
    private func records(_ numbers: Int...) -> [(Int, at: Timestamp)] {
        numbers.map { ($0, at: time(Int64($0))) }
    }

    @Test func `filters out what has no row when inner, and shows it when left`() throws {
        for isLeft in [true, false] {
            let harness = try harness(Directory(), isLeft: isLeft)
            try harness.send(records(1, 200, 2))
            try harness.end()
            let absent = isLeft ? ["200: none"] : []
            #expect(harness.records == ["1: row 1"] + absent + ["2: row 2"])
            let counters = harness.counters
            #expect(counters.filtered.current == (isLeft ? 0 : 1) && counters.held.current == 0)
            #expect(counters.passed.current == (isLeft ? 3 : 2))
        }
    }

    @Test(arguments: OrdealRound.all)
    func `asks once for a key that several records wait for`(round: OrdealRound) throws {
        let clock = SteppedClock()
        let table = Directory { _ in await clock.sleep(.milliseconds(5)) }
        let harness = try harness(
            table, batchSize: round.batchSize, refusing: round.refusal, clock: clock)
        if round.isSingly {
            for record in records(1, 1_001, 2, 2_001, 1_002) { try harness.send([record]) }
        } else {
            try harness.send(records(1, 1_001, 2, 2_001, 1_002))
        }
        try harness.send(.watermark(time(9)))
        try harness.end()
        #expect(table.asked == [[1], [2]])
        #expect(
            harness.records
                == ["1: row 1", "1001: row 1", "2: row 2", "2001: row 1", "1002: row 2"])
        #expect(harness.output.signals == [.watermark(time(9)), .end])
        #expect(harness.elapsed == .milliseconds(5))
    }

    @Test func `asks for as many keys at once as the table takes`() throws {
        let clock = SteppedClock()
        let table = Directory(batch: 3) { _ in await clock.sleep(.milliseconds(1)) }
        let harness = try harness(table, clock: clock)
        try harness.send((0..<7).map { ($0, at: time(0)) })
        try harness.end()
        #expect(table.asked == [[0, 1, 2], [3, 4, 5], [6]])
        #expect(harness.records.count == 7)
    }

    @Test func `asks again for what is not remembered, and not for what is`() throws {
        let table = Directory()
        let harness = try harness(
            table,
            cache: .leastRecentlyUsed(
                capacity: 2, timeToLive: .milliseconds(10), absentTimeToLive: .milliseconds(4)))
        func ask(_ number: Int, isAsked: Bool, at span: Duration) throws {
            try harness.run(until: span)
            let before = table.asked.count
            try harness.send([(number, at: time(0))])
            try harness.run(until: span)
            #expect(table.asked.count == before + (isAsked ? 1 : 0), "\(number) at \(span)")
        }
        try ask(1, isAsked: true, at: .zero)
        try ask(1, isAsked: false, at: .milliseconds(9))
        // Rows live from when they were found, exactly as long as they may.
        try ask(1, isAsked: true, at: .milliseconds(10))
        try ask(200, isAsked: true, at: .milliseconds(10))
        try ask(200, isAsked: false, at: .milliseconds(13))
        try ask(200, isAsked: true, at: .milliseconds(14))
        try ask(1, isAsked: false, at: .milliseconds(15))
        // The third key pushes out the one that was not asked for longest.
        try ask(2, isAsked: true, at: .milliseconds(15))
        try ask(1, isAsked: false, at: .milliseconds(15))
        try ask(200, isAsked: true, at: .milliseconds(15))
        try ask(2, isAsked: true, at: .milliseconds(15))
        try harness.end()
    }

    @Test func `tries again, and fails every record that waits for the key`() throws {
        let attempts = SharedCount()
        let flaky = Directory { _ in if attempts.add(1) < 3 { throw TestError("busy") } }
        let patient = try harness(flaky, retry: .fixed(attempts: 3, every: .milliseconds(1)))
        try patient.send(records(1, 1_001))
        try patient.end()
        #expect(patient.records == ["1: row 1", "1001: row 1"] && attempts.current == 3)
        let harness = try harness(Directory { _ in throw TestError("down") })
        let error = #expect(throws: OperatorFailure.self) {
            try harness.send(records(5, 1_005))
            try harness.end()
        }
        #expect(
            error.map { "\($0)" }
                == "job 'test', operator 'step', subtask 0, on the record 5: down")
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `remembers what a naive model does`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let capacity = Int.random(in: 1...6, using: &random)
        let (rows, absences) = (Int64.random(in: 1...30, using: &random), Int64(7))
        var cache = CachedRows<Int, Int>(
            .leastRecentlyUsed(
                capacity: capacity, timeToLive: .microseconds(rows),
                absentTimeToLive: .microseconds(absences)))
        var model: [(key: Int, row: Int?, expiry: Int64)] = []
        var hits = 0
        for now in 0..<2_000 as Range<Int64> {
            let key = Int.random(in: 0..<10, using: &random)
            let found = cache.row(of: key, at: time(now))
            var expected: Int??
            if let index = model.firstIndex(where: { $0.key == key }) {
                let entry = model.remove(at: index)
                if now < entry.expiry {
                    expected = .some(entry.row)
                    model.append(entry)
                }
            }
            #expect(found == expected)
            if found != nil { hits += 1 }
            guard found == nil else { continue }
            let row = key % 3 == 0 ? nil : key
            cache.note(row, of: key, at: time(now))
            if model.count == capacity { model.removeFirst() }
            model.append((key, row, now + (row == nil ? absences : rows)))
            #expect(cache.count == model.count)
        }
        #expect(hits > 20)
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `gives a job the same rows at any parallelism, and closes its readers once`(
        seed: UInt64
    ) throws {
        let numbers = (0..<200).map { $0 * 7 % 150 }
        for parallelism in [1, 2, 7] {
            let executor = ManualExecutor(seed: seed)
            let table = Directory(batch: 4) { keys in
                await executor.sleep(.milliseconds(keys[0] % 5))
            }
            let sink = TestSink<String>()
            let plan = try plan(parallelism: parallelism) {
                $0.source(TestSource(splits: [numbers, numbers]), as: "numbers")
                    .leftLookedUp(
                        in: table, by: { $0 },
                        cache: .leastRecentlyUsed(capacity: 20, timeToLive: .milliseconds(50)),
                        capacity: 10, timeout: .seconds(1), onFailure: .fail, as: "rows"
                    ) { "\($0) \($1 ?? "-")" }
                    .sink(to: sink, as: "sink")
            }
            let execution = JobExecution(plan, executor: executor, options: tightOptions())
            let summary = try executor.run { try await execution.run() }
            #expect(summary.ledger.imbalances == [])
            let expected = (numbers + numbers).map { "\($0) \($0 < 100 ? "row \($0)" : "-")" }
            #expect(sink.records.sorted() == expected.sorted())
            #expect(table.opened.current == parallelism && table.closed.current == parallelism)
        }
    }
}
