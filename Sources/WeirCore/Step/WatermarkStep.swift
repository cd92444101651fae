/// Makes the step that gives records their event times and sends watermarks.
///
/// Keeps a watermark for each split of the source above it and sends the merged one: after every
/// few batches, so that marks stay rare beside records, and whenever the input pauses. Watermarks
/// from above are replaced.
@inlinable
public func watermarkStep<Element>(
    _ context: SubtaskContext, into next: Step<Element>, _ strategy: WatermarkStrategy,
    _ timeOf: @escaping (Element) throws -> Timestamp
) -> Step<Element> {
    watermarkStep(context, into: next, strategy, assigning: { try $0.assignTimes(timeOf) })
}

/// Makes the same step from a loop over a batch, formed where the user's function is known; see
/// ``mapStep(_:into:mapping:mappingShared:)``.
@inlinable
public func watermarkStep<Element>(
    _ context: SubtaskContext, into next: Step<Element>, _ strategy: WatermarkStrategy,
    assigning assignTimes: @escaping (inout Batch<Element>) throws -> Timestamp
) -> Step<Element> {
    let state = WatermarkState(context, next, strategy)
    let counters = context.counters
    let process = next.process
    return Step(
        process: { batch in
            let count = batch.count
            counters.received.add(count)
            let latest = try context.attributing { try assignTimes(&batch) }
            state.observe(latest, split: Int(batch.split), rows: count)
            counters.passed.add(count)
            counters.emitted.add(count)
            let progress = try process(&batch)
            guard progress == .done, state.isDue else { return progress }
            return try state.emit()
        },
        signal: { try state.signal($0) },
        resume: next.resume)
}

/// The watermarks of a subtask's splits, and what has been sent of them.
@usableFromInline
final class WatermarkState {
    private let next: (Signal) throws -> Progress
    private let splits: SplitWatermarks
    private let bound: Int64?
    // All of one worker, and nothing that is called while they change comes back here.
    @exclusivity(unchecked) private var sent = Timestamp.earliest
    @exclusivity(unchecked) private var sentIdle = false
    /// Whether records went by since this stream was last said to be idle, which ended that.
    @exclusivity(unchecked) private var hasRecords = false
    @exclusivity(unchecked) @usableFromInline var rowsSinceSent = 0
    @usableFromInline let interval: Int

    @usableFromInline init<Element>(
        _ context: SubtaskContext, _ next: Step<Element>, _ strategy: WatermarkStrategy
    ) {
        self.next = next.signal
        splits = context.splits.tracked(by: strategy)
        bound = strategy.bound.map { $0.wholeMicroseconds }
        // Every mark makes an exchange send short batches to all its targets, so the more of them
        // there are, the rarer the marks.
        interval = context.batchSize * context.parallelism
        keep(in: context)
    }

    @inlinable var isDue: Bool { rowsSinceSent >= interval }

    @usableFromInline func observe(_ latest: Timestamp, split: Int, rows: Int) {
        guard rows > 0 else { return }
        // Below a window or an exchange all records count as one split.
        let split = split < splits.count ? split : 0
        rowsSinceSent += rows
        hasRecords = true
        guard let bound else { return splits.advance(split, to: .earliest) }
        let mark = Timestamp(microseconds: latest.microseconds)
            .advanced(byMicroseconds: -bound).advanced(byMicroseconds: -1)
        splits.advance(split, to: mark)
    }

    @usableFromInline func emit() throws -> Progress {
        rowsSinceSent = 0
        guard let merged = splits.merged() else {
            if sentIdle && !hasRecords { return .done }
            sentIdle = true
            hasRecords = false
            return try next(.idle)
        }
        guard merged > sent || sentIdle else { return .done }
        sentIdle = false
        sent = max(sent, merged)
        return try next(.watermark(sent))
    }

    @usableFromInline func signal(_ signal: Signal) throws -> Progress {
        switch signal {
        case .watermark: return .done
        case .tick, .barrier: return try next(signal)
        case .idle:
            splits.setAllIdle()
            return try emit()
        case .end: return try next(.end)
        case .flush:
            let progress = try emit()
            // What refused the mark flushes when the input pauses again.
            return progress == .done ? try next(.flush) : progress
        }
    }
}

// MARK: - Checkpoints

extension WatermarkState {
    /// Has checkpoints save what was sent, and the lowest watermark of the splits: what a split has
    /// promised by itself is saved with its position, where it has one.
    private func keep(in context: SubtaskContext) {
        let cell = StateCell(
            layout: {
                StateLayout(
                    arrangement: "cell", distribution: .shared,
                    value: .record(
                        "Watermarks",
                        [
                            .init("sent", .timestamp), .init("isIdle", .bool),
                            .init("hasRecords", .bool), .init("lowest", .timestamp),
                        ]))
            },
            save: { [weak self] in self?.write(to: &$0) },
            load: { [weak self] in try self?.restore($0.ownOrAll($1)) })
        context.kept.keep("watermark", cell)
    }

    private func write(to output: inout StateWriter) {
        output.write(signed: sent.microseconds)
        output.write(byte: sentIdle ? 1 : 0)
        output.write(byte: hasRecords ? 1 : 0)
        let lowest = splits.lowestOpen ?? sent
        output.write(signed: lowest.microseconds)
    }

    private func restore(_ saved: [SavedState]) throws {
        let all = try saved.map { state in
            try state.readCell { reader in
                (
                    sent: Timestamp(microseconds: try reader.readSigned()),
                    isIdle: try reader.readByte() != 0, hasRecords: try reader.readByte() != 0,
                    lowest: Timestamp(microseconds: try reader.readSigned())
                )
            }
        }
        guard let sent = all.map(\.sent).min(), let lowest = all.map(\.lowest).min() else { return }
        self.sent = sent
        sentIdle = all.allSatisfy(\.isIdle)
        hasRecords = all.contains(where: \.hasRecords)
        for split in 0..<splits.count { splits.restore(split, notBefore: lowest, isIdle: sentIdle) }
    }
}
