import Dispatch
import Testing
import Weir
import WeirCore

private struct Broken: Error, Equatable {}

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

    @Test func `belong to one run`() throws {
        let results = AsyncResults<Int>()
        try results.writer(context: .test()).finish()
        #expect(throws: AsyncResultsError.usedAgain) { try results.writer(context: .test()) }
    }
}
