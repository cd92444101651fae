import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirTesting

private func time(_ microseconds: Int64) -> Timestamp { Timestamp(microseconds: microseconds) }

/// Pairs payments with orders of one key; an order without a payment within ten is reported.
private struct Matching: KeyedCoProcessFunction {
    struct State: Codable, Equatable {
        var orders: [Int64] = []
        var payments = 0
    }
    static let unpaid = SideOutput<Event>("unpaid")
    let initialState = State()
    var sideOutputs: [any SideOutputDeclaration] { [Self.unpaid] }

    func processFirst(_ order: Event, state: inout State, context: KeyedContext<Int, String>) {
        if state.payments > 0 {
            state.payments -= 1
            context.emit("paid \(order.key)")
        } else {
            state.orders.append(order.at.microseconds)
            context.registerEventTimeTimer(at: order.at + .microseconds(10))
        }
    }
    func processSecond(_ payment: Int, state: inout State, context: KeyedContext<Int, String>) {
        if state.orders.isEmpty {
            state.payments += 1
        } else {
            state.orders.removeFirst()
            context.emit("paid \(payment)")
        }
    }
    func onTimer(
        _ timer: FiredTimer, state: inout State, context: KeyedContext<Int, String>
    ) throws {
        let due = timer.time.microseconds - 10
        for _ in state.orders.filter({ $0 == due }) {
            try context.emit(Event(context.key, 0, at: due), to: Self.unpaid)
        }
        state.orders.removeAll { $0 == due }
    }
}

@Suite struct `A function of two keyed streams` {
    private func order(_ key: Int, at: Int64) -> PortEmission<Event, Int> {
        .left(.record(Event(key, 0, at: at), at: time(at)))
    }

    @Test func `shares state and timers by key, and goes by the lower watermark`() throws {
        let input: [PortEmission<Event, Int>] = [
            order(1, at: 0), order(2, at: 3), .right(.record(2, at: time(4))),
            .right(.record(3, at: time(4))), order(3, at: 5), .left(.signal(.watermark(time(20)))),
            .right(.signal(.watermark(time(9)))), .right(.signal(.watermark(time(10)))),
            .left(.end), .right(.end),
        ]
        let found = try verify(input) { (context: SubtaskContext, next: Step<String>) in
            try keyedCoProcessSteps(
                context, into: [AnyStep(next), nil], Matching(), firstKey: { $0.key },
                secondKey: { $0 })
        }
        let marks: [Emission<String>] = [.watermark(time(9)), .watermark(time(10))]
        #expect(
            found.prefix(2) == [.record("paid 2", at: time(4)), .record("paid 3", at: time(5))])
        #expect(found.dropFirst(2).starts(with: marks) && found.last == .end)
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `gives the same at any parallelism`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let orders = (0..<80).map { Event(.random(in: 0..<12, using: &random), 0, at: Int64($0)) }
        // A payment for every order of an even key.
        let payments = orders.filter { $0.key % 2 == 0 }
        for parallelism in [1, 2, 7] {
            let (paid, unpaid) = (TestSink<String>(), TestSink<Event>())
            let plan = try plan(parallelism: parallelism) { job in
                let first = job.source(TestSource(splits: [orders]), as: "orders")
                    .watermarked(.monotonous) { $0.at }.keyed(by: \.key)
                let second = job.source(TestSource(splits: [payments]), as: "payments")
                    .watermarked(.monotonous) { $0.at }.map(\.key).keyed { $0 }
                let matched = first.connected(with: second).process(Matching(), as: "matched")
                matched.sink(to: paid, as: "paid")
                matched.sideOutput(Matching.unpaid).sink(to: unpaid, as: "unpaid")
            }
            let summary = try run(plan, seed: seed)
            #expect(summary.ledger.imbalances == [])
            // However the streams interleave, no order of an odd key is ever paid.
            let odd = orders.filter { $0.key % 2 == 1 }.map {
                Event($0.key, 0, at: $0.at.microseconds)
            }
            let reported = unpaid.records.filter { $0.key % 2 == 1 }
            #expect(reported.sorted() == odd.sorted() && !odd.isEmpty)
            #expect(paid.records.count + unpaid.records.count - odd.count == payments.count)
        }
    }
}

/// Names the records whose value is over the limit of their key, which is broadcast.
private struct Limits: KeyedBroadcastFunction {
    typealias State = NoState
    struct Limit: Sendable, Hashable {
        var key: Int
        var most: Int
    }
    let initialBroadcastState: [Int: Int] = [:]

    func process(
        _ record: Event, state: inout NoState, broadcast: [Int: Int],
        context: KeyedContext<Int, String>
    ) {
        guard let most = broadcast[record.key] else { return context.emit("\(record) unlimited") }
        if record.value > most { context.emit("\(record) over \(most)") }
        context.registerEventTimeTimer(at: context.time + .microseconds(5))
    }
    func processBroadcast(
        _ limit: Limit, state: inout [Int: Int], context: ProcessContext<String>
    ) throws {
        if limit.most < 0 { throw TestError("a limit below zero") }
        state[limit.key] = limit.most
        if limit.most == 99 { context.emit("changed") }
    }
    func onTimer(
        _ timer: FiredTimer, state: inout NoState, broadcast: [Int: Int],
        context: KeyedContext<Int, String>
    ) {
        context.emit("\(context.key) still \(broadcast[context.key] ?? -1)")
    }
}

@Suite struct `A function with broadcast state` {
    private let make: (SubtaskContext, Step<String>) throws -> (Step<Event>, Step<Limits.Limit>) = {
        try keyedBroadcastSteps($0, into: [AnyStep($1)], Limits(), keyOf: { $0.key })
    }

    @Test func `reads what the broadcast stream has made so far, in timers too`() throws {
        let input: [PortEmission<Event, Limits.Limit>] = [
            .left(.record(Event(1, 5, at: 0), at: time(0))),
            .right(.record(.init(key: 1, most: 4), at: time(0))),
            .left(.record(Event(1, 5, at: 1), at: time(1))),
            .right(.record(.init(key: 1, most: 6), at: time(1))),
            .left(.record(Event(1, 5, at: 2), at: time(2))),
            .right(.end), .left(.signal(.watermark(time(6)))), .left(.end),
        ]
        let found = try verify(input, make)
        #expect(
            found.compactMap(\.record) == [
                "1:5@0 unlimited", "1:5@1 over 4", "1 still 6", "1 still 6",
            ])
    }

    @Test(arguments: 0..<10 as Range<UInt64>, [1, 2, 7])
    func `brings each broadcast record to every subtask`(seed: UInt64, parallelism: Int) throws {
        let sink = TestSink<String>()
        // The events come after the limits: their source is silent at first.
        let limits =
            (0..<20).map { Limits.Limit(key: $0, most: 10 + $0) } + [.init(key: 0, most: 99)]
        let events = (0..<200).map { Event($0 % 20, $0 % 40, at: Int64($0)) }
        let plan = try plan(parallelism: parallelism, fusesKeyedEdges: seed % 2 == 0) { job in
            let rules = job.source(TestSource(splits: [limits]), as: "limits")
            job.source(TestSource([[.silence(.seconds(60)), .records(events)]]), as: "events")
                .keyed(by: \.key).broadcastProcess(Limits(), with: rules, as: "checked")
                .sink(to: sink, as: "sink")
        }
        let summary = try run(plan, seed: seed)
        #expect(summary.ledger.imbalances == [])
        let expected = events.compactMap { event -> String? in
            let most = event.key == 0 ? 99 : 10 + event.key
            return event.value > most ? "\(event) over \(most)" : nil
        }
        #expect(sink.records.filter { $0.contains("over") }.sorted() == expected.sorted())
        #expect(!expected.isEmpty)
        // What is emitted for a broadcast record is emitted by every subtask.
        #expect(sink.records.count { $0 == "changed" } == parallelism)
        let edge = summary.ledger.edges.first { $0.from == "limits" }
        #expect(edge?.sent == 21 * parallelism && edge?.received == 21 * parallelism)
    }

    @Test func `names the broadcast record that it fails on`() throws {
        let harness = try TwoPortHarness(.forTesting(), make)
        let error = #expect(throws: OperatorFailure.self) {
            try harness.right.send(.init(key: 1, most: -1), at: time(0))
        }
        #expect(error.map { "\($0)".hasSuffix(": a limit below zero") } == true)
    }
}

@Suite struct `A function without state` {
    private static let odd = SideOutput<Int>("odd")

    private func step(
        _ context: SubtaskContext, _ next: Step<Int>, odd: OutputProbe<Int>
    ) throws -> Step<Int> {
        struct Splitting: ProcessFunction {
            var sideOutputs: [any SideOutputDeclaration] { [SideOutput<Int>("odd")] }
            func process(_ number: Int, context: ProcessContext<Int>) throws {
                if number < 0 { throw TestError("negative") }
                if number % 2 == 1 { return try context.emit(number, to: SideOutput<Int>("odd")) }
                for _ in 0..<number % 5 { context.emit(number) }
            }
        }
        return try processStep(context, into: [AnyStep(next), AnyStep(odd.step)], Splitting())
    }

    @Test(arguments: OrdealRound.all)
    func `splits a stream, in order, against whatever refusals`(round: OrdealRound) throws {
        let odd = OutputProbe<Int>(refusing: round.refusal)
        let harness = try StepHarness(
            .forTesting(batchSize: round.batchSize), refusing: round.refusal
        ) { try step($0, $1, odd: odd) }
        let input = (0..<50).map { ($0, at: time(Int64($0))) }
        if round.isSingly {
            for record in input { try harness.send([record]) }
        } else {
            try harness.send(input)
        }
        try harness.send(.watermark(time(50)))
        try harness.send(.end)
        #expect(odd.records == (0..<50).filter { $0 % 2 == 1 })
        let evens = (0..<50).filter { $0 % 2 == 0 }
        let copies: [Int] = evens.flatMap { Array(repeating: $0, count: $0 % 5) }
        #expect(harness.records == copies)
        for signals in [odd.signals, harness.output.signals] {
            #expect(signals == [.watermark(time(50)), .end])
        }
        #expect(harness.context.counters.passed.current == 50)
        #expect(harness.context.counters.held.current == 0)
    }

    @Test(arguments: [1, 2, 7])
    func `splits a job's stream, keeping splits and watermarks apart`(parallelism: Int) throws {
        let (evens, odds) = (TestSink<WindowResult<Int, Int>>(), TestSink<Int>())
        let splits = (0..<4).map { split in (0..<50).map { $0 * 4 + split } }
        let plan = try plan(parallelism: parallelism) { job in
            let split = job.source(TestSource(splits: splits), as: "numbers")
                .process(emitting: Int.self, sideOutputs: [Self.odd], as: "split") {
                    number, context in
                    if number % 2 == 0 {
                        context.emit(number)
                    } else {
                        try context.emit(number, to: Self.odd)
                    }
                }
            // Below the function each split still has its own watermark: nothing is late.
            split.watermarked(.monotonous) { time(Int64($0)) }
                .keyed { _ in 0 }.windowed(.tumbling(.microseconds(20)), late: .drop)
                .aggregate(Count(), as: "counts").sink(to: evens, as: "evens")
            split.sideOutput(Self.odd).sink(to: odds, as: "odds")
        }
        let summary = try run(plan, seed: 3)
        #expect(summary.ledger.imbalances == [])
        #expect(odds.records.sorted() == (0..<200).filter { $0 % 2 == 1 })
        #expect(evens.records.count == 10 && evens.records.allSatisfy { $0.value == 10 })
    }

    @Test func `names the record that it fails on`() throws {
        let harness = try StepHarness<Int, Int> {
            try step($0, $1, odd: OutputProbe())
        }
        let error = #expect(throws: OperatorFailure.self) { try harness.send(-7, at: time(0)) }
        #expect(
            error.map { "\($0)" }
                == "job 'test', operator 'step', subtask 0, on the record -7: negative")
    }
}
