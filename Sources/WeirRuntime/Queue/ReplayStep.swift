import WeirCore

/// Makes the step that gives an operator the records in flight of a restored checkpoint before anything
/// else, a batch a turn, and after them the watermark that followed them.
///
/// Stands before the steps of an input port, at the head of a chain or, where the edge is fused now,
/// within one. A flush goes through only when all has been handed on, so that no checkpoint is taken before.
func replayStep<Element>(
    _ inFlight: [QueuedRecords<Element>], into next: Step<Element>
) -> Step<Element> {
    if inFlight.isEmpty { return next }
    let replay = Replay(inFlight, next)
    return Step(
        process: { batch in
            if replay.isOver { return try next.process(&batch) }
            return try replay.hold(&batch)
        },
        signal: { signal in
            if replay.isOver { return try next.signal(replay.raised(signal)) }
            return try replay.hold(signal)
        },
        resume: { try replay.resume() })
}

/// What has been restored for a port, and what came meanwhile.
private final class Replay<Element: Sendable> {
    private let inFlight: [QueuedRecords<Element>]
    private let next: Step<Element>
    private var isBegun = false
    private var watermark: Timestamp?
    /// The watermark that the operator has been given: those of inputs that were idle may come later.
    private var floor = Timestamp.earliest
    private let heldBatch = BatchSlot<Element>()
    private var heldSignal: Signal?
    private var isSuspendedBelow = false
    private(set) var isOver = false

    init(_ inFlight: [QueuedRecords<Element>], _ next: Step<Element>) {
        self.inFlight = inFlight
        self.next = next
    }

    func hold(_ batch: inout Batch<Element>) throws -> Progress {
        swap(&heldBatch.batch, &batch)
        return try goOn()
    }

    func hold(_ signal: Signal) throws -> Progress {
        heldSignal = signal
        return try goOn()
    }

    func resume() throws -> Progress {
        if isOver { return try next.resume() }
        if isSuspendedBelow {
            let progress = try next.resume()
            guard progress == .done else { return progress }
            isSuspendedBelow = false
        }
        return try goOn()
    }

    /// A watermark that is not behind the one that was restored.
    func raised(_ signal: Signal) -> Signal {
        if case .watermark(let time) = signal, time < floor { return .watermark(floor) }
        return signal
    }

    private func goOn() throws -> Progress {
        begin()
        if let edge = inFlight.first(where: { !$0.isReplayed }), let slot = edge.takeBatch() {
            let progress = try answer(next.process(&slot.batch))
            return progress == .done ? .yielded : progress
        }
        if let time = watermark {
            watermark = nil
            floor = time
            let progress = try answer(next.signal(.watermark(time)))
            guard progress == .done else { return progress }
        }
        isOver = true
        if !heldBatch.batch.isEmpty { return try answer(next.process(&heldBatch.batch)) }
        guard let signal = heldSignal else { return .done }
        heldSignal = nil
        return try answer(next.signal(raised(signal)))
    }

    /// The port's watermark is the lowest of its edges', where all have one.
    private func begin() {
        guard !isBegun else { return }
        isBegun = true
        let times = inFlight.map { $0.takeWatermark() }
        watermark = times.contains(nil) ? nil : times.compactMap { $0 }.min()
    }

    private func answer(_ progress: Progress) -> Progress {
        isSuspendedBelow = progress != .done
        return progress
    }
}
