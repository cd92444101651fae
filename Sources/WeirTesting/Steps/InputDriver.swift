public import WeirCore

/// Feeds one input port of a step as the runtime would: batches and marks in order, and `resume`
/// until the step is done whenever it answers that its output is full.
///
/// A step that can read a shared batch gets every other one so.
///
/// For one thread.
public final class InputDriver<Element> {
    /// How often the step has answered that it was not done.
    public private(set) var suspensions = 0
    /// Whether the end has been handed over.
    public private(set) var hasEnded = false
    private let step: Step<Element>
    private var batch = Batch<Element>()
    private var isNextShared = false
    private let state: OperatorState?

    /// Drives `step`, which nothing else may call.
    ///
    /// - Parameter context: Where the step runs; with it, each call is a turn of the subtask.
    public init(_ step: Step<Element>, in context: SubtaskContext? = nil) {
        self.step = step
        state = context?.kept
    }

    /// Hands over records as one batch.
    ///
    /// - Parameter split: The split that they come from.
    /// - Throws: What the step throws; ``StepContractViolation`` when it left rows in the batch or
    ///   does not stop answering that it is not done.
    public func send(_ records: [(Element, at: Timestamp)], split: Int = 0) throws {
        guard !records.isEmpty else { return }
        try state?.beginTurn()
        for (record, time) in records { batch.append(record, at: time) }
        batch.split = Int32(truncatingIfNeeded: split)
        try settle(handOver())
    }

    private func handOver() throws -> Progress {
        if let processShared = step.processShared {
            isNextShared.toggle()
            if !isNextShared { return try share(through: processShared) }
        }
        let progress = try step.process(&batch)
        guard batch.isEmpty else {
            throw StepContractViolation("a step left \(batch.count) rows in the batch it was given")
        }
        return progress
    }

    private func share(
        through processShared: (borrowing Batch<Element>) throws -> Progress
    ) throws -> Progress {
        defer { batch.removeAll() }
        let before = described()
        let progress = try processShared(batch)
        guard described() == before else {
            throw StepContractViolation("a step changed the batch that others were still to see")
        }
        return progress
    }

    /// The number of rows, and the first few of them as text.
    private func described() -> [String] {
        ["\(batch.count)"] + batch.indices.prefix(8).map { "\(batch[$0]) \(batch.time(at: $0))" }
    }

    /// Hands over one record.
    public func send(_ record: Element, at time: Timestamp = .epoch, split: Int = 0) throws {
        try send([(record, at: time)], split: split)
    }

    /// Hands over a mark.
    public func send(_ signal: Signal) throws {
        if signal == .end { hasEnded = true }
        try state?.beginTurn()
        try settle(step.signal(signal))
    }

    private func settle(_ first: Progress) throws {
        var progress = first
        var resumes = 0
        while progress != .done {
            suspensions += 1
            resumes += 1
            guard resumes < 10_000_000 else {
                throw StepContractViolation("a step was resumed \(resumes) times and is not done")
            }
            progress = try step.resume()
        }
    }
}
