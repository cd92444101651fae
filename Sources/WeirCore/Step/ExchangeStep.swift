/// Makes the step that sends each record to the subtask that owns its key.
///
/// The hash of the key is computed here, once, and travels with the row. Rows are collected for
/// each target until they fill a batch; a mark in the stream or a pause in the input sends them on
/// as they are.
@inlinable
public func exchangeStep<Element>(
    to targets: [Step<Element>], groups: KeyGroups, batchSize: Int,
    _ hashOf: @escaping (Element) -> UInt64
) -> Step<Element> {
    exchangeStep(
        to: targets, groups: groups, batchSize: batchSize, hashing: { $0.assignHashes(hashOf) })
}

/// Makes the same step from a loop over a batch, which fills the hash column; see
/// ``mapStep(_:into:mapping:mappingShared:)``.
@inlinable
public func exchangeStep<Element>(
    to targets: [Step<Element>], groups: KeyGroups, batchSize: Int,
    hashing assignHashes: @escaping (inout Batch<Element>) -> Void
) -> Step<Element> {
    let state = ExchangeState(targets: targets, batchSize: batchSize)
    let owners = groups.owners(parallelism: targets.count)
    let mask = UInt64(groups.count - 1)
    return Step(
        process: { batch in
            // Hashes that a batch brings along are of another exchange's key.
            assignHashes(&batch)
            owners.withUnsafeBufferPointer { owners in
                batch.scatterRows(to: state.outputs) { owners[Int($0 & mask)] }
            }
            return try state.send(atLeast: batchSize)
        },
        signal: { try state.signal($0) },
        resume: { try state.resume() })
}

/// Makes the step that deals whole batches to the targets in turn.
public func rebalanceStep<Element>(to targets: [Step<Element>]) -> Step<Element> {
    let state = ExchangeState(targets: targets, batchSize: 0)
    var turn = 0
    return Step(
        process: { batch in
            turn = turn + 1 == targets.count ? 0 : turn + 1
            try state.branches.note(turn, targets[turn].process(&batch))
            return state.branches.progress
        },
        signal: { try state.signal($0) },
        resume: { try state.resume() })
}

/// The rows collected for each target of an exchange.
public final class ExchangeState<Element> {
    // SAFETY: `outputs` holds one initialised batch for each target, made in `init` and destroyed
    // in `deinit`; an array cannot hold values that are not copyable.
    @usableFromInline let outputs: UnsafeMutablePointer<Batch<Element>>
    @usableFromInline let targets: [Step<Element>]
    @usableFromInline let branches: BranchStates<Element>
    /// The rows that a target may come to have: a batch, and its share of one more. Batches grown by
    /// doubling would take twice the memory, in every slot of every queue.
    @usableFromInline let room: Int
    @usableFromInline var heldSignal: Signal?

    /// Makes an empty batch of `batchSize` rows for each target.
    @inlinable public init(targets: [Step<Element>], batchSize: Int) {
        self.targets = targets
        branches = BranchStates(targets)
        outputs = .allocate(capacity: targets.count)
        room = batchSize + batchSize / max(1, targets.count) + batchSize / 8
        for index in targets.indices { (outputs + index).initialize(to: Batch(capacity: room)) }
    }

    deinit {
        outputs.deinitialize(count: targets.count)
        outputs.deallocate()
    }

    /// Hands over every target's rows where there are at least so many.
    @inlinable public func send(atLeast rows: Int) throws -> Progress {
        var isRefused = false
        for index in 0..<targets.count where outputs[index].count >= rows {
            if outputs[index].isEmpty { continue }
            let answer = try targets[index].process(&outputs[index])
            // What came back in exchange may be a queue's fresh batch.
            if outputs[index].isEmpty { outputs[index].reserveCapacity(room) }
            if answer != .done {
                branches.note(index, answer)
                isRefused = true
            }
        }
        return isRefused ? branches.progress : .done
    }

    /// Sends what is collected, then the mark, to every target.
    @inlinable public func signal(_ signal: Signal) throws -> Progress {
        // The targets are queues, which no tick crosses.
        if case .tick = signal { return .done }
        let progress = try send(atLeast: 1)
        guard progress == .done else {
            heldSignal = signal
            return progress
        }
        for index in 0..<targets.count {
            try branches.note(index, targets[index].signal(signal))
        }
        return branches.progress
    }

    /// Resumes the targets that refused, then sends the mark that had to wait for them.
    @inlinable public func resume() throws -> Progress {
        let progress = try branches.resume()
        guard progress == .done, let held = heldSignal else { return progress }
        heldSignal = nil
        return try signal(held)
    }
}
