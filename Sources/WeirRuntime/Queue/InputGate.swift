import WeirCore

/// One input port of a tasklet: the queues that lead to it, merged.
///
/// Takes from the queues in turn; their marks are merged as ``SignalMerger`` says. A queue whose
/// barrier has come is left alone until those of all others have, or have ended: what follows it
/// belongs to the next epoch.
final class InputGate<Element: Sendable> {
    /// A queue, and its place in the order.
    ///
    /// Element types are not known here, and reading an array of queues would look up their type each time;
    /// following a reference does not.
    // SAFETY: `next`, and the gate's `turn`, refer to members of the gate's `inputs`, which never change and
    // live as long as the gate; nothing else refers to an input.
    private final class Input {
        let queue: BoundedQueue<Element>
        let index: Int
        unowned(unsafe) var next: Input?

        init(_ queue: BoundedQueue<Element>, index: Int) {
            self.queue = queue
            self.index = index
        }
    }

    private let inputs: [Input]
    private let inputCount: Int
    /// The one to look at next.
    @exclusivity(unchecked) private unowned(unsafe) var turn: Input?
    private let process: (inout Batch<Element>) throws -> Progress
    private let step: Step<Element>
    private let slot = BatchSlot<Element>()
    private let alignment: BarrierAlignment
    /// The first of this gate's inputs among all that `alignment` knows.
    private let firstInput: Int
    /// Of each queue, whether a barrier may overtake the records in it.
    private let mayBeOvertaken: [Bool]
    @exclusivity(unchecked) private var merger: SignalMerger

    init(
        queues: [BoundedQueue<Element>], step: Step<Element>, marks: SplitWatermarks,
        alignment: BarrierAlignment = BarrierAlignment(), mayBeOvertaken: [Bool]? = nil
    ) {
        inputs = queues.enumerated().map { Input($1, index: $0) }
        inputCount = inputs.count
        for (input, next) in zip(inputs, inputs.dropFirst() + inputs.prefix(1)) {
            input.next = next
        }
        turn = inputs.first
        process = step.process
        self.mayBeOvertaken = mayBeOvertaken ?? Array(repeating: false, count: queues.count)
        self.step = step
        self.alignment = alignment
        firstInput = alignment.addInputs(queues.count)
        merger = SignalMerger(marks)
    }

    /// Takes one batch or mark and gives it to the step.
    ///
    /// - Returns: The step's answer; `nil` when all queues that may be read are empty.
    func poll() throws -> Progress? {
        var looks = 0
        while looks < inputCount, let input = turn {
            looks += 1
            turn = input.next
            let index = input.index
            if alignment.isHeldBack(firstInput + index) { continue }
            switch input.queue.pop(into: &slot.batch) {
            case .nothing: continue
            case .batch:
                merger.noteRecords(from: index)
                // Splits are the producer's; whatever comes over an exchange counts as one.
                slot.batch.split = 0
                return try process(&slot.batch)
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

    /// Whether a barrier can go through ahead of the records before it: it has come from each queue or
    /// lies in it, so that nothing that belongs before it is still to come.
    func canBeOvertaken(by epoch: Epoch) -> Bool {
        inputs.allSatisfy { input in
            alignment.hasCome(epoch, from: firstInput + input.index)
                || (mayBeOvertaken[input.index] && input.queue.newestBarrier >= epoch)
        }
    }

    /// Copies the records that the barrier which goes through overtakes, in some of the queues; `nil`
    /// when it overtakes none, because all inputs are aligned.
    func overtakenRecords(
        in range: Range<Int>, _ defect: EngineDefect?
    ) -> OvertakenRecords<Element>? {
        guard let epoch = alignment.overtaking else { return nil }
        var found = OvertakenRecords<Element>()
        for index in range {
            var mark = merger.marks[index]
            var isActive = merger.marks.isActive(index)
            if !alignment.hasCome(epoch, from: firstInput + index) {
                if defect == .inFlightForgotten, index == range.last { continue }
                let end = defect == .inFlightBehindBarrier ? Epoch(.max) : epoch
                inputs[index].queue.inspect(aheadOf: end) { batch, signal in
                    switch signal {
                    case nil:
                        found.add(batch)
                        isActive = true
                    case .watermark(let time):
                        mark = max(mark, time)
                        isActive = true
                    case .idle, .end: isActive = false
                    case .barrier, .flush, .tick: break
                    }
                }
            }
            if isActive { found.noteWatermark(mark) }
        }
        return found
    }

    /// Whether all queues have ended.
    var isEnded: Bool { merger.open == 0 }
    func flush() throws -> Progress { isEnded ? .done : try step.signal(.flush) }
    func signal(_ signal: Signal) throws -> Progress { try step.signal(signal) }
    func resume() throws -> Progress { try step.resume() }
}
