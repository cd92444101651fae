import WeirCore

/// One input port of a tasklet: the queues that lead to it, merged.
///
/// Takes from the queues in turn. Watermarks are merged by minimum over the queues that are neither
/// idle nor ended; the port has ended when all of them have.
final class InputGate<Element: Sendable> {
    private let queues: [BoundedQueue<Element>]
    private let step: Step<Element>
    private let marks: SplitWatermarks
    private let slot = BatchSlot<Element>()
    private var hasEnded: [Bool]
    private var open: Int
    private var turn = 0
    private var sent = Timestamp.earliest
    private var sentIdle = false

    init(queues: [BoundedQueue<Element>], step: Step<Element>, marks: SplitWatermarks) {
        self.queues = queues
        self.step = step
        self.marks = marks
        hasEnded = Array(repeating: false, count: queues.count)
        open = queues.count
    }

    /// Takes one batch or mark and gives it to the step.
    ///
    /// - Returns: The step's answer; `nil` when all queues are empty.
    func poll() throws -> Progress? {
        for _ in queues.indices {
            let index = turn
            turn = turn + 1 == queues.count ? 0 : turn + 1
            switch queues[index].pop(into: &slot.batch) {
            case .nothing: continue
            case .batch:
                marks.advance(index, to: .earliest)
                return try step.process(&slot.batch)
            case .signal(let signal): return try note(signal, from: index)
            }
        }
        return nil
    }

    private func note(_ signal: Signal, from index: Int) throws -> Progress {
        switch signal {
        case .watermark(let time): marks.advance(index, to: time)
        case .idle: marks.setIdle(index)
        case .flush: return .done
        case .end:
            guard !hasEnded[index] else { return .done }
            hasEnded[index] = true
            marks.setEnded(index)
            open -= 1
            if open == 0 { return try step.signal(.end) }
        }
        return try sendMerged()
    }

    private func sendMerged() throws -> Progress {
        guard let merged = marks.merged() else {
            if sentIdle { return .done }
            sentIdle = true
            return try step.signal(.idle)
        }
        guard merged > sent || sentIdle else { return .done }
        sentIdle = false
        sent = max(sent, merged)
        return try step.signal(.watermark(sent))
    }

    /// Whether all queues have ended.
    var isEnded: Bool { open == 0 }
    func flush() throws -> Progress { isEnded ? .done : try step.signal(.flush) }
    func resume() throws -> Progress { try step.resume() }
}
