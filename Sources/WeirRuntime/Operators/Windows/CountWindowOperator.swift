public import WeirCore
public import WeirState

/// One subtask of an operator over windows of a number of records, each key's counted by themselves.
///
/// A window of `size` records is emitted with every `slide`-th record of a key; the first windows have
/// fewer. At the end of input, what no window has had is emitted in a last one, as an early pane,
/// since it is not full. (Apache Flink's `countWindow` drops that rest.)
public final class CountWindowOperator<Input, Key: StreamKey, Folded: Aggregate, Output>
where Folded.Input == Input {
    @usableFromInline typealias Counted = CountedRecords<Folded.Accumulator>

    @usableFromInline let slide: Int
    /// The records in a run, and the runs in a window.
    @usableFromInline let runLength: Int
    @usableFromInline let runCount: Int
    @usableFromInline let aggregate: Folded
    @usableFromInline let keyOf: (Input) -> Key
    @usableFromInline let panes: PaneOutput<Key, Folded.Accumulator, Output, Input>
    @usableFromInline let counters: OperatorCounters
    @usableFromInline let table = StateTable<Key, CountedRecords<Folded.Accumulator>>()
    @usableFromInline var input = Batch<Input>()
    @usableFromInline var row = 0
    @usableFromInline var pendingSignal: Signal?
    /// At the end of input, the first key whose rest has not been emitted.
    @usableFromInline var nextRest = 0

    @inlinable init(
        size: Int, slide: Int, _ aggregate: Folded, context: SubtaskContext,
        keyOf: @escaping (Input) -> Key,
        panes: PaneOutput<Key, Folded.Accumulator, Output, Input>
    ) {
        self.slide = slide
        var (left, right) = (size, slide)
        while right != 0 { (left, right) = (right, left % right) }
        runLength = left
        runCount = size / left
        self.aggregate = aggregate
        self.keyOf = keyOf
        self.panes = panes
        counters = context.counters
        context.show("records", table)
        context.keep("windows", table)
    }

    @inlinable func process(_ batch: inout Batch<Input>) throws -> Progress {
        swap(&batch, &input)
        row = 0
        // Rows may have to wait for the output, so they count as held from here on.
        counters.held.add(input.count)
        return try run()
    }

    @inlinable func signal(_ signal: Signal) throws -> Progress {
        pendingSignal = signal
        return try run()
    }

    /// Goes on with whatever is unfinished: panes, rows, at the end the rests, then the mark.
    @inlinable func run() throws -> Progress {
        panes.startTurn()
        while true {
            let progress = try panes.drain()
            if progress != .done { return progress }
            if row < input.count {
                try take(row)
                row &+= 1
            } else if pendingSignal == .end, nextRest < table.count {
                try fireRest()
            } else {
                break
            }
        }
        input.removeAll()
        row = 0
        let progress = try panes.finish()
        if progress != .done { return progress }
        guard let signal = pendingSignal else { return .done }
        if signal == .end { table.removeAll() }
        pendingSignal = nil
        return try panes.outputs.signal(signal)
    }

    @inlinable func take(_ row: Int) throws {
        let key = keyOf(input[row])
        let hash = input.hasHashes ? input.hash(at: row) : key.stableHash
        let time = input.time(at: row)
        do {
            let isEmpty = try table.update(key, hash: hash, initial: { Counted() }) { counted in
                try fold(input[row], at: time, into: &counted)
                counted.sinceWindow &+= 1
                if counted.sinceWindow == slide {
                    counted.sinceWindow = 0
                    try fire(key, &counted, .single)
                    // The next window has `slide` new records, and the rest from these.
                    let kept = max(0, runCount &- slide / runLength)
                    counted.runs.removeFirst(max(0, counted.runs.count &- kept))
                }
                return counted.runs.isEmpty && counted.sinceWindow == 0
            }
            if isEmpty { try table.remove(key, hash: hash) }
        } catch {
            throw RecordError(record: input[row], cause: error)
        }
    }

    @inlinable func fold(_ record: Input, at time: Timestamp, into counted: inout Counted) throws {
        if counted.runs.last?.count ?? runLength == runLength {
            counted.runs.append(Counted.Run(aggregate.makeAccumulator(), at: time))
            if counted.runs.count > runCount {
                // Too far back for the next window to reach: where windows have gaps between them.
                let gone = counted.runs.removeFirst().unfired
                counters.filtered.add(gone)
                counters.held.add(-gone)
            }
        }
        let last = counted.runs.count &- 1
        try aggregate.add(record, to: &counted.runs[last].accumulator)
        counted.runs[last].count &+= 1
        counted.runs[last].unfired &+= 1
        counted.runs[last].earliest = min(counted.runs[last].earliest, time)
        counted.runs[last].latest = max(counted.runs[last].latest, time)
    }

    /// Emits the window of all runs that are kept, as its only pane.
    @inlinable func fire(_ key: Key, _ counted: inout Counted, _ pane: WindowPane) throws {
        guard var merged = counted.runs.first else { return }
        for run in counted.runs.dropFirst() {
            try aggregate.merge(run.accumulator, into: &merged.accumulator)
            merged.earliest = min(merged.earliest, run.earliest)
            merged.latest = max(merged.latest, run.latest)
        }
        for position in counted.runs.indices {
            counters.passed.add(counted.runs[position].unfired)
            counters.held.add(-counted.runs[position].unfired)
            counted.runs[position].unfired = 0
        }
        let window = Window(
            start: merged.earliest, end: merged.latest.advanced(byMicroseconds: 1))
        panes.add(key, window, pane, merged.accumulator)
    }

    @inlinable func fireRest() throws {
        try table.withEntry(nextRest) { key, counted in
            // What is left over from a window is not a window of its own.
            guard counted.sinceWindow > 0 else { return }
            try fire(key, &counted, WindowPane(timing: .early, index: 0))
        }
        nextRest &+= 1
    }
}

/// Makes the step that aggregates so many records of a key at a time.
///
/// - Parameters:
///   - size: The records in a window.
///   - slide: How many records of a key come from one window to the next.
///   - result: Makes the result; its window is the span of the records' times, and its event time the
///     latest of these.
@inlinable
public func countWindowStep<Input, Key: StreamKey, Folded: Aggregate, Output>(
    _ context: SubtaskContext, into next: Step<Output>, size: Int, slide: Int, _ folded: Folded,
    keyOf: @escaping (Input) -> Key,
    result: @escaping (Key, Window, WindowPane, Folded.Result) throws -> Output
) -> Step<Input> where Folded.Input == Input {
    let outputs = MainAndLateOutput<Output, Input>(
        main: next, late: nil, counters: context.counters)
    let panes = PaneOutput<Key, Folded.Accumulator, Output, Input>(
        outputs, batchSize: context.batchSize
    ) { key, window, pane, accumulator, _, output, _ in
        output.append(
            try result(key, window, pane, folded.result(of: accumulator)), at: window.lastTimestamp)
        return true
    }
    let state = CountWindowOperator<Input, Key, Folded, Output>(
        size: max(1, size), slide: max(1, slide), folded, context: context, keyOf: keyOf,
        panes: panes)
    return Step(
        process: { batch in
            context.counters.received.add(batch.count)
            return try context.attributing { try state.process(&batch) }
        },
        signal: { signal in try context.attributing { try state.signal(signal) } },
        resume: {
            let progress = try outputs.resume()
            guard progress == .done else { return progress }
            return try context.attributing { try state.run() }
        })
}
