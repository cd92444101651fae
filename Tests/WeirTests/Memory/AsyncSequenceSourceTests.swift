import Dispatch
import Testing
import Weir
import WeirCore

private struct Broken: Error, Equatable {}

/// Counts up; suspends until cancelled once `parked` is reached, and says so.
private struct Counting: AsyncSequence, Sendable {
    let produced: Counter
    var parked = Int.max
    var onParked: @Sendable () -> Void = {}

    struct Iterator: AsyncIteratorProtocol {
        let base: Counting

        mutating func next() async throws -> Int? {
            if base.produced.current == base.parked {
                base.onParked()
                let (silence, _) = AsyncStream.makeStream(of: Never.self)
                for await _ in silence {}
                throw CancellationError()
            }
            base.produced.add(1)
            return base.produced.current
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(base: self) }
}

@Suite(.timeLimit(.minutes(60))) struct `Asynchronous sequence source` {
    @Test func `reads all elements in order, then ends`() async throws {
        let source = AsyncSequenceSource(
            AsyncStream { continuation in
                for value in 0..<5_000 { continuation.yield(value) }
                continuation.finish()
            }, capacity: 16)
        let parts = try await blocking { try source.readSplits(limit: 100) }
        #expect(parts == [Array(0..<5_000)])
        #expect(source.readMode == .blocking)
        #expect(source.summary == "asynchronous sequence of Int")
    }

    @Test func `hands an element over as soon as it is there`() async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: String.self)
        let source = AsyncSequenceSource(stream)
        let reader = source.reader(for: source.splits()[0], context: .test())
        nonisolated(unsafe) let confined = reader  // one read at a time, awaited
        for value in ["a", "b", "c"] {
            continuation.yield(value)
            let rows = try await blocking {
                var batch = Batch<String>()
                _ = try confined.read(into: &batch, limit: 1_000)
                return try batch.drained()
            }
            #expect(rows == [value])
        }
    }

    @Test func `throws the sequence's error after its last element`() async throws {
        let source = AsyncSequenceSource(
            AsyncThrowingStream<Int, any Error> { continuation in
                for value in 0..<3 { continuation.yield(value) }
                continuation.finish(throwing: Broken())
            })
        try await blocking {
            var reader = source.reader(for: source.splits()[0], context: .test())
            var rows: [Int] = []
            #expect(throws: Broken.self) {
                while true {
                    var batch = Batch<Int>()
                    defer { rows += (try? batch.drained()) ?? [] }
                    _ = try reader.read(into: &batch, limit: 2)
                }
            }
            #expect(rows == [0, 1, 2])
            #expect(throws: Broken.self) { _ = try reader.readAll() }
        }
    }

    @Test(arguments: [1, 4, 64])
    func `never runs further ahead than its capacity`(capacity: Int) async throws {
        let produced = Counter()
        let source = AsyncSequenceSource(Counting(produced: produced), capacity: capacity)
        try await blocking {
            let reader = source.reader(for: source.splits()[0], context: .test())
            var taken = 0
            while taken < 3_000 {
                // Those in the buffer, and the one that waits for room.
                #expect(produced.current <= taken + capacity + 1)
                var batch = Batch<Int>()
                _ = try reader.read(into: &batch, limit: 3)
                #expect(batch.count > 0)
                taken += batch.count
            }
        }
    }

    @Test func `wakes and cancels the sequence when the job stops`() async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: Int.self)
        let (terminations, terminated) = AsyncStream.makeStream(of: Bool.self)
        continuation.onTermination = { reason in
            if case .cancelled = reason { terminated.yield(true) } else { terminated.yield(false) }
        }
        let stop = Flag()
        let source = AsyncSequenceSource(stream)
        let isReading = DispatchSemaphore(value: 0)
        async let rows = blocking {
            var reader = source.reader(
                for: source.splits()[0],
                context: .test {
                    isReading.signal()
                    return stop.isRaised
                })
            return try reader.readAll()
        }
        try await blocking { isReading.wait() }
        stop.raise()
        #expect(try await rows == [])
        #expect(await terminations.first { _ in true } == true)
    }

    @Test func `still reads what was handed over when the job stops`() async throws {
        let full = DispatchSemaphore(value: 0)
        let produced = Counter()
        let source = AsyncSequenceSource(
            Counting(produced: produced, parked: 5, onParked: { full.signal() }))
        let stop = Flag()
        let rows = try await blocking {
            var reader = source.reader(
                for: source.splits()[0], context: .test { stop.isRaised })
            full.wait()
            stop.raise()
            return try reader.readAll(limit: 2)
        }
        #expect(rows == [1, 2, 3, 4, 5])
    }

    @Test func `lets go of the sequence with the reader`() async {
        let (stream, continuation) = AsyncStream.makeStream(of: Int.self)
        let (terminations, terminated) = AsyncStream.makeStream(of: Void.self)
        continuation.onTermination = { _ in terminated.yield() }
        let source = AsyncSequenceSource(stream)
        do { _ = source.reader(for: source.splits()[0], context: .test()) }
        #expect(await terminations.first { _ in true } != nil)
    }
}
