import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirTesting

@Suite struct `A job that fails` {
    private let splits = (0..<4).map { split in (0..<50).map { split * 100 + $0 } }

    private func failure(of plan: PhysicalPlan, seed: UInt64) throws -> JobFailure {
        try #require(try runFailing(plan, seed: seed))
    }

    @Test(arguments: seeds(20))
    func `names job, operator, subtask, record and cause of a user's error`(seed: UInt64) throws {
        let sinks = [TestSink<Int>(), TestSink<Int>(mode: .blocking)]
        let plan = try plan(parallelism: 2) { job in
            let numbers = job.source(TestSource(splits: splits), as: "numbers")
                .map(as: "checked") { (number: Int) throws -> Int in
                    if number == 130 { throw TestError("unlucky") }
                    return number
                }
            for (index, sink) in sinks.enumerated() { numbers.sink(to: sink, as: "sink-\(index)") }
        }
        let failure = try failure(of: plan, seed: seed)
        #expect(
            "\(failure)" == "job 'test', operator 'checked', subtask 1, on the record 130: unlucky")
        #expect((failure.cause as? OperatorFailure)?.cause as? TestError == TestError("unlucky"))
        #expect(failure.summary.outcome == .failed)
        for sink in sinks {
            #expect(sink.logs.allSatisfy { $0.finishes + $0.abandons == 1 })
            #expect(sink.logs.filter { $0.subtask == 1 }.allSatisfy { $0.abandons == 1 })
        }
    }

    @Test(arguments: [1, 2, 7])
    func `returns on threads, too, with each sink abandoned or finished once`(
        parallelism: Int
    ) async throws {
        for _ in 0..<10 {
            let sink = TestSink<Int>(mode: .blocking)
            let plan = try plan(parallelism: parallelism) { job in
                job.source(TestSource([[.endless(1)], [.endless(2)]]), as: "numbers")
                    .map(as: "checked") { (number: Int) throws -> Int in
                        if sink.records.count > 2_000 { throw TestError("enough") }
                        return number
                    }
                    .keyed { $0 }.stream.sink(to: sink, as: "sink")
            }
            await #expect(throws: JobFailure.self) {
                try await JobExecution(plan, options: tightOptions()).run()
            }
            // Subtasks without a split have ended, and finished, before anything failed.
            #expect(!sink.logs.isEmpty && sink.logs.allSatisfy { $0.finishes + $0.abandons == 1 })
            #expect(sink.logs.contains { $0.abandons == 1 })
        }
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `says which sink could not write`(seed: UInt64) throws {
        for mode in [WriteMode.inline, .blocking] {
            let sink = TestSink<Int>(mode: mode) { if $0 == 205 { throw TestError("disk full") } }
            let plan = try plan(parallelism: 3) {
                $0.source(TestSource(splits: splits), as: "numbers").sink(to: sink, as: "sink")
            }
            #expect(
                "\(try failure(of: plan, seed: seed))"
                    == "job 'test', operator 'sink', subtask 2: disk full")
            #expect(sink.logs.filter { $0.subtask == 2 }.map(\.abandons) == [1])
        }
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `says which source could not be read`(seed: UInt64) throws {
        for mode in [ReadMode.inline, .blocking] {
            let sink = TestSink<Int>()
            let source = TestSource(
                [[.records([1, 2])], [.records([3]), .failure(TestError("torn"))]], mode: mode)
            let plan = try plan(parallelism: 2) {
                $0.source(source, as: "numbers").sink(to: sink, as: "sink")
            }
            #expect(
                "\(try failure(of: plan, seed: seed))"
                    == "job 'test', operator 'numbers', subtask 1: torn")
        }
    }

    @Test func `has not begun when a split cannot be opened or a sink is refused`() throws {
        let sink = TestSink<Int>()
        var source = TestSource(splits: [[1], [2]])
        source.onOpen = { if $0 == 1 { throw TestError("no such file") } }
        let plan = try plan {
            $0.source(source, as: "numbers").sink(to: sink, as: "sink")
        }
        #expect(
            "\(try failure(of: plan, seed: 0))"
                == "job 'test', operator 'numbers', subtask 0: no such file")
        #expect(sink.logs.allSatisfy { $0.finishes == 0 && $0.abandons == 1 })
    }

    @Test(arguments: seeds(20))
    func `releases every split and everything the user's functions hold`(seed: UInt64) throws {
        let released = SharedCount()
        weak var held: SharedCount?
        do {
            let token = SharedCount()
            held = token
            var source = TestSource(
                [[.endless(1)], [.endless(2)], [.records([3])]],
                mode: seed % 2 == 0 ? .inline : .blocking)
            source.onRelease = { _ in released.add(1) }
            let sink = TestSink<Int>(mode: .blocking)
            let plan = try plan(parallelism: 2) {
                $0.source(source, as: "numbers")
                    .map { (number: Int) throws -> Int in
                        if token.add(1) > 300 { throw TestError("enough") }
                        return number
                    }
                    .sink(to: sink, as: "sink")
            }
            let executor = ManualExecutor(seed: seed)
            let execution = JobExecution(plan, executor: executor, options: tightOptions())
            #expect(throws: JobFailure.self) { try executor.run { try await execution.run() } }
            // What is still ready: pumps that have been told to stop.
            while executor.step() {}
        }
        #expect(held == nil)
        #expect(released.current >= 2)
    }
}

@Suite struct `A job that is stopped` {
    @Test(arguments: seeds(20))
    func `drains what it has read when asked to stop`(seed: UInt64) throws {
        let sink = TestSink<Int>(mode: seed % 2 == 0 ? .inline : .blocking)
        let source = TestSource<Int>(
            [[.endless(1)], [.endless(2)], [.endless(3)]],
            mode: seed % 3 == 0 ? .blocking : .inline)
        let plan = try plan(parallelism: 2, fusesKeyedEdges: false) {
            $0.source(source, as: "numbers")
                .watermarked(.monotonous) { Timestamp(microseconds: Int64($0)) }
                .keyed { $0 }.windowed(.tumbling(.seconds(1)), late: .drop)
                .reduce(into: 0, as: "count") { count, _ in count += 1 }
                .map(\.value).sink(to: sink, as: "sink")
        }
        let executor = ManualExecutor(seed: seed)
        let execution = JobExecution(plan, executor: executor, options: tightOptions())
        executor.schedule(after: .milliseconds(30)) { execution.requestStop() }
        let summary = try executor.run { try await execution.run() }
        #expect(summary.outcome == .stopped && summary.ledger.imbalances == [])
        #expect(summary.recordsRead > 50)
        #expect(sink.records.reduce(0, +) == summary.recordsRead)
        #expect(sink.logs.allSatisfy { $0.finishes == 1 && $0.abandons == 0 })
    }

    @Test(arguments: [ReadMode.inline, .blocking])
    func `has released every split when asked to stop`(mode: ReadMode) throws {
        let released = SharedCount()
        var source = TestSource<Int>([[.endless(1)], [.endless(2)], [.endless(3)]], mode: mode)
        source.onRelease = { _ in released.add(1) }
        let executor = ManualExecutor(seed: 1)
        do {
            let plan = try plan(parallelism: 2) {
                $0.source(source, as: "numbers").sink(to: TestSink<Int>(), as: "sink")
            }
            let execution = JobExecution(plan, executor: executor, options: tightOptions())
            executor.schedule(after: .milliseconds(10)) { execution.requestStop() }
            _ = try executor.run { try await execution.run() }
        }
        // What is still ready: pumps that have been told to stop.
        while executor.step() {}
        #expect(released.current == 3)
    }

    @Test(arguments: seeds(20))
    func `discards what sinks have not committed when aborted`(seed: UInt64) throws {
        let sinks = [TestSink<Int>(mode: .blocking), TestSink<Int>()]
        let plan = try plan(parallelism: 2) { job in
            let numbers = job.source(TestSource([[.endless(1)], [.endless(2)]]), as: "numbers")
            for (index, sink) in sinks.enumerated() { numbers.sink(to: sink, as: "sink-\(index)") }
        }
        let executor = ManualExecutor(seed: seed)
        let execution = JobExecution(plan, executor: executor, options: tightOptions())
        executor.schedule(after: .milliseconds(20)) { execution.abort() }
        let failure = #expect(throws: JobFailure.self) {
            try executor.run { try await execution.run() }
        }
        #expect(failure?.cause as? JobError == .aborted(job: "test"))
        #expect(failure?.summary.outcome == .aborted)
        for sink in sinks {
            #expect(
                !sink.logs.isEmpty && sink.logs.allSatisfy { $0.abandons == 1 && $0.finishes == 0 })
        }
    }

    @Test func `returns promptly from an abort on threads`() async throws {
        for _ in 0..<20 {
            let sink = TestSink<Int>(mode: .blocking)
            let plan = try plan(parallelism: 7) {
                $0.source(TestSource([[.endless(1)], [.endless(2)]]), as: "numbers")
                    .rebalanced().sink(to: sink, as: "sink")
            }
            let execution = JobExecution(plan, options: tightOptions())
            let run = Task { try await execution.run() }
            while execution.metrics().operators.last?.counts.passed ?? 0 == 0 { await Task.yield() }
            execution.abort()
            await #expect(throws: JobFailure.self) { try await run.value }
        }
    }

    @Test func `ends before it has begun when stopped or aborted early`() throws {
        for seed in 0..<10 as Range<UInt64> {
            let executor = ManualExecutor(seed: seed)
            let sink = TestSink<Int>()
            let endless = try plan {
                $0.source(TestSource([[.endless(1)]]), as: "numbers").sink(to: sink, as: "sink")
            }
            let stopped = JobExecution(endless, executor: executor)
            stopped.requestStop()
            #expect(try executor.run { try await stopped.run() }.outcome == .stopped)
            let aborted = JobExecution(endless, executor: executor)
            aborted.abort()
            #expect(throws: JobFailure.self) { try executor.run { try await aborted.run() } }
        }
    }

    @Test func `has failed, not been aborted, when an abort follows a failure`() async throws {
        let box = ExecutionBox()
        let sink = TestSink<Int> { _ in throw TestError("disk full") }
        let executor = ManualExecutor(seed: 3)
        let plan = try plan(parallelism: 2) {
            $0.source(TestSource([[.endless(1)], [.endless(1)]]), as: "numbers")
                .map { (number: Int) -> Int in
                    // Due once the failure has been noted, and before the other subtask has closed.
                    executor.schedule(after: .zero) { box.abort() }
                    return number
                }
                .sink(to: sink, as: "sink")
        }
        let execution = JobExecution(plan, executor: executor)
        box.set(execution)
        let failure = #expect(throws: JobFailure.self) {
            try executor.run { try await execution.run() }
        }
        #expect(failure?.summary.outcome == .failed)
        #expect(failure.map { "\($0)".contains("disk full") } == true)
    }
}

/// An execution that is made after what stops it.
private final class ExecutionBox: Sendable {
    private let execution = Locked<JobExecution?>(nil)

    func set(_ made: JobExecution) { execution.withLock { $0 = made } }
    func abort() { execution.withLock { $0 }?.abort() }
}
