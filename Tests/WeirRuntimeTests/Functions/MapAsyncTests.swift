import Testing
import WeirCore
import WeirGraph
import WeirTesting

@testable import WeirRuntime

private func time(_ microseconds: Int64) -> Timestamp { Timestamp(microseconds: microseconds) }

/// How many calls run at once, and the most that ever did.
private final class Load: Sendable {
    private let state = Locked((now: 0, most: 0, total: 0))
    func enter() {
        state.withLock {
            $0.now += 1
            $0.total += 1
            $0.most = max($0.most, $0.now)
        }
    }
    func leave() { state.withLock { $0.now -= 1 } }
    var now: Int { state.withLock { $0.now } }
    var most: Int { state.withLock { $0.most } }
    var total: Int { state.withLock { $0.total } }
}

@Suite struct `An asynchronous map` {
    private typealias Call = @Sendable (SteppedClock, Int) async throws -> String

    private func harness(
        _ order: AsyncOrder, capacity: Int = 100, timeout: Duration = .seconds(60),
        retry: RetryPolicy = .none, batchSize: Int = 1_024, refusing: Refusal = .never,
        failed: OutputProbe<FailedRecord<Int>>? = nil, drops: Bool = false, _ call: @escaping Call
    ) throws -> AsyncHarness<Int, String> {
        try AsyncHarness(batchSize: batchSize, refusing: refusing) { context, clock, next in
            try mapAsyncStep(
                context, into: [AnyStep(next), failed.map { AnyStep($0.step) }],
                AsyncSettings(order, capacity: capacity, timeout: timeout, retry: retry),
                failed: failed == nil ? nil : SideOutput("failed"),
                stopsOnFailure: failed == nil && !drops
            ) { try await call(clock, $0) }
        }
    }

    /// Answers after ten less its number milliseconds, so the later the sooner.
    private let backwards: Call = { clock, number in
        await clock.sleep(.milliseconds(10 - number))
        return "\(number)"
    }
    private let ten = (0..<10).map { ($0, at: time(Int64($0))) }

    @Test(arguments: OrdealRound.all)
    func `keeps the order of the records when told to`(round: OrdealRound) throws {
        let harness = try harness(
            .ordered, batchSize: round.batchSize, refusing: round.refusal, backwards)
        if round.isSingly {
            for record in ten { try harness.send([record]) }
        } else {
            try harness.send(ten)
        }
        try harness.end()
        let expected: [Emission<String>] = (0..<10).map { .record("\($0)", at: time(Int64($0))) }
        #expect(harness.output.emissions == expected + [.end])
        #expect(harness.output.batchSizes.allSatisfy { $0 <= round.batchSize })
        #expect(harness.counters.held.current == 0 && harness.counters.passed.current == 10)
    }

    @Test(arguments: OrdealRound.all.filter { !$0.isSingly })
    func `hands results on as they come when told to`(round: OrdealRound) throws {
        let harness = try harness(
            .unordered, batchSize: round.batchSize, refusing: round.refusal, backwards)
        try harness.send(ten)
        try harness.end()
        #expect(harness.records == (0..<10).reversed().map { "\($0)" })
        #expect(harness.output.emissions.last == .end)
    }

    @Test(arguments: [AsyncOrder.ordered, .unordered], Refusal.allCases)
    func `holds a watermark back until all records before it have left`(
        order: AsyncOrder, refusal: Refusal
    ) throws {
        let harness = try harness(order, refusing: refusal) { clock, number in
            await clock.sleep(.milliseconds(number))
            return "\(number)"
        }
        try harness.send([(5, at: time(1)), (3, at: time(2))])
        try harness.send(.watermark(time(2)))
        try harness.send([(1, at: time(3))])
        try harness.send(.watermark(time(3)))
        try harness.run(until: .milliseconds(4))
        #expect(harness.output.signals == [])
        // Unordered, what came later may overtake; the marks never.
        #expect(harness.records == (order == .ordered ? [] : ["1", "3"]))
        try harness.run(until: .milliseconds(5))
        let inOrder: [Emission<String>] = [
            .record("5", at: time(1)), .record("3", at: time(2)), .watermark(time(2)),
            .record("1", at: time(3)), .watermark(time(3)),
        ]
        let asReady: [Emission<String>] = [
            .record("1", at: time(3)), .record("3", at: time(2)), .record("5", at: time(1)),
            .watermark(time(2)), .watermark(time(3)),
        ]
        #expect(harness.output.emissions == (order == .ordered ? inOrder : asReady))
    }

    @Test func `passes a watermark on at once when nothing is in flight`() throws {
        let harness = try harness(.ordered) { _, number in "\(number)" }
        try harness.send(.watermark(time(1)))
        try harness.send(.idle)
        #expect(harness.output.signals == [.watermark(time(1)), .idle])
    }

    @Test func `keeps a bounded number of marks behind a slow record`() {
        var records = InFlightRecords<Int, Int>(.unordered)
        _ = records.add(0, at: time(0))
        for number in 1..<1_000 {
            let id = records.add(number, at: time(0))
            records.add(.watermark(time(Int64(number))))
            if number % 3 == 0 { records.add(.idle) }
            records.complete(id, number)
            #expect(records.popReady()?.record == number)
        }
        #expect(records.segmentCount < 30 && records.readyMark == nil)
        records.complete(0, 0)
        _ = records.popReady()
        var marks: [Signal] = []
        while let mark = records.readyMark {
            marks.append(mark)
            records.removeReadyMark()
        }
        #expect(marks.contains(.watermark(time(999))) && records.count == 0)
    }

    @Test(arguments: [AsyncOrder.ordered, .unordered], [1, 3, 7])
    func `has no more in flight than it may, and holds the input back`(
        order: AsyncOrder, capacity: Int
    ) throws {
        let load = Load()
        let harness = try harness(order, capacity: capacity) { clock, number in
            load.enter()
            await clock.sleep(.milliseconds(1 + number % 3))
            load.leave()
            return "\(number)"
        }
        try harness.send((0..<50).map { ($0, at: time(0)) })
        #expect(harness.isSuspended)
        let counters = harness.counters
        #expect(counters.received.current == 50 && counters.held.current == 50)
        try harness.end()
        #expect(load.most == capacity && load.total == 50)
        #expect(harness.records.compactMap { Int($0) }.sorted() == Array(0..<50))
        #expect(counters.held.current == 0 && counters.passed.current == 50)
    }

    @Test func `fails when a call takes longer than it may, and cancels it`() throws {
        let cancelled = SharedCount()
        let harness = try harness(.ordered, timeout: .milliseconds(20)) { clock, number in
            await clock.sleep(.milliseconds(number))
            return await withTaskCancellationHandler {
                if number > 20 { await clock.sleep(.seconds(1)) }
                return "\(number)"
            } onCancel: {
                cancelled.add(1)
            }
        }
        let error = #expect(throws: OperatorFailure.self) {
            try harness.send([(19, at: time(0)), (25, at: time(0))])
            try harness.end()
        }
        #expect(harness.elapsed == .milliseconds(20))
        #expect(
            error.map { "\($0)" }
                == "job 'test', operator 'step', subtask 0, on the record 25: no answer within "
                + "\(Duration.milliseconds(20))")
        try? harness.settle()
        #expect(cancelled.current == 1)
    }

    @Test func `tries as often, and as late, as it is told`() throws {
        let attempts = Locked<[Duration]>([])
        let start = Locked<Timestamp?>(nil)
        let harness = try harness(
            .ordered,
            retry: .exponential(
                attempts: 4, from: .milliseconds(10), factor: 3, upTo: .milliseconds(50), jitter: 0)
        ) { clock, number in
            let now = clock.now()
            let first = start.withLock { first -> Timestamp in
                if first == nil { first = now }
                return first ?? now
            }
            attempts.withLock { $0.append(now - first) }
            throw TestError("unreachable")
        }
        let error = #expect(throws: OperatorFailure.self) {
            try harness.send([(7, at: time(0))])
            try harness.end()
        }
        #expect(
            attempts.withLock { $0 } == [
                .zero, .milliseconds(10), .milliseconds(40), .milliseconds(90),
            ])
        #expect(
            error.map { "\($0)" }
                == "job 'test', operator 'step', subtask 0, on the record 7: unreachable, at the "
                + "last of 4 attempts")
    }

    @Test func `succeeds at a later attempt, after a timeout too`() throws {
        let attempts = SharedCount()
        let harness = try harness(
            .ordered, timeout: .milliseconds(5), retry: .fixed(attempts: 3, every: .milliseconds(7))
        ) { clock, number in
            let attempt = attempts.add(1)
            if attempt == 1 { await clock.sleep(.seconds(5)) }
            if attempt == 2 { throw TestError("busy") }
            return "\(number) at attempt \(attempt)"
        }
        try harness.send([(7, at: time(0))])
        try harness.end()
        #expect(harness.records == ["7 at attempt 3"])
        // The answer of the attempt that was given up comes late, and is none.
        try harness.settle()
        #expect(harness.records.count == 1 && harness.elapsed >= .seconds(5))
    }

    @Test func `does not try again what it is told not to`() throws {
        let attempts = SharedCount()
        let harness = try harness(
            .ordered,
            retry: .exponential(attempts: 5, when: { "\($0)" != "no such user" })
        ) { _, _ in
            attempts.add(1)
            throw TestError("no such user")
        }
        #expect(throws: OperatorFailure.self) {
            try harness.send([(7, at: time(0))])
            try harness.end()
        }
        #expect(attempts.current == 1)
    }

    @Test func `spreads retries by a jitter that is the same in each run`() {
        let policy = RetryPolicy.exponential(
            attempts: 5, from: .milliseconds(100), upTo: .milliseconds(250), jitter: 0.5)
        var seen: Set<Int64> = []
        for call in 0..<100 as Range<UInt64> {
            for (attempt, most) in [(1, 100_000), (2, 200_000), (3, 250_000), (40, 250_000)] {
                let delay = policy.delay(after: attempt, of: call).wholeMicroseconds
                #expect(delay <= most && delay >= most / 2)
                #expect(delay == policy.delay(after: attempt, of: call).wholeMicroseconds)
                seen.insert(delay)
            }
        }
        #expect(seen.count > 300)
    }

    @Test(arguments: [AsyncOrder.ordered, .unordered])
    func `sets aside what has failed, or drops it, and counts it`(order: AsyncOrder) throws {
        let call: Call = { clock, number in
            await clock.sleep(.milliseconds(10 - number))
            if number % 3 == 0 { throw TestError("no \(number)") }
            return "\(number)"
        }
        let failed = OutputProbe<FailedRecord<Int>>(refusing: .always)
        let aside = try harness(order, failed: failed, call)
        try aside.send(ten)
        try aside.end()
        #expect(failed.records.map(\.record).sorted() == [0, 3, 6, 9])
        #expect(failed.records.allSatisfy { $0.reason == "no \($0.record)" && $0.attempts == 1 })
        #expect(failed.emissions.last == .end)
        let dropping = try harness(order, drops: true, call)
        try dropping.send(ten)
        try dropping.end()
        for harness in [aside, dropping] {
            #expect(harness.records.sorted() == ["1", "2", "4", "5", "7", "8"])
            let counters = harness.counters
            #expect(counters.passed.current == 6 && counters.deadLettered.current == 4)
            #expect(counters.held.current == 0)
        }
    }

    // MARK: - Whole jobs

    @Test(arguments: 0..<8 as Range<UInt64>, [AsyncOrder.ordered, .unordered])
    func `loses nothing in a job, at any parallelism`(seed: UInt64, order: AsyncOrder) throws {
        let splits = (0..<3).map { split in (0..<60).map { Event(split, $0, at: Int64($0)) } }
        for parallelism in [1, 2, 7] {
            let executor = ManualExecutor(seed: seed)
            let sink = TestSink<WindowResult<Int, Int>>()
            let plan = try plan(parallelism: parallelism) {
                $0.source(TestSource(splits: splits), as: "events")
                    .watermarked(.monotonous) { $0.at }
                    .mapAsync(
                        order, capacity: 5, timeout: .seconds(10),
                        retry: .exponential(attempts: 3), onFailure: .fail, as: "calls"
                    ) { event in
                        await executor.sleep(.milliseconds(event.value % 7))
                        return event
                    }
                    // A watermark that overtook a record would make it late.
                    .keyed(by: \.key).windowed(.tumbling(.microseconds(10)), late: .drop)
                    .aggregate(Count(), as: "counts").sink(to: sink, as: "sink")
            }
            let execution = JobExecution(plan, executor: executor, options: tightOptions())
            let summary = try executor.run { try await execution.run() }
            #expect(summary.ledger.imbalances == [])
            #expect(sink.records.count == 18 && sink.records.allSatisfy { $0.value == 10 })
            #expect(summary.ledger.operators.allSatisfy { $0.counts.late == 0 })
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `loses nothing in flight when the job is stopped`(seed: UInt64) throws {
        let executor = ManualExecutor(seed: seed)
        let sink = TestSink<Int>()
        let plan = try plan(parallelism: 2) {
            $0.source(TestSource([[.endless(1)], [.endless(2)]]), as: "numbers")
                .mapAsync(
                    .unordered, capacity: 8, timeout: .seconds(10), onFailure: .fail, as: "calls"
                ) { number in
                    await executor.sleep(.milliseconds(3))
                    return number
                }.sink(to: sink, as: "sink")
        }
        let execution = JobExecution(plan, executor: executor, options: tightOptions())
        executor.schedule(after: .milliseconds(30)) { execution.requestStop() }
        let summary = try executor.run { try await execution.run() }
        #expect(summary.outcome == .stopped && summary.ledger.imbalances == [])
        #expect(sink.records.count == summary.recordsRead && summary.recordsRead > 20)
    }

    @Test(arguments: [1, 2, 7])
    func `runs on threads`(parallelism: Int) async throws {
        let sink = TestSink<Int>()
        let plan = try plan(parallelism: parallelism) {
            $0.source(TestSource(splits: [Array(0..<2_000), Array(2_000..<4_000)]), as: "numbers")
                .mapAsync(
                    // Tests that compute for long can keep the threads of tasks for minutes.
                    .unordered, capacity: 16, timeout: .seconds(3_600), onFailure: .fail,
                    as: "calls"
                ) { number in
                    await Task.yield()
                    return number
                }.sink(to: sink, as: "sink")
        }
        let summary = try await JobExecution(plan, options: tightOptions()).run()
        #expect(summary.ledger.imbalances == [])
        #expect(sink.records.sorted() == Array(0..<4_000))
    }

    @Test func `refuses settings under which nothing could run`() throws {
        let error = #expect(throws: ValidationError.self) {
            try plan {
                $0.source(TestSource(splits: [[1]]), as: "numbers")
                    .mapAsync(
                        .ordered, capacity: 0, timeout: .zero, onFailure: .drop, as: "calls"
                    ) { $0 }
                    .sink(to: TestSink<Int>(), as: "sink")
            }
        }
        #expect(error?.problems.count == 2)
    }
}

extension ManualExecutor {
    /// Waits in virtual time.
    func sleep(_ span: Duration) async {
        await withCheckedContinuation { continuation in
            schedule(after: span) { continuation.resume() }
        }
    }
}
