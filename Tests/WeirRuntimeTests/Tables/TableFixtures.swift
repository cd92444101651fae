import Testing
import WeirCore
import WeirGraph
import WeirRuntime
import WeirTesting

/// The step of one operator of a job, as the DSL makes it.
///
/// - Parameter define: What the job does with a stream of inputs; must name the operator `tested`.
func testedStep<Input: Sendable, Output>(
    _ context: SubtaskContext, _ next: Step<Output>, _ define: (DataStream<Input>) -> Void
) throws -> Step<Input> {
    let job = JobBuilder(name: "test")
    define(job.source(TestSource<Input>([]), as: "source"))
    let node = try #require(job.graph.operators.first { $0.id.name == "tested" })
    guard case .transform(let body) = node.body else { throw TestError("not a transform") }
    return try body.makeSteps(context, [AnyStep(next)], nil)[0].typed()
}

/// Puts the operator `tested` of a job whose result is a table through every round of the ordeal, and
/// holds its changes against a model that computes the table anew.
///
/// After each mark of the input that must make all pending changes visible, and at the end, the
/// table put together from the changes must be the model's; each change must fit the one before it;
/// and the ledger must balance after each call.
///
/// - Parameters:
///   - isVisible: Whether all changes before a mark must be visible after it.
///   - model: The rows that the given records and marks lead to.
func checkTable<Input: Sendable, Key: StreamKey, Row: Equatable & Sendable>(
    _ input: [Emission<Input>], isVisible: (Signal) -> Bool = { $0 == .flush || $0 == .end },
    rounds: [OrdealRound] = OrdealRound.all + OrdealRound.restored,
    _ define: (DataStream<Input>) -> KeyedTable<Key, Row>,
    model: ([Emission<Input>]) -> [Key: Row]
) throws {
    for round in rounds {
        func make() throws -> StepHarness<Input, KeyedChange<Key, Row>> {
            try StepHarness(
                .forTesting(batchSize: round.batchSize), refusing: round.refusal
            ) { context, next in try testedStep(context, next) { _ = define($0) } }
        }
        var harness = try make()
        var base: StepSnapshot?
        var view = TableView<Key, Row>()
        var applied = 0
        var pending: [(Input, at: Timestamp)] = []
        for (index, item) in input.enumerated() {
            switch item {
            case .record(let record, let time):
                if round.isSingly {
                    try harness.send(record, at: time)
                } else {
                    pending.append((record, at: time))
                }
            case .signal(let signal):
                try harness.send(pending)
                pending = []
                try harness.send(signal)
                let changes = harness.records
                for change in changes[applied...] { try view.applyChecked(change) }
                applied = changes.count
                if isVisible(signal) {
                    #expect(
                        view.rows == model(Array(input[...index])),
                        "\(round), after \(index + 1) of \(input)")
                }
            }
            try harness.context.counters.requireBalance()
            guard let rhythm = round.rhythm else { continue }
            if case .signal(.end) = item { continue }
            if case .every(let calls) = rhythm, !index.isMultiple(of: calls) { continue }
            let saved = try harness.snapshot(since: base)
            for change in harness.records[applied...] { try view.applyChecked(change) }
            applied = harness.records.count
            base = base == nil && rhythm != .every(1) ? saved : nil
            guard base == nil else { continue }
            // Another takes its place, and goes on from there.
            harness = try make()
            try harness.restore(from: saved)
            applied = 0
        }
        #expect(harness.context.counters.held.current == 0)
        #expect(harness.output.batchSizes.allSatisfy { $0 <= round.batchSize + 8 })
    }
}

extension OperatorCounters {
    /// Records that are accounted for, in whatever way.
    var accountedFor: Int {
        passed.current + filtered.current + late.current + shed.current + deadLettered.current
            + held.current
    }

    func requireBalance() throws {
        guard received.current == accountedFor else {
            throw TestError(
                "received \(received.current), passed \(passed.current), filtered "
                    + "\(filtered.current), late \(late.current), held \(held.current)")
        }
    }
}

/// Random records of few keys, values and times, with flushes and watermarks between, and an end.
func randomEvents(
    _ count: Int, keys: Int = 4, values: Int = 6, times: Int64 = 40, seed: UInt64
) -> [Emission<Event>] {
    var random = SeededGenerator(seed: seed)
    var mark: Int64 = 0
    var events: [Emission<Event>] = []
    for _ in 0..<count {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: events.append(.signal(.flush))
        case 1:
            mark += Int64.random(in: 0...8, using: &random)
            events.append(.watermark(Timestamp(microseconds: mark)))
        default:
            let event = Event(
                Int.random(in: 0..<keys, using: &random),
                Int.random(in: 0..<values, using: &random),
                at: max(-5, mark - 3) + Int64.random(in: 0...times / 4, using: &random))
            events.append(.record(event, at: event.at))
        }
    }
    return events + [.signal(.flush), .end]
}

/// Every way to coalesce that the tests go through.
let coalescings: [UpdateCoalescing] = [
    .automatic, .eachRecord, .atMost(records: 3, within: .seconds(1)),
]
