public import WeirCore

/// What the two ports of a join outside windows share: their merged watermark, the output, and where
/// they go on after the output has refused more.
///
/// Confined to one worker. Of the two ports at most one is in the middle of its input.
@usableFromInline
final class JoinCore<Left: Sendable, Right: Sendable, Output> {
    @usableFromInline let context: SubtaskContext
    @usableFromInline let counters: OperatorCounters
    @usableFromInline let outputs: MainAndLateOutput<Output, JoinSide<Left, Right>>
    @usableFromInline let limit: Int
    // Rows are looked at and put out one by one, so access is not checked for overlaps at run time: in an
    // interval join that was a twelfth of all it does. The job's functions, which run while a row is
    // put out, cannot reach this object.
    @exclusivity(unchecked) @usableFromInline var output: Batch<Output>
    @usableFromInline var merger = SignalMerger(SplitWatermarks(count: 2))
    /// The merged watermark of the two sides.
    @exclusivity(unchecked) @usableFromInline var watermark = Timestamp.earliest
    /// The mark that follows the rows being put out.
    @usableFromInline var pendingSignal: Signal?

    @inlinable init(
        _ context: SubtaskContext, into next: Step<Output>, late: Step<JoinSide<Left, Right>>?
    ) {
        self.context = context
        counters = context.counters
        outputs = MainAndLateOutput(main: next, late: late, counters: context.counters)
        limit = max(1, context.batchSize)
        output = Batch(capacity: context.batchSize)
        context.keepInputs(of: self, \.merger)
        context.keepTime("watermark", of: self, \.watermark)
    }

    /// Whether a record is behind the watermark, so that partners of it may be gone.
    @inlinable func isLate(_ time: Timestamp) -> Bool {
        time <= watermark && watermark != .earliest
    }

    /// Whether the output has room for a row.
    @inlinable var hasRoom: Bool { output.count < limit }

    /// Counts a record that came in and is kept no longer.
    @inlinable func release(_ records: Int = 1) {
        counters.held.add(-records)
        counters.passed.add(records)
    }

    /// Sets a late record aside.
    @inlinable func noteLate(_ record: JoinSide<Left, Right>, at time: Timestamp) {
        counters.held.add(-1)
        outputs.noteLate(record, at: time)
    }

    /// Makes the step of one port.
    ///
    /// Both functions put out rows until the output is full or they have no more, and answer whether
    /// they are done; those that are not are called again.
    ///
    /// - Parameters:
    ///   - join: Joins the rows of a batch, and drops those that it has dealt with.
    ///   - advance: Does what a watermark or the end brings, before that is handed on.
    @inlinable func step<Input>(
        _ port: Int, join: @escaping (inout Batch<Input>) throws -> Bool,
        advance: @escaping (Signal) throws -> Bool
    ) -> Step<Input> {
        let input = JoinInput<Input>()
        return Step(
            process: { [self] batch in
                merger.noteRecords(from: port)
                counters.received.add(batch.count)
                counters.held.add(batch.count)
                swap(&input.batch, &batch)
                input.isPending = true
                return try goOn(input, join, advance)
            },
            signal: { [self] signal in
                guard let merged = merger.note(signal, from: port) else { return .done }
                switch merged {
                case .flush, .tick, .idle, .barrier: return try outputs.signal(merged)
                case .watermark(let time): watermark = max(watermark, time)
                case .end: watermark = .latest
                }
                pendingSignal = merged
                return try goOn(input, join, advance)
            },
            resume: { [self] in
                let progress = try outputs.resume()
                return progress == .done ? try goOn(input, join, advance) : progress
            })
    }

    @inlinable func goOn<Input>(
        _ input: JoinInput<Input>, _ join: (inout Batch<Input>) throws -> Bool,
        _ advance: (Signal) throws -> Bool
    ) throws -> Progress {
        if input.isPending {
            let progress = try putOut { try join(&input.batch) }
            guard progress == .done else { return progress }
            input.isPending = false
            return try outputs.sendLate()
        }
        guard let signal = pendingSignal else { return .done }
        let progress = try putOut { try advance(signal) }
        guard progress == .done else { return progress }
        pendingSignal = nil
        return try outputs.signal(signal)
    }

    /// Calls `body`, which fills the output, and hands that over, until `body` is done, the output
    /// refuses more, or others should have a turn.
    @inlinable func putOut(_ body: () throws -> Bool) throws -> Progress {
        var batchesLeft = 32
        while true {
            let isDone = try context.attributing(body)
            if !output.isEmpty && (isDone || !hasRoom) {
                let progress = try outputs.send(&output)
                if progress != .done { return progress }
                batchesLeft -= 1
            }
            if isDone { return .done }
            if batchesLeft <= 0 { return .yielded }
        }
    }
}

/// The batch that one port of a join is in the middle of.
@usableFromInline
final class JoinInput<Element> {
    @usableFromInline var batch = Batch<Element>()
    @usableFromInline var isPending = false

    @inlinable init() {}
}

/// Joins the rows of one port's batch until the output is full; answers whether all are joined: the
/// record loop, formed where the key's function is known.
@usableFromInline
typealias JoinLoop<Input, State> =
    @Sendable (_ batch: inout Batch<Input>, _ state: State) throws ->
    Bool

extension Batch {
    /// Sees to it that each row carries the hash of its key, unless an exchange has.
    @inlinable @inline(__always) mutating func assignMissingHashes<Key: StreamKey>(
        _ keyOf: (Element) -> Key
    ) {
        // An empty batch is filled again by others, and must not say that its rows have hashes.
        if !hasHashes && !isEmpty { assignHashes { keyOf($0).stableHash } }
    }
}
