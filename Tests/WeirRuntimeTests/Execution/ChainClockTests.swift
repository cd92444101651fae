import Testing
import WeirCore
import WeirGraph
import WeirState
import WeirTesting

@testable import WeirRuntime

/// A whole job with a step that holds its records until processing time is late enough.
@Suite struct `A chain's clock` {
    /// Holds each record for `span` of processing time, then puts out its delay in microseconds.
    private func delayed(
        _ stream: DataStream<Int>, by span: Duration, through exchange: Bool
    ) -> DataStream<Int64> {
        let make: @Sendable (SubtaskContext, Step<Int64>) -> Step<Int> = { context, next in
            let held = BatchSlot<Int>()
            var due: [Timestamp] = []
            var output = Batch<Int64>()
            func release(at now: Timestamp) throws -> Progress {
                let ready = due.prefix { $0 <= now }
                guard !ready.isEmpty else { return .done }
                for time in ready {
                    output.append(now.microseconds - time.microseconds, at: .epoch)
                }
                due.removeFirst(ready.count)
                held.batch.removeFirst(ready.count)
                context.counters.held.add(-ready.count)
                context.counters.passed.add(ready.count)
                context.counters.emitted.add(ready.count)
                if let first = due.first { context.clock.requestTick(at: first) }
                return try next.process(&output)
            }
            return Step(
                process: { batch in
                    let time = context.clock.now() + span
                    context.counters.received.add(batch.count)
                    context.counters.held.add(batch.count)
                    for _ in batch.indices { due.append(time) }
                    held.batch.moveRows(from: &batch, startingAt: 0)
                    context.clock.requestTick(at: time)
                    return .done
                },
                signal: { signal in
                    var progress = Progress.done
                    if case .tick(let now) = signal { progress = try release(at: now) }
                    if signal == .end, let last = due.last { progress = try release(at: last) }
                    guard progress == .done else { throw StepContractViolation("not expected") }
                    return try next.signal(signal)
                }, resume: next.resume)
        }
        let body = TransformBody { context, outputs, _ in
            [AnyStep(make(context, try outputs.step(0)))]
        }
        let from =
            exchange
            ? stream.keyed(by: { $0 }).edge() : GraphEdge(from: stream.output)
        let id = stream.job.add(
            .process, as: "delayed", inputs: [from], outputTypes: [Int64.self],
            needsWatermarks: false, body: .transform(body))
        return DataStream(job: stream.job, output: OutputReference(id))
    }

    /// The source's last record comes a virtual minute after the others, so that time can pass.
    @Test(arguments: [1, 2], [false, true])
    func `ticks at the time that was asked for`(parallelism: Int, exchange: Bool) throws {
        for seed in 0..<20 as Range<UInt64> {
            let script = (0..<parallelism).map { _ -> [TestSource<Int>.Read] in
                [.records(Array(0..<50)), .silence(.seconds(60)), .records([99])]
            }
            let sink = TestSink<Int64>()
            let plan = try plan(parallelism: parallelism) { job in
                delayed(
                    job.source(TestSource(script), as: "numbers"), by: .seconds(30),
                    through: exchange
                )
                .sink(to: sink, as: "delays")
            }
            let summary = try run(plan, seed: seed)
            #expect(summary.ledger.isBalanced)
            #expect(sink.records.count == 51 * parallelism)
            // Virtual time goes on by up to 0.1 ms whenever it is read.
            #expect(sink.records.allSatisfy { $0 >= 0 && $0 < 1_000_000 }, "\(sink.records)")
        }
    }
}
