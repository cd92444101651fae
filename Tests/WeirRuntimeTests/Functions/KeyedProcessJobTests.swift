import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirState
import WeirTesting

private func time(_ microseconds: Int64) -> Timestamp { Timestamp(microseconds: microseconds) }

private func event(_ key: Int, _ value: Int, at microseconds: Int64) -> Emission<Event> {
    .record(Event(key, value, at: microseconds), at: time(microseconds))
}

/// Emits the running sum of each key in the order of event time, whatever the order of arrival.
private struct SortedSum: KeyedProcessFunction {
    struct State: Codable {
        var waiting: [Int64: Int] = [:]
        var sum = 0
    }
    let initialState = State()

    func process(_ record: Event, state: inout State, context: KeyedContext<Int, Event>) {
        state.waiting[context.time.microseconds, default: 0] += record.value
        context.registerEventTimeTimer(at: context.time)
    }

    func onTimer(_ timer: FiredTimer, state: inout State, context: KeyedContext<Int, Event>) {
        let at = timer.time.microseconds
        state.sum += state.waiting.removeValue(forKey: at) ?? 0
        context.emit(Event(context.key, state.sum, at: at))
    }
}

/// What opens and closes, counted.
private struct Counted: KeyedProcessFunction {
    typealias State = NoState
    let opened: SharedCount
    let closed: SharedCount
    var failsToOpen: Int?
    var body: @Sendable (Event) throws -> Void = { _ in }
    var onClose: @Sendable () throws -> Void = {}

    mutating func open(_ context: FunctionContext) throws {
        if context.subtask == failsToOpen { throw TestError("no connection") }
        opened.add(1)
    }
    func process(_ record: Event, state: inout NoState, context: KeyedContext<Int, Int>) throws {
        try body(record)
        context.emit(record.value)
    }
    mutating func close() throws {
        closed.add(1)
        try onClose()
    }
}

@Suite struct `A job with a keyed process function` {
    private func events(_ seed: UInt64, splits: Int = 3) -> [[Event]] {
        var random = SeededGenerator(seed: seed)
        return (0..<splits).map { _ in
            var now: Int64 = 0
            return (0..<60).map { _ in
                now += Int64.random(in: 0...5, using: &random)
                return Event(
                    .random(in: 0...9, using: &random), .random(in: -9...9, using: &random),
                    at: now - .random(in: 0..<20, using: &random))
            }
        }
    }

    @Test(arguments: 0..<12 as Range<UInt64>)
    func `emits in event time what a naive model does, at any parallelism`(seed: UInt64) throws {
        let splits = events(seed)
        var expected: [Event] = []
        for (key, events) in Dictionary(grouping: splits.joined(), by: \.key) {
            var sum = 0
            let byTime = Dictionary(grouping: events, by: \.at.microseconds)
            for (at, events) in byTime.sorted(by: { $0.key < $1.key }) {
                sum += events.reduce(0) { $0 + $1.value }
                expected.append(Event(key, sum, at: at))
            }
        }
        for parallelism in [1, 2, 7] {
            for fuses in [true, false] {
                let sink = TestSink<Event>()
                let plan = try plan(parallelism: parallelism, fusesKeyedEdges: fuses) {
                    $0.source(TestSource(splits: splits), as: "events")
                        .watermarked(.boundedOutOfOrderness(.microseconds(20))) { $0.at }
                        .keyed(by: \.key).process(SortedSum(), as: "sums").sink(
                            to: sink, as: "sink")
                }
                let summary = try run(plan, seed: seed)
                #expect(summary.ledger.imbalances == [])
                #expect(summary.ledger.operators.allSatisfy { $0.counts.held == 0 })
                #expect(sink.records.sorted() == expected.sorted(), "at parallelism \(parallelism)")
            }
        }
    }

    @Test(arguments: [1, 2, 7])
    func `puts out the same on threads`(parallelism: Int) async throws {
        let splits = events(99)
        let sink = TestSink<Event>()
        let plan = try plan(parallelism: parallelism) {
            $0.source(TestSource(splits: splits), as: "events")
                .watermarked(.boundedOutOfOrderness(.microseconds(20))) { $0.at }
                .keyed(by: \.key).process(SortedSum(), as: "sums").sink(to: sink, as: "sink")
        }
        let summary = try await JobExecution(plan, options: tightOptions()).run()
        #expect(summary.ledger.imbalances == [])
        let total = splits.joined().reduce(0) { $0 + $1.value }
        let last = Dictionary(grouping: sink.records, by: \.key).values.compactMap {
            $0.max()?.value
        }
        #expect(last.reduce(0, +) == total && !sink.records.isEmpty)
    }

    /// Each record, by its value, registers, cancels, reads, clears; compared with plain arrays.
    @Test(arguments: seeds(60))
    func `does what a naive model does, step by step`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var input: [Emission<Event>] = []
        var now: Int64 = 0
        for _ in 0..<120 {
            now += .random(in: 0...3, using: &random)
            if Int.random(in: 0..<6, using: &random) == 0 {
                input.append(.watermark(time(now - 5)))
            } else {
                input.append(
                    event(
                        .random(in: 0...4, using: &random), .random(in: 0..<50, using: &random),
                        at: now))
            }
        }
        input.append(.end)
        let function = Scripted(
            onRecord: { record, state, context in
                state.count += 1
                let at = record.at + .microseconds(Int64(record.value) / 5)
                switch record.value % 5 {
                case 0, 1: context.registerEventTimeTimer(at: at)
                case 2: context.cancelEventTimeTimer(at: at)
                case 3: context.emit("\(record.key) has \(state.count)")
                default: context.clearState()
                }
            },
            onTimer: { timer, state, context in
                state.count += 100
                context.emit("\(context.key) at \(timer.time.microseconds): \(state.count)")
                if timer.time.microseconds % 3 == 0, !context.inputHasEnded {
                    context.registerEventTimeTimer(at: timer.time - .microseconds(1))
                }
            })
        let found = try verify(input, function.step)
        #expect(found == naive(input))
        #expect(found.count > 20)
    }

    private func naive(_ input: [Emission<Event>]) -> [Emission<String>] {
        var output: [Emission<String>] = []
        var counts: [Int: Int] = [:]
        var timers: [(at: Int64, key: Int)] = []
        func register(_ at: Int64, _ key: Int) {
            if !timers.contains(where: { $0 == (at, key) }) { timers.append((at, key)) }
        }
        func fire(upTo mark: Int64, isEnd: Bool) {
            // The earliest; of several the one registered first, which `min` finds.
            while let first = timers.indices.min(by: { timers[$0].at < timers[$1].at }),
                timers[first].at <= mark
            {
                let (at, key) = timers.remove(at: first)
                counts[key, default: 0] += 100
                output.append(.record("\(key) at \(at): \(counts[key] ?? 0)", at: time(at)))
                if at % 3 == 0, !isEnd { register(at - 1, key) }
            }
        }
        for item in input {
            switch item {
            case .record(let record, let at):
                counts[record.key, default: 0] += 1
                let due = at.microseconds + Int64(record.value) / 5
                switch record.value % 5 {
                case 0, 1: register(due, record.key)
                case 2: timers.removeAll { $0 == (due, record.key) }
                case 3:
                    output.append(
                        .record("\(record.key) has \(counts[record.key] ?? 0)", at: at))
                default: counts[record.key] = nil
                }
            case .signal(.watermark(let mark)):
                fire(upTo: mark.microseconds, isEnd: false)
                output.append(item.mark())
            case .signal:
                fire(upTo: .max, isEnd: true)
                output.append(item.mark())
            }
        }
        return output
    }

    // MARK: - Opening and closing

    private func running(
        _ function: Counted, _ source: TestSource<Event>, mode: WriteMode = .inline
    ) throws -> PhysicalPlan {
        try plan(parallelism: 3, fusesKeyedEdges: false) {
            $0.source(source, as: "events").keyed(by: \.key).process(function, as: "counted")
                .sink(to: TestSink<Int>(mode: mode), as: "sink")
        }
    }
    private let fifty = (0..<50).map { Event($0, $0, at: 0) }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `closes each subtask's function once at the end of the input`(seed: UInt64) throws {
        let function = Counted(opened: SharedCount(), closed: SharedCount())
        _ = try run(try running(function, TestSource(splits: [fifty])), seed: seed)
        #expect(function.opened.current == 3 && function.closed.current == 3)
    }

    @Test(arguments: seeds(20))
    func `closes each subtask's function once when the job fails`(seed: UInt64) throws {
        let function = Counted(
            opened: SharedCount(), closed: SharedCount(),
            body: { if $0.value == 33 { throw TestError("unlucky") } })
        let failure = try runFailing(
            try running(function, TestSource([[.records(fifty)], [.endless(fifty[0])]])), seed: seed
        )
        let owner = KeyGroups().owner(
            ofGroup: KeyGroups().group(ofHash: 33.stableHash), parallelism: 3)
        #expect(
            failure.map { "\($0)" }
                == "job 'test', operator 'counted', subtask \(owner), on the record 33:33@0: unlucky"
        )
        #expect(function.opened.current == 3 && function.closed.current == 3)
    }

    @Test(arguments: seeds(20))
    func `closes each subtask's function once when the job is aborted or stopped`(seed: UInt64)
        throws
    {
        let function = Counted(opened: SharedCount(), closed: SharedCount())
        let plan = try running(
            function, TestSource([[.endless(fifty[1])], [.endless(fifty[0])]]), mode: .blocking)
        let executor = ManualExecutor(seed: seed)
        let execution = JobExecution(plan, executor: executor, options: tightOptions())
        executor.schedule(after: .milliseconds(5)) {
            if seed % 2 == 0 { execution.abort() } else { execution.requestStop() }
        }
        _ = try? executor.run { try await execution.run() }
        #expect(function.opened.current == 3 && function.closed.current == 3)
    }

    @Test func `closes what was opened when another subtask cannot be`() throws {
        let function = Counted(opened: SharedCount(), closed: SharedCount(), failsToOpen: 2)
        let failure = try runFailing(try running(function, TestSource(splits: [fifty])), seed: 1)
        #expect(
            failure.map { "\($0)" }
                == "job 'test', operator 'counted', subtask 2: no connection")
        #expect(function.opened.current == 2 && function.closed.current == 2)
    }

    @Test func `closes what was opened when its state can't be saved, and lets go of it`() throws {
        struct Unsaved: KeyedProcessFunction {
            final class State: Sendable {}
            let initialState = State()
            let counted: Counted

            mutating func open(_ context: FunctionContext) throws { counted.opened.add(1) }
            func process(
                _ record: Event, state: inout State, context: KeyedContext<Int, Int>
            ) throws {}
            mutating func close() throws { counted.closed.add(1) }
        }
        weak var seen: SharedCount?
        do {
            let counted = Counted(opened: SharedCount(), closed: SharedCount())
            seen = counted.opened
            var options = tightOptions()
            options.checkpoints = CheckpointOptions(
                CheckpointDirectory("/state", fileSystem: SimulatedDisk()))
            let plan = try plan(parallelism: 3, fusesKeyedEdges: false) {
                $0.source(
                    CountedSource(splits: 2, records: 9, mode: .blocking) {
                        Event($0, $1, at: 0)
                    }, as: "events"
                )
                .keyed(by: \.key).process(Unsaved(counted: counted), as: "unsaved")
                .sink(to: TestSink<Int>(), as: "sink")
            }
            let failure = try runFailing(plan, seed: 1, options: options)
            #expect("\(try #require(failure))".contains("of operator 'unsaved'"))
            #expect(counted.opened.current == 3 && counted.closed.current == 3)
        }
        #expect(seen == nil)
    }

    @Test func `fails when a function cannot be closed, and does not close it again`() throws {
        let function = Counted(
            opened: SharedCount(), closed: SharedCount(), onClose: { throw TestError("disk full") })
        let failure = try runFailing(try running(function, TestSource(splits: [fifty])), seed: 1)
        #expect(failure.map { "\($0)".hasSuffix("disk full") } == true)
        #expect(function.closed.current == 3)
    }

    @Test func `names the key and the time of a timer that fails`() throws {
        let plan = try plan {
            $0.source(TestSource(splits: [[Event(7, 1, at: 5)]]), as: "events")
                .watermarked(.monotonous) { $0.at }
                .keyed(by: \.key)
                .process(
                    initialState: 0, emitting: Int.self, as: "alarms",
                    onTimer: { _, _, _ in throw TestError("unlucky") },
                    { _, _, context in context.registerEventTimeTimer(at: .epoch) }
                ).sink(to: TestSink<Int>(), as: "sink")
        }
        let failure = try runFailing(plan, seed: 1)
        #expect(
            failure.map { "\($0)" }
                == "job 'test', operator 'alarms', subtask 0: unlucky, in the timer of the key 7 at "
                + "\(Timestamp.epoch) (event time)")
    }

    @Test(arguments: [1, 2, 7])
    func `fires timers of processing time by the executor's clock`(parallelism: Int) throws {
        let sink = TestSink<Int>()
        let plan = try plan(parallelism: parallelism) {
            $0.source(
                TestSource([[.records(fifty), .silence(.seconds(5)), .records([fifty[7]])]]),
                as: "events"
            ).keyed(by: \.key)
                .process(
                    initialState: Timestamp.epoch, emitting: Int.self, as: "delayed",
                    onTimer: { timer, registered, context in
                        let waited = context.processingTime - registered
                        // Not early; and while the source was silent, not at the end.
                        if waited >= .seconds(1), waited < .seconds(2) || context.inputHasEnded {
                            context.emit(context.key)
                        }
                    },
                    { record, registered, context in
                        registered = context.processingTime
                        context.registerProcessingTimeTimer(at: registered + .seconds(1))
                    }
                ).sink(to: sink, as: "sink")
        }
        let summary = try run(plan, seed: 5)
        #expect(sink.records.sorted() == Array(0..<50))
        #expect(summary.ledger.imbalances == [])
    }
}

extension Emission<Event> {
    /// This mark, for a stream of text.
    fileprivate func mark() -> Emission<String> {
        if case .signal(let signal) = self { return .signal(signal) }
        return .end
    }
}
