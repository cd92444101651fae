import WeirCore

/// One input port of a tasklet: the queues that lead to it, merged.
///
/// Takes from the queues in turn; their marks are merged as ``SignalMerger`` says. A queue whose
/// barrier has come is left alone until those of all others have, or have ended: what follows it
/// belongs to the next epoch.
final class InputGate<Element: Sendable> {
    private let queues: [BoundedQueue<Element>]
    private let step: Step<Element>
    private let slot = BatchSlot<Element>()
    private let alignment: BarrierAlignment
    /// The first of this gate's inputs among all that `alignment` knows.
    private let firstInput: Int
    private var merger: SignalMerger
    private var turn = 0

    init(
        queues: [BoundedQueue<Element>], step: Step<Element>, marks: SplitWatermarks,
        alignment: BarrierAlignment = BarrierAlignment()
    ) {
        self.queues = queues
        self.step = step
        self.alignment = alignment
        firstInput = alignment.addInputs(queues.count)
        merger = SignalMerger(marks)
    }

    /// Takes one batch or mark and gives it to the step.
    ///
    /// - Returns: The step's answer; `nil` when all queues that may be read are empty.
    func poll() throws -> Progress? {
        for _ in queues.indices {
            let index = turn
            turn = turn + 1 == queues.count ? 0 : turn + 1
            if alignment.isHeldBack(firstInput + index) { continue }
            switch queues[index].pop(into: &slot.batch) {
            case .nothing: continue
            case .batch:
                merger.noteRecords(from: index)
                // Splits are the producer's; whatever comes over an exchange counts as one.
                slot.batch.split = 0
                return try step.process(&slot.batch)
            case .signal(.barrier(let epoch)):
                alignment.note(epoch, from: firstInput + index)
                return .done
            case .signal(let signal):
                if signal == .end { alignment.noteEnd(of: firstInput + index) }
                guard let merged = merger.note(signal, from: index) else { return .done }
                return try step.signal(merged)
            }
        }
        return nil
    }

    /// Whether all queues have ended.
    var isEnded: Bool { merger.open == 0 }
    func flush() throws -> Progress { isEnded ? .done : try step.signal(.flush) }
    func signal(_ signal: Signal) throws -> Progress { try step.signal(signal) }
    func resume() throws -> Progress { try step.resume() }
}
