import Dispatch
import Testing
import Weir
import WeirCore
import WeirRuntime
import WeirState
import WeirTesting

private struct Broken: Error, Equatable {}

/// The numbers below 40, ten a read, which can be read again from any.
private struct NumberSource: Source {
    let number: @Sendable (Int) throws -> Int
    let onSplits: @Sendable () throws -> Void

    var summary: String { "numbers" }
    var isReplayable: Bool { true }

    func splits() throws -> [SourceSplit] {
        try onSplits()
        return [SourceSplit(id: "all")]
    }
    func reader(for split: SourceSplit, context: ReaderContext) -> Reader {
        Reader(number: number, next: Int(split.position?.offset ?? 0))
    }

    struct Reader: SplitReader {
        let number: @Sendable (Int) throws -> Int
        var next: Int

        mutating func read(into batch: inout Batch<Int>, limit: Int) throws -> ReadOutcome {
            for _ in 0..<min(10, limit) where next < 40 {
                batch.append(try number(next), at: .earliest)
                next += 1
            }
            return next == 40 ? .end : .more
        }
        var position: SplitPosition? { SplitPosition(offset: Int64(next)) }
    }
}

@Suite(.timeLimit(.minutes(60))) struct `Asynchronous results` {
    /// Writes the values one batch each, then finishes, on a thread of its own.
    private func write(
        _ values: some Sequence<Int> & Sendable, to results: AsyncResults<Int>, subtask: Int = 0,
        of parallelism: Int = 1, written: Counter = Counter()
    ) async throws {
        try await blocking {
            let writer = try results.writer(
                context: .test(subtask: subtask, of: parallelism))
            for value in values {
                var batch = Batch<Int>.of([value])
                try writer.write(&batch)
                #expect(batch.count == 0)
                written.add(1)
            }
            writer.finish()
        }
    }

    private func readAll(_ results: AsyncResults<Int>) async throws -> [Int] {
        var values: [Int] = []
        for try await value in results { values.append(value) }
        return values
    }

    @Test func `come out in order and end with the last writer`() async throws {
        let results = AsyncResults<Int>(capacity: 8)
        async let first: Void = write(0..<1_000, to: results, subtask: 0, of: 2)
        async let second: Void = write(1_000..<1_500, to: results, subtask: 1, of: 2)
        let values = try await readAll(results)
        _ = try await (first, second)
        #expect(values.filter { $0 < 1_000 } == Array(0..<1_000))
        #expect(values.filter { $0 >= 1_000 } == Array(1_000..<1_500))
    }

    @Test func `take batches larger than the buffer`() async throws {
        let results = AsyncResults<Int>(capacity: 3)
        async let written: Void = blocking {
            let writer = try results.writer(context: .test())
            var batch = Batch<Int>.of(0..<1_000)
            try writer.write(&batch)
            writer.finish()
        }
        #expect(try await readAll(results) == Array(0..<1_000))
        try await written
    }

    @Test(arguments: [1, 5]) func `hold the writer back`(capacity: Int) async throws {
        let results = AsyncResults<Int>(capacity: capacity)
        let written = Counter()
        async let writing: Void = write(0..<2_000, to: results, written: written)
        var read = 0
        for try await _ in results {
            read += 1
            #expect(written.current <= read + capacity)
        }
        try await writing
        #expect(read == 2_000 && written.current == 2_000)
    }

    @Test func `throw after the last result when the job was abandoned`() async throws {
        let results = AsyncResults<Int>()
        let writer = try results.writer(context: .test())
        var batch = Batch<Int>.of([1, 2])
        try writer.write(&batch)
        writer.abandon()
        var values: [Int] = []
        let error = await #expect(throws: AsyncResultsError.self) {
            for try await value in results { values.append(value) }
        }
        #expect(values == [1, 2] && error == .abandoned)
        #expect(
            error?.description
                == "the job ended before all its results were out; the error of its run says why")
    }

    @Test func `count a writer that is let go as abandoned`() async throws {
        let results = AsyncResults<Int>()
        do { _ = try results.writer(context: .test()) }
        await #expect(throws: AsyncResultsError.abandoned) { try await readAll(results) }
    }

    @Test func `refuse a writer whose consumer left its loop`() async throws {
        let results = AsyncResults<Int>(capacity: 2)
        let writing = Task { try await write(0..<100, to: results) }
        for try await _ in results { break }
        await #expect(throws: AsyncResultsError.notRead) { try await writing.value }
    }

    @Test func `refuse a writer whose consumer was cancelled`() async throws {
        let results = AsyncResults<Int>(capacity: 2)
        let (progress, reached) = AsyncStream.makeStream(of: Int.self)
        let consumer = Task {
            var values: [Int] = []
            for try await value in results {
                values.append(value)
                reached.yield(value)
            }
            return values
        }
        let writer = try results.writer(context: .test())
        var batch = Batch<Int>.of([7])
        try writer.write(&batch)
        #expect(await progress.first { _ in true } == 7)
        consumer.cancel()
        #expect(try await consumer.value == [7])
        #expect(throws: AsyncResultsError.notRead) {
            var more = Batch<Int>.of([8])
            try writer.write(&more)
        }
    }

    @Test func `end with an error from outside, before any writer opens`() async throws {
        let results = AsyncResults<Int>()
        results.fail(with: Broken())
        await #expect(throws: Broken.self) { try await readAll(results) }
    }

    @Test func `let a blocked writer go when they are failed from outside`() async throws {
        let results = AsyncResults<Int>(capacity: 1)
        let written = Counter()
        let writing = Task { try await write(0..<100, to: results, written: written) }
        var iterator = results.makeAsyncIterator()
        #expect(try await iterator.next() == 0)
        results.fail(with: Broken())
        await #expect(throws: Broken.self) { try await writing.value }
        #expect(written.current < 100)
    }

    /// Runs a job that writes the numbers below 40, and reads all that comes of it.
    private func readJob(
        checkpoints: Bool, strategy: RestartStrategy? = nil,
        source: @escaping @Sendable (Int) throws -> Int,
        splits: @escaping @Sendable () throws -> Void = {}
    ) async throws -> (values: [Int], ending: String?, failure: JobFailure?) {
        let results = AsyncResults<Int>()
        let job = Job("numbers") { job in
            job.source(NumberSource(number: source, onSplits: splits), as: "numbers")
                .sink(to: results, as: "results")
        }
        var options = ExecutionOptions()
        if checkpoints {
            options.checkpoints = CheckpointOptions(
                CheckpointDirectory("/state", fileSystem: SimulatedDisk()))
        }
        if let strategy { options.restartStrategy = strategy }
        let run = try job.start(parallelism: 1, options: options)
        var values: [Int] = []
        var ending: String?
        do { for try await value in results { values.append(value) } } catch { ending = "\(error)" }
        var failure: JobFailure?
        do { _ = try await run.summary() } catch let error as JobFailure { failure = error }
        return (values, ending, failure)
    }

    @Test func `end with the error of a job that fails before its first record`() async throws {
        let (values, ending, failure) = try await readJob(
            checkpoints: false, source: { $0 }, splits: { throw Broken() })
        #expect(values.isEmpty)
        #expect(failure?.cause is OperatorFailure)
        #expect(ending == failure.map { "\($0)" })
    }

    @Test func `refuse a job that would start again after a failure`() async throws {
        let (values, ending, failure) = try await readJob(checkpoints: true, source: { $0 })
        #expect(values.isEmpty)
        #expect(failure?.cause is CheckpointSetupError)
        #expect(ending == failure.map { "\($0)" })
        #expect(
            ending
                == "the job can't be checkpointed: sink 'results' can't be opened again when the run "
                + "starts again after a failure; set the restart strategy to `.never` (`--restart never`) "
                + "and go on with a new run, or write to another sink")
    }

    @Test func `of a checkpointed job end with its first failure`() async throws {
        let (values, ending, failure) = try await readJob(
            checkpoints: true, strategy: .never,
            source: { if $0 == 30 { throw Broken() } else { $0 } })
        #expect(values == Array(0..<values.count))
        // The job may be over before its sink has been opened.
        let text = failure.map { "\($0)" }
        #expect(ending == AsyncResultsError.abandoned.description || ending == text)
        #expect((failure?.cause as? OperatorFailure)?.cause is Broken)
        let whole = try await readJob(checkpoints: true, strategy: .never, source: { $0 })
        #expect(whole.values == Array(0..<40))
        #expect(whole.ending == nil && whole.failure == nil)
    }

    @Test func `belong to one run`() throws {
        let results = AsyncResults<Int>()
        try results.writer(context: .test()).finish()
        #expect(throws: AsyncResultsError.usedAgain) { try results.writer(context: .test()) }
    }
}
