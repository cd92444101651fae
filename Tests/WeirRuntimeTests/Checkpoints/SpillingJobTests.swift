import Foundation
import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirState
import WeirTesting

/// The records of a key so far, told with each of them.
private struct Running: KeyedProcessFunction {
    struct State: StateValue, Equatable {
        var count = 0
        static var stateShape: StateShape { Int.stateShape }
        func write(to output: inout StateWriter) { count.write(to: &output) }
        static func read(from input: inout StateReader) throws -> State {
            State(count: try Int.read(from: &input))
        }
    }
    let initialState = State()

    func process(_ record: Event, state: inout State, context: KeyedContext<Int, Event>) {
        state.count += 1
        if state.count % 2 == 0 { context.emit(Event(record.key, state.count, at: -1)) }
    }
}

@Suite struct `A job whose state is larger than its memory` {
    /// A directory that goes with the test.
    private final class Folder: Sendable {
        let path = NSTemporaryDirectory() + "weir-spilling-\(UUID().uuidString)"
        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    /// Two splits of 36,000 records, each of 30,000 keys; those of one time have many.
    private func source() -> CountedSource<Event> {
        CountedSource(splits: 2, records: 36_000) { split, index in
            Event((index * 7 + split * 15_000) % 30_000, index % 5, at: Int64(index / 6_000 * 10))
        }
    }

    private func plan(
        parallelism: Int, _ source: CountedSource<Event>, into sink: EpochSink<Event>
    ) throws -> PhysicalPlan {
        try WeirRuntimeTests.plan(parallelism: parallelism) { job in
            let events = job.source(source, onBadRecord: .fail, as: "events")
                .watermarked(.boundedOutOfOrderness(.zero)) { $0.at }
            let sums = events.keyed(by: \.key)
                .windowed(.sliding(.microseconds(30), every: .microseconds(10)), late: .drop)
                .reduce(into: 0, as: "sums", merging: { $0 += $1 }) { $0 += $1.value }
                .map { (result: WindowResult<Int, Int>) -> Event in
                    Event(result.key, result.value, at: result.window.start.microseconds)
                }
            let counts = events.keyed(by: \.key).process(Running(), as: "counts")
            sums.union(counts).sink(to: sink, as: "out")
        }
    }

    private func options(_ backend: StateBackend, _ folder: Folder? = nil) -> ExecutionOptions {
        var options = tightOptions(batchSize: 256, queueCapacity: 4)
        options.stateBackend = backend
        options.restartStrategy = .never
        guard let folder else { return options }
        options.checkpoints = CheckpointOptions(
            CheckpointDirectory(folder.path), interval: .milliseconds(10))
        options.checkpoints?.restoring = .latestIfAny
        return options
    }

    private func expected() throws -> [Event] {
        let sink = EpochSink<Event>()
        _ = try run(
            plan(parallelism: 1, source(), into: sink), seed: 0, options: options(.memory))
        return sink.records.sorted()
    }

    @Test func `gives what it gives in memory, straight and with crashes, at any parallelism`()
        throws
    {
        let expected = try expected()
        #expect(expected.count > 100_000)

        let straight = EpochSink<Event>()
        let provider = MemoryPagesProvider()
        let summary = try run(
            plan(parallelism: 2, source(), into: straight), seed: 1,
            options: options(.spilling(to: provider, memory: 1 << 20)))
        #expect(summary.ledger.isBalanced && straight.records.sorted() == expected)
        #expect(provider.counts.puts > 100 && provider.counts.gets > 100)
        #expect(provider.counts.made > 10 && provider.counts.open == 0)

        // Crashes twice, each time at another parallelism.
        let folder = Folder()
        let crashing = EpochSink<Event>()
        var source = self.source()
        for (attempt, parallelism) in [1, 2, 1].enumerated() {
            let fuel = SharedCount()
            source.onRead = { _, _ in
                if attempt < 2, fuel.add(1) > 90 { throw TestError("out of fuel") }
            }
            let provider = MemoryPagesProvider()
            let plan = try plan(parallelism: parallelism, source, into: crashing)
            let options = options(.spilling(to: provider, memory: 1 << 20), folder)
            if attempt < 2 {
                let failure = try runFailing(plan, seed: UInt64(attempt), options: options)
                #expect("\(try #require(failure))".contains("out of fuel"))
            } else {
                #expect(try run(plan, seed: 2, options: options).outcome == .finished)
            }
            #expect(provider.counts.puts > 0, "attempt \(attempt)")
            #expect(provider.counts.open == 0)
        }
        #expect(crashing.records.sorted() == expected)
    }
}
