import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirState
import WeirTesting

private func time(_ microseconds: Int64) -> Timestamp { Timestamp(microseconds: microseconds) }

/// A record with its own event time.
private func event(_ key: Int, _ value: Int, at microseconds: Int64) -> Emission<Event> {
    .record(Event(key, value, at: microseconds), at: time(microseconds))
}

/// A function made of closures, for one test.
struct Scripted: KeyedProcessFunction {
    typealias Context = KeyedContext<Int, String>
    struct State: Equatable, Codable {
        var count = 0
        var list: [Int] = []
        var map: [Int: Int] = [:]
        var most = ReducingState<Int>()
    }
    let initialState = State()
    var retention = StateRetention.forever
    var sideOutputs: [any SideOutputDeclaration] = []
    var onRecord: @Sendable (Event, inout State, Context) throws -> Void
    var onTimer: @Sendable (FiredTimer, inout State, Context) throws -> Void = {
        timer, _, context in
        context.emit("\(context.key) at \(timer.time.microseconds)")
    }

    func process(_ record: Event, state: inout State, context: Context) throws {
        try onRecord(record, &state, context)
    }
    func onTimer(_ timer: FiredTimer, state: inout State, context: Context) throws {
        try onTimer(timer, &state, context)
    }

    func step(_ context: SubtaskContext, _ next: Step<String>) throws -> Step<Event> {
        try keyedProcessStep(context, into: [AnyStep(next)], self, keyOf: { $0.key })
    }
}

/// Registers a timer at each record's value.
private let registering = Scripted { record, _, context in
    context.registerEventTimeTimer(at: time(Int64(record.value)))
}

@Suite struct `A keyed process function` {
    @Test func `keeps value, list, map and reducing state for each key`() throws {
        let function = Scripted { record, state, context in
            state.count += 1
            state.list.append(record.value)
            state.map[record.value % 2, default: 0] += 1
            state.most.add(record.value, by: max)
            context.emit(
                "\(context.key): \(state.count) \(state.list) \(state.map[0] ?? 0)"
                    + " \(state.most.value ?? -1)")
        }
        let found = try verify(
            [event(1, 5, at: 0), event(2, 8, at: 1), event(1, 4, at: 2), .end], function.step)
        #expect(
            found == [
                .record("1: 1 [5] 0 5", at: time(0)), .record("2: 1 [8] 1 8", at: time(1)),
                .record("1: 2 [5, 4] 1 5", at: time(2)), .end,
            ])
    }

    @Test func `keeps aggregating state`() throws {
        let mean = Mean { (event: Event) in Double(event.value) }
        var state = AggregatingState<Mean<Event, Double>>()
        #expect(try state.result(of: mean) == nil)
        for value in [2, 4, 9] { try state.add(Event(1, value, at: 0), by: mean) }
        #expect(try state.result(of: mean) == 5)
        state.clear()
        #expect(try state.result(of: mean) == nil)
    }

    @Test func `sees key, event time and watermark`() throws {
        let function = Scripted { _, _, context in
            context.emit("\(context.key) \(context.time.microseconds) \(context.watermark)")
        }
        let found = try verify([.watermark(time(7)), event(3, 0, at: 9), .end], function.step)
        #expect(found.compactMap(\.record) == ["3 9 \(time(7))"])
    }

    @Test func `hands on all that timers emit before the watermark that fired them`() throws {
        let found = try verify(
            [
                event(1, 20, at: 0), event(2, 10, at: 0), event(3, 21, at: 0),
                .watermark(time(20)), .end,
            ], registering.step)
        #expect(
            found == [
                .record("2 at 10", at: time(10)), .record("1 at 20", at: time(20)),
                .watermark(time(20)), .record("3 at 21", at: time(21)), .end,
            ])
    }

    @Test func `fires a timer registered at or before the current watermark with the next one`()
        throws
    {
        let harness = try StepHarness(.forTesting(), registering.step)
        try harness.advanceWatermark(to: time(20))
        try harness.send(Event(1, 20, at: 25), at: time(25))
        try harness.send(Event(2, 5, at: 25), at: time(25))
        #expect(harness.records == [])
        try harness.advanceWatermark(to: time(21))
        #expect(harness.records == ["2 at 5", "1 at 20"])
    }

    @Test func `fires a timer that a timer registers in the past before the watermark goes on`()
        throws
    {
        var function = registering
        function.onTimer = { timer, _, context in
            context.emit("\(timer.time.microseconds)")
            if timer.time > time(5) { context.registerEventTimeTimer(at: time(5)) }
        }
        let found = try verify([event(1, 10, at: 0), .watermark(time(10)), .end], function.step)
        #expect(
            found == [
                .record("10", at: time(10)), .record("5", at: time(5)), .watermark(time(10)), .end,
            ])
    }

    @Test func `fires two timers at one instant in the order of registration`() throws {
        let keys = [5, 1, 9, 3, 7]
        let found = try verify(
            keys.map { event($0, 10, at: 0) } + [.watermark(time(10)), .end], registering.step)
        #expect(found.compactMap(\.record) == keys.map { "\($0) at 10" })
    }

    @Test func `fires coalesced timers once`() throws {
        let found = try verify(
            [event(1, 10, at: 0), event(1, 10, at: 0), .watermark(time(10)), .end], registering.step
        )
        #expect(found.compactMap(\.record) == ["1 at 10"])
        let answers = Scripted { record, _, context in
            context.emit("\(context.registerEventTimeTimer(at: time(3)))")
        }
        let told = try verify([event(1, 0, at: 0), event(1, 0, at: 0)], answers.step)
        #expect(told.compactMap(\.record) == ["true", "false"])
    }

    @Test func `does not fire a cancelled timer, and fires one registered again`() throws {
        let function = Scripted { record, _, context in
            let at = time(Int64(abs(record.value)))
            if record.value > 0 { context.registerEventTimeTimer(at: at) }
            if record.value < 0 { context.emit("\(context.cancelEventTimeTimer(at: at))") }
        }
        let found = try verify(
            [
                event(1, 10, at: 0), event(2, 10, at: 0), event(1, -10, at: 0),
                event(1, -10, at: 0),
                event(2, -10, at: 0), event(2, 10, at: 0), .watermark(time(10)), .end,
            ], function.step)
        #expect(found.compactMap(\.record) == ["true", "false", "true", "2 at 10"])
    }

    @Test func `fires timers of processing time when that comes, and not before`() throws {
        var function = Scripted { record, _, context in
            context.registerProcessingTimeTimer(at: time(Int64(record.value)))
        }
        function.onTimer = { timer, _, context in
            context.emit("\(timer.domain) \(context.key) at \(context.processingTime.microseconds)")
        }
        let harness = try StepHarness(.forTesting(), function.step)
        try harness.advanceWatermark(to: time(100))
        for (key, due) in [(1, 30), (2, 20), (3, 30)] {
            try harness.send(Event(key, due, at: 0), at: time(0))
        }
        try harness.advanceProcessingTime(to: time(19))
        #expect(harness.records == [])
        try harness.advanceProcessingTime(to: time(20))
        #expect(harness.records == ["processingTime 2 at 20"])
        try harness.advanceProcessingTime(to: time(50))
        #expect(
            harness.emissions.suffix(3) == [
                .record("processingTime 2 at 20", at: time(101)),
                .record("processingTime 1 at 30", at: time(101)),
                .record("processingTime 3 at 30", at: time(101)),
            ])
        // Long past: with the next tick, which it asks for itself.
        try harness.send(Event(4, 10, at: 0), at: time(0))
        try harness.advanceProcessingTime(to: time(50))
        #expect(harness.records.last == "processingTime 4 at 50")
    }

    @Test func `fires the timers of both clocks that are pending at the end of the input`() throws {
        var function = Scripted { record, _, context in
            context.registerProcessingTimeTimer(at: time(Int64(record.value)))
            context.registerEventTimeTimer(at: time(Int64(record.value) * 2))
        }
        function.onTimer = { timer, _, context in
            let again = context.registerProcessingTimeTimer(at: timer.time + .hours(1))
            context.emit("\(timer.domain) \(timer.time.microseconds) \(again)")
            #expect(context.inputHasEnded)
        }
        let found = try verify([event(1, 900, at: 0), event(2, 800, at: 0), .end], function.step)
        #expect(
            found.compactMap(\.record) == [
                "eventTime 1600 false", "eventTime 1800 false", "processingTime 800 false",
                "processingTime 900 false",
            ])
        #expect(found.last == .end)
    }

    @Test func `puts out a thousand timers of one watermark in batches, against a slow output`()
        throws
    {
        let harness = try StepHarness(
            .forTesting(batchSize: 16), refusing: .always, registering.step)
        try harness.send((0..<1_000).map { (Event($0, $0 / 10, at: 0), at: time(0)) })
        try harness.advanceWatermark(to: time(1_000))
        #expect(harness.records == (0..<1_000).map { "\($0) at \($0 / 10)" })
        #expect(harness.output.batchSizes.allSatisfy { $0 <= 16 })
        #expect(harness.emissions.last == .watermark(time(1_000)))
    }

    @Test func `balances its side of the ledger while its output refuses`() throws {
        let probe = OutputProbe<String>(refusing: .always)
        let context = SubtaskContext.forTesting(batchSize: 4)
        let step = try Scripted { record, _, context in context.emit("\(record.value)") }
            .step(context, probe.step)
        var batch = Batch<Event>()
        for value in 0..<10 { batch.append(Event(1, value, at: 0), at: time(0)) }
        let counters = context.counters
        var progress = try step.process(&batch)
        #expect(batch.isEmpty && progress == .suspended)
        #expect(counters.received.current == 10)
        #expect(counters.passed.current == 4 && counters.held.current == 6)
        while progress != .done { progress = try step.resume() }
        #expect(counters.passed.current == 10 && counters.held.current == 0)
        #expect(probe.records == (0..<10).map { "\($0)" } && counters.emitted.current == 10)
    }
}

@Suite struct `The state of a keyed process function` {
    /// A state whose memory can be watched.
    private struct Watched: KeyedProcessFunction {
        final class Token: Sendable {
            let count: SharedCount
            init(_ count: SharedCount) {
                self.count = count
                count.add(1)
            }
            deinit { count.add(-1) }
        }
        struct State: Sendable {
            var token: Token?
            var value = 0
        }
        let initialState = State()
        let live: SharedCount
        var retention = StateRetention.forever

        func isEmpty(_ state: State) -> Bool { state.value == 0 }
        func process(_ record: Event, state: inout State, context: KeyedContext<Int, String>) {
            if state.token == nil { state.token = Token(live) }
            state.value += record.value
            context.emit("\(state.value)")
            if record.value == 99 { context.clearState() }
        }
    }

    private func harness(
        _ live: SharedCount, _ retention: StateRetention = .forever
    ) throws -> StepHarness<Event, String> {
        try StepHarness {
            try keyedProcessStep(
                $0, into: [AnyStep($1)], Watched(live: live, retention: retention),
                keyOf: { $0.key })
        }
    }

    @Test func `is gone when the function clears it, and when it is empty`() throws {
        let live = SharedCount()
        let harness = try harness(live)
        for key in 0..<500 { try harness.send(Event(key, 1, at: 0)) }
        #expect(live.current == 500)
        for key in 0..<250 { try harness.send(Event(key, -1, at: 0)) }
        #expect(live.current == 250)
        for key in 250..<500 { try harness.send(Event(key, 99, at: 0)) }
        #expect(live.current == 0)
        try harness.send(Event(300, 5, at: 0))
        #expect(harness.records.last == "5")
    }

    @Test func `lives in event time exactly as long as it may`() throws {
        let live = SharedCount()
        let harness = try harness(live, .for(.microseconds(10)))
        func send(_ value: Int, at: Int64) throws {
            try harness.send(Event(1, value, at: at), at: time(at))
        }
        try send(1, at: 0)
        try send(1, at: 9)
        try send(1, at: 18)
        // From 28 on it is gone, though no watermark has come.
        try send(1, at: 28)
        #expect(harness.records == ["1", "2", "3", "1"])
        try harness.advanceWatermark(to: time(37))
        #expect(live.current == 1)
        try harness.advanceWatermark(to: time(38))
        #expect(live.current == 0)
        // Behind the watermark: a state of its own, gone with the next.
        try send(7, at: 20)
        #expect(harness.records.last == "7" && live.current == 1)
        try harness.advanceWatermark(to: time(39))
        #expect(live.current == 0)
    }

    @Test func `lives in processing time exactly as long as it may`() throws {
        let live = SharedCount()
        let harness = try harness(live, .forProcessingTime(.microseconds(10)))
        for (now, key) in [(0, 1), (5, 1), (6, 2), (14, 1)] {
            try harness.advanceProcessingTime(to: time(Int64(now)))
            try harness.send(Event(key, 1, at: 0))
        }
        #expect(harness.records == ["1", "2", "1", "3"])
        try harness.advanceProcessingTime(to: time(15))
        #expect(live.current == 2)
        try harness.advanceProcessingTime(to: time(16))
        #expect(live.current == 1)
        try harness.advanceProcessingTime(to: time(23))
        #expect(live.current == 1)
        try harness.advanceProcessingTime(to: time(24))
        #expect(live.current == 0)
    }

    @Test func `can be looked into, timers and all`() throws {
        let harness = try StepHarness(
            .forTesting(),
            Scripted { record, state, context in
                state.count += 1
                context.registerEventTimeTimer(at: time(10))
                context.registerProcessingTimeTimer(at: time(20))
            }.step)
        try harness.send(Event(7, 1, at: 0), at: time(0))
        #expect(
            harness.state.map { "\($0.kind) \($0.key)" } == [
                "state 7", "event-time timers 7", "processing-time timers 7",
            ])
        try harness.send(.end)
        #expect(harness.state.map(\.kind) == ["state"])
    }

    @Test func `that expires can be a single property`() {
        var state = ExpiringState<Int>()
        #expect(state.value(at: time(0)) == nil)
        state.set(3, at: time(5), livingFor: .microseconds(10))
        #expect(state.value(at: time(14)) == 3 && state.value(at: time(15)) == nil)
        state.clearIfExpired(at: time(14))
        #expect(state.expiry == time(15))
        state.clearIfExpired(at: time(15))
        #expect(state == ExpiringState())
    }
}

@Suite struct `The side outputs of a keyed process function` {
    private static let odd = SideOutput<Int>("odd")
    private static let names = SideOutput<String>("names")

    private let splitting: Scripted = {
        var function = Scripted { record, _, context in
            try context.emit("name \(record.value)", to: Self.names, at: time(-1))
            if record.value % 2 == 1 { return try context.emit(record.value, to: Self.odd) }
            context.emit("even \(record.value)")
        }
        function.sideOutputs = [Self.odd, Self.names]
        return function
    }()

    @Test(arguments: Refusal.allCases, Refusal.allCases)
    func `are typed, get what is theirs in order, and every mark`(main: Refusal, side: Refusal)
        throws
    {
        let odd = OutputProbe<Int>(refusing: side)
        let harness = try StepHarness<Event, String>(.forTesting(batchSize: 3), refusing: main) {
            try keyedProcessStep(
                $0, into: [AnyStep($1), AnyStep(odd.step), nil], splitting, keyOf: { $0.key })
        }
        try harness.send((0..<20).map { (Event(1, $0, at: Int64($0)), at: time(Int64($0))) })
        try harness.send(.end)
        #expect(harness.records == (0..<10).map { "even \($0 * 2)" })
        let expected: [Emission<Int>] = (0..<10).map { number in
            .record(number * 2 + 1, at: time(Int64(number * 2 + 1)))
        }
        #expect(odd.emissions == expected + [.end])
        #expect(odd.batchSizes.allSatisfy { $0 <= 3 })
    }

    @Test func `that nothing reads are counted`() throws {
        let sink = TestSink<Int>()
        let plan = try plan(parallelism: 2) { job in
            let split = job.source(
                TestSource(splits: [(0..<10).map { Event($0, $0, at: 0) }]), as: "events"
            ).keyed(by: \.key).process(splitting, as: "split")
            split.sideOutput(Self.odd).sink(to: sink, as: "odd")
        }
        let summary = try run(plan, seed: 1)
        #expect(sink.records.sorted() == [1, 3, 5, 7, 9])
        #expect(summary.ledger.imbalances == [])
        let counts = summary.ledger.operators.first { $0.name == "split" }?.counts
        // Ten names, and the five even ones of the main output.
        #expect(counts?.unread == 15 && counts?.passed == 10 && counts?.emitted == 0)
    }

    @Test func `must be declared`() throws {
        let wrong = SideOutput<String>("odd")
        let error = #expect(throws: ValidationError.self) {
            try plan { job in
                job.source(TestSource(splits: [[Event(1, 1, at: 0)]]), as: "events")
                    .keyed(by: \.key).process(splitting, as: "split")
                    .sideOutput(wrong).sink(to: TestSink<String>(), as: "sink")
            }
        }
        #expect(
            error?.problems.map(\.description) == [
                "operator 'split': it has no side output 'odd' of String. List it in the function's "
                    + "`sideOutputs`."
            ])
        var function = splitting
        function.sideOutputs = [Self.odd]
        let undeclared = function
        let harness = try StepHarness(.forTesting(), undeclared.step)
        let failure = #expect(throws: OperatorFailure.self) {
            try harness.send(Event(1, 1, at: 0), at: time(0))
        }
        #expect(failure?.cause as? UndeclaredSideOutput != nil)
    }

    @Test func `have names of their own`() throws {
        var function = splitting
        function.sideOutputs = [Self.odd, Self.odd]
        let twice = function
        let error = #expect(throws: ValidationError.self) {
            try plan { job in
                job.source(TestSource(splits: [[Event(1, 1, at: 0)]]), as: "events")
                    .keyed(by: \.key).process(twice, as: "split")
                    .sink(to: TestSink<String>(), as: "sink")
            }
        }
        #expect(error.map { "\($0)".contains("two of its side outputs are named 'odd'") } == true)
    }
}
