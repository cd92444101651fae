public import WeirCore
public import WeirState

/// The state of one subtask of a window operator: slices, and the window being fired.
///
/// When the watermark passes the end of a window, its results are handed over a batch at a time; if
/// the output refuses more, the place is kept and firing goes on later. The mark that closed the
/// windows follows their results.
public final class WindowState<Key: StreamKey, Merged: Aggregate, Output> {
    /// Appends results for one key; answers whether all have been appended. `position` starts at 0
    /// and is the function's own to say where it goes on.
    public typealias Emit = (
        _ key: Key, _ window: Window, _ accumulator: borrowing Merged.Accumulator,
        _ position: inout Int, _ output: inout Batch<Output>, _ limit: Int
    ) throws -> Bool

    @usableFromInline let aggregate: Merged
    @usableFromInline let store: SliceStore<Key, Merged.Accumulator>
    @usableFromInline let merger: SlidingMerger<Key, Merged>?
    @usableFromInline let ahead = KeysAhead()
    @usableFromInline let counters: OperatorCounters
    @usableFromInline let batchSize: Int
    @usableFromInline let emit: Emit
    @usableFromInline let send: (inout Batch<Output>) throws -> Progress
    @usableFromInline let sendSignal: (Signal) throws -> Progress
    // Not checked for overlaps at run time: `emit`, to which `position` and `output` go, knows only these.
    @exclusivity(unchecked) @usableFromInline var output: Batch<Output>
    @exclusivity(unchecked) @usableFromInline var firing: Window?
    @exclusivity(unchecked) @usableFromInline var single: Slice<Key, Merged.Accumulator>?
    @exclusivity(unchecked) @usableFromInline var entry = 0
    @exclusivity(unchecked) @usableFromInline var position = 0
    @exclusivity(unchecked) @usableFromInline var pendingSignal: Signal?
    @exclusivity(unchecked) @usableFromInline var watermark = Timestamp.earliest

    @inlinable init(
        _ assigner: WindowAssigner, allowedLateness: Duration, _ aggregate: Merged,
        context: SubtaskContext, send: @escaping (inout Batch<Output>) throws -> Progress,
        sendSignal: @escaping (Signal) throws -> Progress, emit: @escaping Emit
    ) {
        self.aggregate = aggregate
        store = SliceStore(assigner, allowedLateness: allowedLateness)
        merger = assigner.isTumbling ? nil : SlidingMerger(aggregate)
        counters = context.counters
        batchSize = context.batchSize
        self.send = send
        self.sendSignal = sendSignal
        self.emit = emit
        output = Batch(capacity: context.batchSize)
        context.show("slice", store)
        context.keep("slices", store)
        if let merger { context.keep("merger", merger) }
        context.keepTime("watermark", of: self, \.watermark)
    }

    /// Folds a run of a batch's rows into their slices; `add` folds one.
    ///
    /// - Parameter onLate: Called with the row of each late record.
    @inlinable @inline(__always) func fold<Input>(
        _ batch: borrowing Batch<Input>, keyOf: (Input) -> Key,
        add: (Input, inout Merged.Accumulator) throws -> Void, onLate: (Int) -> Void
    ) throws {
        let count = batch.count
        ahead.removeAll()
        var row = 0
        while row < count {
            switch store.place(batch.time(at: row)) {
            case .late:
                onLate(row)
                row &+= 1
            case .gap:
                counters.filtered.add(1)
                row &+= 1
            case .slice(let slice):
                let first = row
                defer { note(row &- first, in: slice) }
                merger?.noteChange(of: slice)
                // A loop for each case, so that none pays for another.
                if slice.table.isLarge {
                    try foldAhead(batch, &row, into: slice, keyOf: keyOf, add: add)
                    continue
                }
                // Decided at compile time.
                if _isPOD(Key.self) {
                    try foldRuns(batch, &row, into: slice, keyOf: keyOf, add: add)
                } else {
                    try foldEach(batch, &row, into: slice, keyOf: keyOf, add: add)
                }
            }
        }
    }

    /// Folds the rows from `row` on that lie in `slice`, whose table is small. Leaves `row` at the first
    /// that does not, or that failed.
    ///
    /// Rows of one key that follow each other are folded under one lookup: all rows, where a key is a
    /// constant, and many, where one is hot. For keys of plain bytes: others cost more to compare and to carry.
    @inlinable @inline(__always) func foldRuns<Input>(
        _ batch: borrowing Batch<Input>, _ row: inout Int,
        into slice: Slice<Key, Merged.Accumulator>, keyOf: (Input) -> Key,
        add: (Input, inout Merged.Accumulator) throws -> Void
    ) throws {
        let count = batch.count
        let hasHashes = batch.hasHashes
        let (start, end) = (slice.start, slice.end)
        let table = slice.table
        var key = batch.withRow(row) { keyOf($0) }
        var isOver = false
        repeat {
            let hash = hasHashes ? batch.hash(at: row) : key.stableHash
            try table.update(key, hash: hash, initial: { aggregate.makeAccumulator() }) {
                accumulator in
                var next = key
                repeat {
                    try batch.withRow(row) { record in
                        do { try add(record, &accumulator) } catch {
                            throw RecordError(record: record, cause: error)
                        }
                    }
                    row &+= 1
                    guard row < count, batch.time(at: row) >= start, batch.time(at: row) < end
                    else {
                        isOver = true
                        break
                    }
                    next = batch.withRow(row) { keyOf($0) }
                } while next == key
                key = next
            }
        } while !isOver
    }

    /// Folds the rows from `row` on that lie in `slice`, whose table is small, each under a lookup of its own.
    /// Leaves `row` at the first that does not, or that failed.
    @inlinable @inline(__always) func foldEach<Input>(
        _ batch: borrowing Batch<Input>, _ row: inout Int,
        into slice: Slice<Key, Merged.Accumulator>, keyOf: (Input) -> Key,
        add: (Input, inout Merged.Accumulator) throws -> Void
    ) throws {
        let count = batch.count
        let hasHashes = batch.hasHashes
        let (start, end) = (slice.start, slice.end)
        let table = slice.table
        repeat {
            try batch.withRow(row) { record in
                let key = keyOf(record)
                let hash = hasHashes ? batch.hash(at: row) : key.stableHash
                try table.update(key, hash: hash, initial: { aggregate.makeAccumulator() }) {
                    do { try add(record, &$0) } catch {
                        throw RecordError(record: record, cause: error)
                    }
                }
            }
            row &+= 1
        } while row < count && batch.time(at: row) >= start && batch.time(at: row) < end
    }

    /// Folds the rows from `row` on that lie in `slice`, whose table is large: with their keys looked up
    /// ahead. Leaves `row` at the first that does not, or that failed.
    @inlinable @inline(__always) func foldAhead<Input>(
        _ batch: borrowing Batch<Input>, _ row: inout Int,
        into slice: Slice<Key, Merged.Accumulator>, keyOf: (Input) -> Key,
        add: (Input, inout Merged.Accumulator) throws -> Void
    ) throws {
        let count = batch.count
        let hasHashes = batch.hasHashes
        let (start, end) = (slice.start, slice.end)
        let table = slice.table
        repeat {
            // Once for each row: its key may have been looked up in another slice's table.
            if !ahead.contains(row) {
                table.lookAhead(ahead, from: row, to: count) { row in
                    hasHashes ? batch.hash(at: row) : batch.withRow(row) { keyOf($0).stableHash }
                }
            }
            let current = row
            try batch.withRow(current) { record in
                let key = keyOf(record)
                do {
                    try table.update(
                        key, ahead: ahead, row: current,
                        initial: { aggregate.makeAccumulator() }
                    ) { try add(record, &$0) }
                } catch {
                    throw RecordError(record: record, cause: error)
                }
            }
            row &+= 1
        } while row < count && batch.time(at: row) >= start && batch.time(at: row) < end
    }

    @inlinable func note(_ records: Int, in slice: Slice<Key, Merged.Accumulator>) {
        slice.records &+= records
        counters.held.add(records)
    }

    /// Fires what a mark completes, then hands the mark on.
    @inlinable func signal(_ signal: Signal) throws -> Progress {
        switch signal {
        case .flush, .idle, .tick, .barrier: return try sendSignal(signal)
        case .watermark(let time): watermark = max(watermark, time)
        case .end: watermark = .latest
        }
        pendingSignal = signal
        return try run()
    }

    /// Goes on after the output has taken what it refused.
    @inlinable func run() throws -> Progress {
        guard let signal = pendingSignal else { return .done }
        var batchesLeft = 32
        while try nextWindow() {
            if try fillOutput() { finishWindow() }
            guard output.count >= batchSize else { continue }
            let progress = try send(&output)
            if progress != .done { return progress }
            batchesLeft -= 1
            if batchesLeft == 0 { return .yielded }
        }
        if !output.isEmpty {
            let progress = try send(&output)
            if progress != .done { return progress }
        }
        pendingSignal = nil
        // Neither results nor mark wait until what is over has been freed, which takes as long.
        defer { release() }
        return try sendSignal(signal)
    }

    /// Sees to it that a window is being fired; answers whether one is.
    @inlinable func nextWindow() throws -> Bool {
        if firing != nil { return true }
        guard let window = store.nextDueWindow(at: watermark) else { return false }
        // Where many are due at once, their state must not stay until the last has been fired.
        release()
        if let merger {
            try merger.move(to: window, in: store)
        } else {
            single = store.slices(in: window).first
        }
        firing = window
        entry = 0
        position = 0
        return true
    }

    /// Appends results of the window being fired; answers whether it has no more.
    @inlinable func fillOutput() throws -> Bool {
        guard let window = firing else { return true }
        let limit = batchSize
        if let single {
            let count = single.table.count
            while entry < count {
                let isDone = try single.table.readEntry(entry) { key, accumulator in
                    try emit(key, window, accumulator, &position, &output, limit)
                }
                guard isDone else { return false }
                entry &+= 1
                position = 0
                if output.count >= limit { return entry == count }
            }
        } else if let merger {
            let count = merger.entryCount
            while entry < count {
                if let (key, accumulator) = try merger.accumulator(at: entry) {
                    guard try emit(key, window, accumulator, &position, &output, limit) else {
                        return false
                    }
                }
                entry &+= 1
                position = 0
                if output.count >= limit { return entry == count }
            }
        }
        return true
    }

    @inlinable func finishWindow() {
        if let window = firing { store.markFired(window) }
        firing = nil
        single = nil
    }

    /// Drops slices that no window needs any more; their records count as passed on.
    @inlinable func release() {
        let released = store.dropExpired()
        counters.held.add(-released)
        counters.passed.add(released)
        if store.isEmpty { merger?.reset() }
    }
}
