public import WeirCore
public import WeirGraph

extension DataStream {
    /// This stream, held back so that no more than so many records a second go on.
    ///
    /// Nothing is dropped: what comes faster waits, and the source with it. Each subtask has an equal
    /// share of the rate; give the operator few subtasks, or an even input, if all of it is to be used.
    /// Records go on one by one, `1/rate` apart; after a pause `burst` of them may go at once. Over any
    /// span *t* at most `rate · t + burst` records go on, but for those that a late call of the clock
    /// has to make up for.
    ///
    /// - Parameters:
    ///   - recordsPerSecond: The rate of all subtasks together; at least 1.
    ///   - burst: How many records a subtask that has waited may hand on at once; at least 1.
    public func rateLimited(
        recordsPerSecond: Int, burst: Int = 1, as name: String? = nil
    ) -> DataStream<Element> {
        let body = TransformBody { context, outputs, _ in
            [
                AnyStep(
                    rateLimitStep(
                        context, into: try outputs.step(0) as Step<Element>,
                        recordsPerSecond: recordsPerSecond, burst: burst))
            ]
        }
        let id = job.add(
            .rateLimited, as: name, detail: "\(recordsPerSecond) a second",
            inputs: [GraphEdge(from: output)], outputTypes: [Element.self], body: .transform(body))
        if recordsPerSecond < 1 || burst < 1 {
            job.report(
                GraphProblem(
                    id, "nothing could pass \(recordsPerSecond) a second with bursts of \(burst)",
                    mend: "Give a rate and a burst of at least 1"))
        }
        return DataStream(job: job, output: OutputReference(id))
    }
}

/// Makes the step that holds records back to keep to its subtask's share of a rate.
public func rateLimitStep<Element: Sendable>(
    _ context: SubtaskContext, into next: Step<Element>, recordsPerSecond: Int, burst: Int = 1
) -> Step<Element> {
    let limiter = RateLimiter<Element>(
        context, next,
        RateAllowance(
            recordsPerSecond: recordsPerSecond, shares: context.parallelism, burst: burst))
    return Step(
        process: { try limiter.process(&$0) }, signal: { try limiter.signal($0) },
        resume: { try limiter.resume() })
}

/// When the next record may go on.
///
/// Source: the virtual scheduling algorithm (GCRA) of ITU-T I.371, with time counted in
/// microseconds times the rate, so that any rate is exact.
struct RateAllowance {
    private let rate: Int128
    /// Between two records, and the head start of a burst, in microseconds times rate.
    private let interval: Int128
    private let tolerance: Int128
    /// When the next record is expected, in microseconds times rate.
    private var expected = Int128.min
    private var wasWaiting = false

    init(recordsPerSecond: Int, shares: Int, burst: Int) {
        rate = Int128(max(1, recordsPerSecond))
        interval = 1_000_000 * Int128(max(1, shares))
        tolerance = interval * Int128(max(1, burst) - 1)
    }

    /// Whether a record may go on at `now`; counts it if so.
    mutating func take(at now: Timestamp) -> Bool {
        let moment = Int128(now.microseconds) * rate
        // What has waited keeps its place, however late the clock calls; a pause earns no more than
        // a burst.
        if !wasWaiting { expected = max(expected, moment) }
        guard moment >= expected - tolerance else {
            wasWaiting = true
            return false
        }
        expected += interval
        return true
    }

    /// Notes that nothing waits, here or further up.
    mutating func noteIdle() { wasWaiting = false }

    /// When the next record may go on.
    var nextTime: Timestamp { time(expected - tolerance) }

    /// When the next record is expected, for checkpoints; rounded up to a microsecond.
    var debt: Timestamp { time(expected) }

    /// Goes on from what a checkpoint had, so that a restart is no way around the rate.
    mutating func take(over debt: Timestamp) {
        guard debt != .earliest else { return }
        expected = Int128(debt.microseconds) * rate
    }

    private func time(_ moment: Int128) -> Timestamp {
        let (quotient, remainder) = moment.quotientAndRemainder(dividingBy: rate)
        return Timestamp(microseconds: Int64(clamping: quotient + (remainder > 0 ? 1 : 0)))
    }
}

/// The batch that is held back.
private final class RateLimiter<Element: Sendable> {
    private let context: SubtaskContext
    private let next: Step<Element>
    private var allowance: RateAllowance
    private var input = Batch<Element>()
    private var row = 0
    private var output: Batch<Element>

    init(_ context: SubtaskContext, _ next: Step<Element>, _ allowance: RateAllowance) {
        self.context = context
        self.next = next
        self.allowance = allowance
        output = Batch(capacity: context.batchSize)
        context.kept.keep(
            "allowance",
            KeptValue(distribution: .shared, get: { [weak self] in self?.allowance.debt }) {
                [weak self] saved, ownership in
                // Each is owed to the rate that it was counted at.
                guard let debt = saved.last(where: { $0.state.isCounted(by: ownership) }) else {
                    return
                }
                self?.allowance.take(over: debt.value)
            })
    }

    func process(_ batch: inout Batch<Element>) throws -> Progress {
        context.counters.received.add(batch.count)
        context.counters.held.add(batch.count)
        swap(&input, &batch)
        return try run()
    }

    func signal(_ signal: Signal) throws -> Progress {
        // The input pauses: no record is kept waiting here or above.
        if signal == .flush { allowance.noteIdle() }
        return try next.signal(signal)
    }

    func resume() throws -> Progress {
        let progress = try next.resume()
        guard progress == .done else { return progress }
        return try run()
    }

    /// Hands on what may go on by now. Suspended until the rest may: that holds back the source.
    private func run() throws -> Progress {
        guard !input.isEmpty else { return .done }
        let now = context.clock.now()
        let first = row
        while row < input.count, allowance.take(at: now) {
            output.append(input[row], at: input.time(at: row))
            row += 1
        }
        let progress = try handOver(row - first)
        if row < input.count {
            context.clock.requestTick(at: allowance.nextTime)
            return progress == .done ? .suspended : progress
        }
        input.removeAll()
        row = 0
        return progress
    }

    private func handOver(_ count: Int) throws -> Progress {
        guard count > 0 else { return .done }
        context.counters.held.add(-count)
        context.counters.passed.add(count)
        context.counters.emitted.add(count)
        output.split = input.split
        return try next.process(&output)
    }
}
