import WeirCore

/// Makes the step at the end of a chain that hands records and marks to a queue.
///
/// When the queue is full it keeps the one batch or mark that was refused and suspends the chain.
func queueStep<Element>(to queue: BoundedQueue<Element>) -> Step<Element> {
    let held = BatchSlot<Element>()
    var heldSignal: Signal?
    return Step(
        process: { batch in
            if batch.isEmpty || queue.push(&batch) { return .done }
            swap(&held.batch, &batch)
            return .suspended
        },
        signal: { signal in
            switch signal {
            case .flush, .tick: return .done
            case .watermark, .idle, .barrier, .end:
                if queue.push(signal) { return .done }
                heldSignal = signal
                return .suspended
            }
        },
        resume: {
            if !held.batch.isEmpty {
                return queue.push(&held.batch) ? .done : .suspended
            }
            if let signal = heldSignal {
                guard queue.push(signal) else { return .suspended }
                heldSignal = nil
            }
            return .done
        })
}
