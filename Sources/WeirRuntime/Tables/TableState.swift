public import WeirCore
public import WeirState

/// The state of one subtask of a table operator: a row's worth for each key, the keys whose changes
/// are held back, and the marks that wait for these.
///
/// Changes are put out once for each key that records have touched, when ``UpdateCoalescing`` says.
/// Watermarks wait until then, so that no change is behind the mark that follows it.
public final class TableState<Operation: TableOperation> {
    /// The key of the rows.
    public typealias Key = Operation.Key

    @usableFromInline let operation: Operation
    @usableFromInline let coalescing: UpdateCoalescing
    @usableFromInline let retention: StateRetention
    /// The retention's span in microseconds; `nil`: for ever.
    @usableFromInline let span: Int64?
    @usableFromInline let context: SubtaskContext
    @usableFromInline let next: Step<Operation.Output>
    @usableFromInline let table = StateTable<Key, TableEntry<Operation.State>>()
    /// When each entry is looked at again for its age; one timer for each entry.
    @usableFromInline var timers = TimerQueue<Key>()

    // What each record or change looks at is not checked for overlaps at run time: no function of the
    // job reaches this object, and no property but the output is passed `inout`, which nothing else
    // touches meanwhile.

    /// The entries to which changes are held back, in the order in which records touched them.
    @exclusivity(unchecked) @usableFromInline var touched = ContiguousArray<
        TouchedEntry<Operation.Before>
    >()
    /// Entries that turned out to be empty when their changes were put out.
    @usableFromInline var emptied = ContiguousArray<Key>()
    @exclusivity(unchecked) @usableFromInline var output: Batch<Operation.Output>
    @usableFromInline var nextAnswer = Progress.done
    @usableFromInline var isEmitting = false
    @usableFromInline var demandsEmission = false
    /// How many of `touched` have been put out.
    @exclusivity(unchecked) @usableFromInline var emitted = 0
    /// Records that count as held until changes are put out.
    @usableFromInline var pendingRecords = 0
    @usableFromInline var rowsSinceEmission = 0
    @usableFromInline var deadline = Timestamp.latest

    @exclusivity(unchecked) @usableFromInline var processingTime = Timestamp.earliest
    @exclusivity(unchecked) @usableFromInline var watermark = Timestamp.earliest
    @usableFromInline var heldWatermark: Timestamp?
    @usableFromInline var expiryLimit: Timestamp?
    @usableFromInline var pendingSignal: Signal?

    @inlinable init(
        _ operation: Operation, keeping retention: StateRetention, emitting: UpdateCoalescing,
        context: SubtaskContext, into next: Step<Operation.Output>
    ) {
        self.operation = operation
        coalescing = emitting
        self.retention = retention
        span = retention.span?.wholeMicroseconds
        self.context = context
        self.next = next
        output = Batch(capacity: context.batchSize)
        context.show("row", table)
        keep(in: context)
    }

    @inlinable var usesEventTime: Bool { retention.needsWatermarks }
}

// MARK: - Folding

extension TableState {
    /// Folds rows into the state of their keys.
    ///
    /// - Parameter update: Folds one record, with its event time, into its key's entry; answers
    ///   whether it had any effect.
    @inlinable @inline(__always) func fold<Input>(
        _ batch: borrowing Batch<Input>, _ rows: Range<Int>, keyOf: (Input) -> Key,
        update: (Input, Timestamp, inout TableEntry<Operation.State>) throws -> Bool
    ) throws {
        let hasHashes = batch.hasHashes
        var late = 0
        var ineffective = 0
        // Rows of one key that follow each other share a lookup: an entry keeps its number as long as none is
        // removed. For keys of plain bytes: others cost more to compare and to carry.
        var last: (key: Key, number: Int)?
        for row in rows {
            let time = batch.time(at: row)
            if isLate(time) {
                late &+= 1
                continue
            }
            let hasEffect = try batch.withRow(row) { record in
                let key = keyOf(record)
                let number: Int
                if _isPOD(Key.self), let last, last.key == key {
                    number = last.number
                } else {
                    let hash = hasHashes ? batch.hash(at: row) : key.stableHash
                    number = try table.entryNumber(of: key, hash: hash) {
                        TableEntry(operation.makeState())
                    }
                    if _isPOD(Key.self) { last = (key, number) }
                }
                do {
                    return try table.withEntry(number) { _, entry in
                        try touch(&entry, number, at: time) { try update(record, time, &$0) }
                    }
                } catch {
                    throw RecordError(record: record, cause: error)
                }
            }
            if !hasEffect { ineffective &+= 1 }
        }
        count(rows.count, late: late, ineffective: ineffective)
    }

    /// Whether all that a record of that time could do is over.
    @inlinable func isLate(_ time: Timestamp) -> Bool {
        guard let span, usesEventTime else { return false }
        return time.advanced(byMicroseconds: span) <= watermark
    }

    @inlinable @inline(__always) func touch(
        _ entry: inout TableEntry<Operation.State>, _ number: Int, at time: Timestamp,
        _ update: (inout TableEntry<Operation.State>) throws -> Bool
    ) throws -> Bool {
        let isStale = span != nil && isStale(entry, at: time)
        let hasEffect: Bool
        if entry.isTouched {
            if isStale { operation.forget(&entry.state) }
            hasEffect = try update(&entry)
        } else {
            let before = operation.before(entry.state)
            if isStale { operation.forget(&entry.state) }
            hasEffect = try update(&entry)
            if hasEffect || isStale || entry.isNew {
                entry.isTouched = true
                touched.append(TouchedEntry(number: number, before: before))
            }
        }
        guard hasEffect || entry.isNew else { return false }
        if time > entry.time { entry.time = time }
        if span != nil { try renew(&entry, number, at: time) }
        entry.isNew = false
        return hasEffect
    }

    /// Whether a record of that time must not see what the entry holds.
    @inlinable func isStale(
        _ entry: borrowing TableEntry<Operation.State>, at time: Timestamp
    ) -> Bool {
        guard let span, !entry.isNew else { return false }
        // The watermark may have come already, and wait for changes that are held back.
        let now = usesEventTime ? max(time, watermark) : processingTime
        return entry.updated.advanced(byMicroseconds: span) <= now
    }

    @usableFromInline func renew(
        _ entry: inout TableEntry<Operation.State>, _ number: Int, at time: Timestamp
    ) throws {
        entry.updated = max(entry.updated, usesEventTime ? time : processingTime)
        guard entry.isNew, let span else { return }
        timers.register(try table.key(at: number), at: entry.updated.advanced(byMicroseconds: span))
    }

    @inlinable func count(_ records: Int, late: Int, ineffective: Int) {
        pendingRecords &+= records &- late &- ineffective
        let counters = context.counters
        if late > 0 { counters.late.add(late) }
        if ineffective > 0 { counters.filtered.add(ineffective) }
        if late &+ ineffective > 0 { counters.held.add(-(late &+ ineffective)) }
    }
}

// MARK: - Calls of the step

extension TableState {
    /// Folds the batch that `port` has taken over, and puts out changes that are due.
    @inlinable func process<Input>(_ port: TablePort<Input, Operation>) throws -> Progress {
        if coalescing.records > 1 || span != nil {
            processingTime = max(processingTime, context.clock.now())
            noteDeadline()
        }
        let progress = try run(port)
        if span != nil { requestExpiryTick() }
        return progress
    }

    /// Acts on a mark, and hands it on when all that precedes it has been.
    @inlinable func signal<Input>(
        _ signal: Signal, _ port: TablePort<Input, Operation>
    ) throws -> Progress {
        switch signal {
        case .watermark(let time):
            watermark = max(watermark, time)
            heldWatermark = watermark
            if usesEventTime { expiryLimit = watermark }
        case .tick(let now):
            note(now)
            pendingSignal = signal
        case .flush:
            if coalescing.endsWithInput { demandsEmission = true }
            pendingSignal = signal
        case .idle, .end:
            demandsEmission = true
            pendingSignal = signal
        case .barrier: pendingSignal = signal
        }
        return try run(port)
    }

    /// Goes on after the output has taken what it refused.
    @inlinable func resume<Input>(_ port: TablePort<Input, Operation>) throws -> Progress {
        if nextAnswer != .done { nextAnswer = try next.resume() }
        return nextAnswer == .done ? try run(port) : nextAnswer
    }

    @usableFromInline func noteDeadline() {
        if touched.isEmpty {
            deadline = processingTime + coalescing.delay
            if !coalescing.endsWithInput { context.clock.requestTick(at: deadline) }
        } else if processingTime >= deadline {
            demandsEmission = true
        }
    }

    @usableFromInline func note(_ now: Timestamp) {
        processingTime = max(processingTime, now)
        if !touched.isEmpty {
            if processingTime >= deadline {
                demandsEmission = true
            } else if !coalescing.endsWithInput {
                context.clock.requestTick(at: deadline)
            }
        }
        guard span != nil, !usesEventTime else { return }
        expiryLimit = processingTime
        // Entries with changes held back are not expired under them.
        if let earliest = timers.earliest, earliest <= processingTime { demandsEmission = true }
    }

    @usableFromInline func requestExpiryTick() {
        guard !usesEventTime, let earliest = timers.earliest else { return }
        context.clock.requestTick(at: earliest)
    }
}

// MARK: - Putting out

extension TableState {
    @inlinable func run<Input>(_ port: TablePort<Input, Operation>) throws -> Progress {
        var batchesLeft = 32
        while try advance(port) {
            guard output.count >= context.batchSize else { continue }
            let progress = try handOver()
            if progress != .done { return progress }
            batchesLeft -= 1
            if batchesLeft == 0 { return .yielded }
        }
        let progress = try handOver()
        return progress == .done ? try passSignals() : progress
    }

    /// Does one piece of work; answers whether there may be more.
    @inlinable func advance<Input>(_ port: TablePort<Input, Operation>) throws -> Bool {
        if isEmitting {
            try emitTouched()
        } else if port.rowsLeft > 0 {
            rowsSinceEmission += try port.foldRows(
                coalescing.records - rowsSinceEmission, into: self)
            isEmitting = rowsSinceEmission >= coalescing.records
        } else if demandsEmission && rowsSinceEmission > 0 {
            isEmitting = true
        } else if touched.isEmpty, let limit = expiryLimit {
            if try !expire(upTo: limit) {
                expiryLimit = nil
                requestExpiryTick()
            }
        } else {
            demandsEmission = false
            return false
        }
        return true
    }

    /// Puts out changes until the output is full.
    @inlinable func emitTouched() throws {
        while emitted < touched.count && output.count < context.batchSize {
            let entry = touched[emitted]
            let isEmptied = try table.withEntry(Int(entry.number)) { key, found in
                found.isTouched = false
                return try operation.emit(
                    key, &found.state, before: entry.before, at: found.time, isExpired: false,
                    into: &output)
            }
            // Where rows are kept for a time, an empty entry goes with its timer.
            if isEmptied && span == nil { emptied.append(try table.key(at: Int(entry.number))) }
            emitted &+= 1
        }
        if emitted == touched.count { try finishEmission() }
    }

    @inlinable func finishEmission() throws {
        for key in emptied { try table.remove(key, hash: key.stableHash) }
        emptied.removeAll(keepingCapacity: true)
        touched.removeAll(keepingCapacity: true)
        emitted = 0
        isEmitting = false
        demandsEmission = false
        rowsSinceEmission = 0
        deadline = .latest
        context.counters.held.add(-pendingRecords)
        context.counters.passed.add(pendingRecords)
        pendingRecords = 0
    }

    /// Deletes rows whose time is over until the output is full; answers whether there may be more.
    @inlinable func expire(upTo limit: Timestamp) throws -> Bool {
        guard let span else { return false }
        while output.count < context.batchSize {
            guard let due = timers.popDue(upTo: limit) else { return false }
            let hash = due.payload.stableHash
            guard let number = try table.entryNumber(of: due.payload, hash: hash) else { continue }
            let end = try table.withEntry(number) { $1.updated.advanced(byMicroseconds: span) }
            guard end <= limit else {
                timers.register(due.payload, at: end)
                continue
            }
            try table.withEntry(number) { key, entry in
                _ = try operation.emit(
                    key, &entry.state, before: operation.before(entry.state),
                    at: usesEventTime ? end : entry.time, isExpired: true, into: &output)
            }
            try table.remove(due.payload, hash: hash)
        }
        return true
    }

    @inlinable func handOver() throws -> Progress {
        if output.isEmpty { return .done }
        context.counters.emitted.add(output.count)
        nextAnswer = try next.process(&output)
        return nextAnswer
    }

    /// Hands on the marks that nothing keeps back any longer.
    @inlinable func passSignals() throws -> Progress {
        if touched.isEmpty, let mark = heldWatermark {
            heldWatermark = nil
            nextAnswer = try next.signal(.watermark(mark))
            if nextAnswer != .done { return nextAnswer }
        }
        guard let signal = pendingSignal else { return .done }
        pendingSignal = nil
        nextAnswer = try next.signal(signal)
        return nextAnswer
    }
}

/// Makes the step of a table operator with one input.
@inlinable
func tableStep<Input, Operation: TableOperation>(
    _ state: TableState<Operation>, fold: @escaping TableFold<Input, Operation>
) -> Step<Input> {
    let port = TablePort(fold)
    let context = state.context
    return Step(
        process: { batch in
            context.counters.received.add(batch.count)
            context.counters.held.add(batch.count)
            swap(&port.input, &batch)
            return try context.attributing { try state.process(port) }
        },
        signal: { signal in try context.attributing { try state.signal(signal, port) } },
        resume: { try context.attributing { try state.resume(port) } })
}
