public import WeirCore
public import WeirState

/// The state of one subtask that keeps the first record of each key.
///
/// Where the first is meant in event time, records wait until the watermark reaches them, and are
/// then judged in the order of their times.
@usableFromInline
final class FirstRecords<Key: StreamKey, Element> {
    /// A record that may turn out to be a first.
    @usableFromInline struct Candidate {
        @usableFromInline let record: Element
        @usableFromInline let time: Timestamp

        @inlinable init(record: Element, time: Timestamp) {
            self.record = record
            self.time = time
        }
    }

    @usableFromInline let kept: FirstRecord
    @usableFromInline let retention: StateRetention
    @usableFromInline let span: Int64?
    @usableFromInline let context: SubtaskContext
    @usableFromInline let next: Step<Element>
    /// When each key had its first record, on the clock of the retention.
    @usableFromInline let seen = StateTable<Key, Timestamp>()
    /// When a key's first record is forgotten.
    @usableFromInline var expiries = TimerQueue<Key>()
    @usableFromInline let candidates = StateTable<Key, ContiguousArray<Candidate>>()
    /// When candidates are judged: at their own times.
    @usableFromInline var judgements = TimerQueue<Key>()
    @usableFromInline var output: Batch<Element>
    @usableFromInline var nextAnswer = Progress.done
    @usableFromInline var pendingSignal: Signal?
    @usableFromInline var watermark = Timestamp.earliest
    @usableFromInline var processingTime = Timestamp.earliest

    @inlinable init(
        _ context: SubtaskContext, into next: Step<Element>, _ kept: FirstRecord,
        keeping retention: StateRetention
    ) {
        self.kept = kept
        self.retention = retention
        self.context = context
        self.next = next
        span = retention.span?.wholeMicroseconds
        output = Batch(capacity: context.batchSize)
        context.show("seen", seen)
        context.show("candidates", candidates)
        keep(in: context)
    }

    @inlinable func keep(in context: SubtaskContext) {
        context.keep("seen", seen)
        var clock: (any ProcessingClock)?
        if case .forProcessingTime = retention { clock = context.clock }
        context.keep(
            "expiries", of: self, \.expiries, hash: { $0.stableHash }, ticking: clock)
        context.keep("candidates", candidates)
        context.keep("judgements", of: self, \.judgements, hash: { $0.stableHash })
        context.keepTime("watermark", of: self, \.watermark)
        context.keepTime("processing-time", of: self, \.processingTime)
    }

    /// Judges a batch's rows, or has them wait.
    @inlinable func process(
        _ batch: inout Batch<Element>, keyOf: (Element) -> Key
    ) throws -> Progress {
        let counters = context.counters
        counters.received.add(batch.count)
        if case .forProcessingTime = retention {
            processingTime = max(processingTime, context.clock.now())
        }
        let hasHashes = batch.hasHashes
        output.split = batch.split
        for row in batch.indices {
            let time = batch.time(at: row)
            if isLate(time) {
                counters.late.add(1)
                continue
            }
            let key = keyOf(batch[row])
            let hash = hasHashes ? batch.hash(at: row) : key.stableHash
            if kept == .first {
                try wait(batch[row], at: time, key, hash)
            } else if try isFirst(key, hash, at: time) {
                output.append(batch[row], at: time)
                counters.passed.add(1)
            } else {
                counters.filtered.add(1)
            }
        }
        batch.removeAll()
        requestTick()
        return try handOver()
    }

    @inlinable func isLate(_ time: Timestamp) -> Bool {
        guard let span, retention.needsWatermarks else { return false }
        return time.advanced(byMicroseconds: span) <= watermark
    }

    /// Whether a record is its key's first; if so, that is remembered.
    @inlinable func isFirst(_ key: Key, _ hash: UInt64, at time: Timestamp) throws -> Bool {
        let now = retention.needsWatermarks ? time : processingTime
        var isFirst = false
        try seen.update(key, hash: hash) {
            isFirst = true
            return now
        } _: { first in
            guard !isFirst, let span, first.advanced(byMicroseconds: span) <= now else { return }
            isFirst = true
            first = now
        }
        if isFirst, let span { expiries.register(key, at: now.advanced(byMicroseconds: span)) }
        return isFirst
    }

    /// Keeps a record until the watermark has reached it, unless it cannot be a first.
    @inlinable func wait(_ record: Element, at time: Timestamp, _ key: Key, _ hash: UInt64) throws {
        let counters = context.counters
        // Kept for ever, a first record stays the only one.
        if span == nil, try seen.readIfPresent(key, hash: hash, { _ in }) != nil {
            return counters.filtered.add(1)
        }
        let fate = try candidates.update(key, hash: hash, initial: { [] }) { waiting -> Fate in
            if span == nil, let current = waiting.first {
                guard time < current.time else { return .superfluous }
                waiting[0] = Candidate(record: record, time: time)
                return .replacement
            }
            if waiting.contains(where: { $0.time == time }) { return .superfluous }
            waiting.append(Candidate(record: record, time: time))
            return .addition
        }
        if fate != .superfluous { judgements.register(key, at: time) }
        // Of a candidate and its replacement, one is never judged.
        if fate == .addition { counters.held.add(1) } else { counters.filtered.add(1) }
    }

    @usableFromInline enum Fate { case superfluous, replacement, addition }

    /// Judges the candidates that a mark has reached, then hands the mark on.
    @inlinable func signal(_ signal: Signal) throws -> Progress {
        switch signal {
        case .watermark(let time): watermark = max(watermark, time)
        case .tick(let now): processingTime = max(processingTime, now)
        case .end: if kept == .first { watermark = .latest }
        case .flush, .idle, .barrier: break
        }
        pendingSignal = signal
        return try run()
    }

    @inlinable func run() throws -> Progress {
        var batchesLeft = 32
        while try judge() {
            let progress = try handOver()
            if progress != .done { return progress }
            batchesLeft -= 1
            if batchesLeft == 0 { return .yielded }
        }
        let progress = try handOver()
        guard progress == .done, let signal = pendingSignal else { return progress }
        if signal != .end { try forget() }
        pendingSignal = nil
        requestTick()
        nextAnswer = try next.signal(signal)
        return nextAnswer
    }

    @inlinable func resume() throws -> Progress {
        if nextAnswer != .done { nextAnswer = try next.resume() }
        return nextAnswer == .done ? try run() : nextAnswer
    }

    /// Judges candidates in order of their times until the output is full; answers whether it is.
    @inlinable func judge() throws -> Bool {
        while output.count < context.batchSize {
            guard let due = judgements.popDue(upTo: watermark) else { return false }
            let hash = due.payload.stableHash
            guard let record = try takeCandidate(due.payload, hash, at: due.time) else { continue }
            context.counters.held.add(-1)
            if try isFirst(due.payload, hash, at: due.time) {
                output.append(record, at: due.time)
                context.counters.passed.add(1)
            } else {
                context.counters.filtered.add(1)
            }
        }
        return true
    }

    /// Takes the candidate of that time; `nil` when an earlier one has replaced it.
    @inlinable func takeCandidate(_ key: Key, _ hash: UInt64, at time: Timestamp) throws -> Element?
    {
        guard let number = try candidates.entryNumber(of: key, hash: hash) else { return nil }
        let taken = try candidates.withEntry(number) {
            _, waiting -> (record: Element?, isLast: Bool) in
            guard let index = waiting.firstIndex(where: { $0.time == time }) else {
                return (nil, false)
            }
            return (waiting.remove(at: index).record, waiting.isEmpty)
        }
        if taken.isLast { try candidates.remove(key, hash: hash) }
        return taken.record
    }

    /// Forgets first records whose time is over.
    @inlinable func forget() throws {
        guard let span else { return }
        let now = retention.needsWatermarks ? watermark : processingTime
        while let due = expiries.popDue(upTo: now) {
            let hash = due.payload.stableHash
            // A key that has had another first record since has a timer of its own for that.
            guard let first = try seen.value(of: due.payload, hash: hash),
                first.advanced(byMicroseconds: span) <= now
            else { continue }
            try seen.remove(due.payload, hash: hash)
        }
    }

    @inlinable func requestTick() {
        guard case .forProcessingTime = retention, let earliest = expiries.earliest else { return }
        context.clock.requestTick(at: earliest)
    }

    @inlinable func handOver() throws -> Progress {
        if output.isEmpty { return .done }
        context.counters.emitted.add(output.count)
        nextAnswer = try next.process(&output)
        return nextAnswer
    }
}

/// Makes the step that lets the first record of each key pass.
@inlinable
public func firstRecordStep<Element, Key: StreamKey>(
    _ context: SubtaskContext, into next: Step<Element>, _ kept: FirstRecord,
    keeping retention: StateRetention, keyOf: @escaping @Sendable (Element) -> Key
) -> Step<Element> {
    let state = FirstRecords<Key, Element>(context, into: next, kept, keeping: retention)
    return Step(
        process: { batch in
            try context.attributing { try state.process(&batch, keyOf: keyOf) }
        },
        signal: { signal in try context.attributing { try state.signal(signal) } },
        resume: { try context.attributing { try state.resume() } })
}
