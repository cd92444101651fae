import WeirCore

/// What the steps of asynchronous operators are made of: the batch at hand, the records in flight, and
/// the outputs.
///
/// Takes records until as many are in flight as may be, and then answers that it is suspended: that
/// is back-pressure. Whatever answers has the chain called again, through the clock.
final class AsyncRecordsCore<Input: Sendable, Outcome, Output: Sendable> {
    /// What the operator does with its records.
    struct Calls {
        /// Starts what a record needs; may complete it at once.
        let start: (_ id: UInt64, _ record: Input) throws -> Void
        /// Called when no further record can be started.
        let flush: () -> Void
        /// Completes the records whose calls have answered.
        let collect: () -> Void
        /// Has the chain called again in time.
        let requestTick: () -> Void
        /// Hands what became of a record to the outputs, and counts it.
        let emit: (_ record: Input, _ time: Timestamp, _ outcome: Outcome) throws -> Void
        /// Called once, before the end is passed on.
        let end: () throws -> Void
    }

    let context: SubtaskContext
    let outputs: FunctionOutputs<Output>
    var inFlight: InFlightRecords<Input, Outcome>
    /// What is done with the records; set once, before the first.
    var calls: Calls?
    private let capacity: Int
    private let counters: OperatorCounters
    private var input = Batch<Input>()
    private var row = 0
    /// A flush or tick, to be passed on when its work is done.
    private var passing: Signal?
    private var isEnding = false
    private var hasEnded = false

    init(
        _ context: SubtaskContext, outputs: FunctionOutputs<Output>, order: AsyncOrder,
        capacity: Int
    ) {
        self.context = context
        self.outputs = outputs
        self.capacity = max(1, capacity)
        counters = context.counters
        inFlight = InFlightRecords(order)
        context.kept.keep(
            "in-flight",
            KeptValue<[InFlightItem<Input>]>(
                distribution: .subtask, get: { [weak self] in self?.inFlight.items },
                set: { [weak self] saved, _ in try self?.restart(saved.map(\.value)) }))
    }

    /// Calls again for the records that were in flight when a checkpoint was taken.
    ///
    /// Of several subtasks, none's watermark holds for the records of the others: the lowest follows
    /// them all.
    private func restart(_ saved: [[InFlightItem<Input>]]) throws {
        var latest: [Timestamp] = []
        for items in saved {
            var last: Timestamp?
            for item in items {
                switch item {
                case .record(let record, let time): try start(record, at: time)
                case .watermark(let time):
                    last = time
                    if saved.count == 1 { inFlight.add(.watermark(time)) }
                case .idle: if saved.count == 1 { inFlight.add(.idle) }
                }
            }
            if let last { latest.append(last) }
        }
        if saved.count > 1, latest.count == saved.count, let lowest = latest.min() {
            inFlight.add(.watermark(lowest))
        }
        guard inFlight.count > 0 || !latest.isEmpty else { return }
        calls?.flush()
        // Marks may be ready to leave, and answers may be known already.
        context.clock.requestTick()
    }

    private func start(_ record: Input, at time: Timestamp) throws {
        let id = inFlight.add(record, at: time)
        do { try calls?.start(id, record) } catch {
            throw RecordError(record: record, cause: error)
        }
    }

    /// The step that feeds it.
    var step: Step<Input> {
        Step(
            process: { [self] batch in
                counters.received.add(batch.count)
                counters.held.add(batch.count)
                swap(&input, &batch)
                outputs.setSplit(input.split)
                return try context.attributing { try run() }
            },
            signal: { [self] signal in
                switch signal {
                case .watermark, .idle: inFlight.add(signal)
                case .end:
                    inFlight.add(signal)
                    isEnding = true
                case .flush, .tick, .barrier: passing = signal
                }
                return try context.attributing { try run() }
            },
            resume: { [self] in
                let progress = try outputs.resume()
                guard progress == .done else { return progress }
                return try context.attributing { try run() }
            })
    }

    private func run() throws -> Progress {
        guard let calls else { return .done }
        if !hasEnded { calls.collect() }
        while !hasEnded {
            if let mark = inFlight.readyMark {
                let progress = try outputs.handOver()
                if progress != .done { return progress }
                inFlight.removeReadyMark()
                let answer = try pass(mark)
                if answer != .done { return answer }
            } else if let (record, time, outcome) = inFlight.popReady() {
                counters.held.add(-1)
                try calls.emit(record, time, outcome)
                guard outputs.isFull else { continue }
                let progress = try outputs.handOver()
                if progress != .done { return progress }
            } else if try !startMore() {
                break
            }
        }
        let progress = try outputs.handOver()
        if progress != .done { return progress }
        return try finish(calls)
    }

    private func pass(_ mark: Signal) throws -> Progress {
        if mark == .end {
            hasEnded = true
            try calls?.end()
        }
        return try outputs.signal(mark)
    }

    /// Starts what may be started; answers whether that was anything.
    private func startMore() throws -> Bool {
        let first = row
        while row < input.count, inFlight.count < capacity {
            try start(input[row], at: input.time(at: row))
            row += 1
        }
        guard row > first else { return false }
        calls?.flush()
        return true
    }

    private func finish(_ calls: Calls) throws -> Progress {
        if !hasEnded { calls.requestTick() }
        guard row == input.count else { return .suspended }
        input.removeAll()
        row = 0
        if let signal = passing {
            passing = nil
            let progress = try outputs.signal(signal)
            if progress != .done { return progress }
        }
        return isEnding && !hasEnded ? .suspended : .done
    }
}
