import WeirCore
import WeirState

/// Records whose asynchronous calls are under way, and the marks that came between them: says what may
/// be handed on next.
///
/// A mark follows all records that came before it. In between, records leave in the order in which
/// they came, or as they become ready. A plain value but for the segments, which the records between
/// the same marks share.
struct InFlightRecords<Record, Outcome> {
    /// The records between two marks, and the mark that follows them.
    private final class Segment {
        var pending = 0
        var mark: Signal?
    }

    private struct Entry {
        let record: Record
        let time: Timestamp
        let segment: Segment
        var outcome: Outcome?
    }

    private let order: AsyncOrder
    private var entries: [UInt64: Entry] = [:]
    private var added: UInt64 = 0
    /// Ordered: the next to leave.
    private var next: UInt64 = 0
    /// Unordered: those that may leave.
    private var ready: [UInt64] = []
    private var firstReady = 0
    /// The last one has no mark yet.
    private var segments = [Segment()]

    init(_ order: AsyncOrder) { self.order = order }

    /// The records that have not left.
    var count: Int { entries.count }

    /// Adds a record; answers its id.
    mutating func add(_ record: Record, at time: Timestamp) -> UInt64 {
        let segment = segments[segments.count - 1]
        segment.pending += 1
        entries[added] = Entry(record: record, time: time, segment: segment)
        defer { added += 1 }
        return added
    }

    /// Notes what became of a record's call.
    mutating func complete(_ id: UInt64, _ outcome: Outcome) {
        guard entries[id] != nil else { return }
        entries[id]?.outcome = outcome
        if order == .unordered { ready.append(id) }
    }

    /// Takes a record that may leave now; a mark that may leave comes first.
    mutating func popReady() -> (record: Record, time: Timestamp, outcome: Outcome)? {
        let id: UInt64
        switch order {
        case .ordered:
            id = next
            guard entries[id]?.outcome != nil else { return nil }
            next += 1
        case .unordered:
            guard firstReady < ready.count else { return nil }
            id = ready[firstReady]
            firstReady += 1
            if firstReady == ready.count {
                ready.removeAll(keepingCapacity: true)
                firstReady = 0
            }
        }
        guard let entry = entries.removeValue(forKey: id), let outcome = entry.outcome else {
            return nil
        }
        entry.segment.pending -= 1
        return (entry.record, entry.time, outcome)
    }

    // MARK: - Marks

    /// The marks that have not left, and one more.
    var segmentCount: Int { segments.count }

    /// The mark that may leave now.
    var readyMark: Signal? { segments[0].pending == 0 ? segments[0].mark : nil }

    /// Takes the mark that may leave now.
    mutating func removeReadyMark() { segments.removeFirst() }

    /// Adds a mark behind all records so far.
    mutating func add(_ mark: Signal) {
        let last = segments.count - 1
        if segments[last].pending == 0, last > 0, replaces(segments[last - 1].mark, by: mark) {
            segments[last - 1].mark = mark
            return
        }
        segments[last].mark = mark
        segments.append(Segment())
        if segments.count > 2 * entries.count + 16 { compact() }
    }

    /// Whether a mark says all that the one directly before it did.
    private func replaces(_ earlier: Signal?, by later: Signal) -> Bool {
        switch (earlier, later) {
        case (.watermark, .watermark), (.idle, .watermark), (.idle, .idle): true
        default: false
        }
    }

    // MARK: - Checkpoints

    /// What is in flight, in the order in which it came; outcomes that are known already are left out.
    var items: [InFlightItem<Record>] {
        let numbers = Dictionary(
            uniqueKeysWithValues: segments.enumerated().map { (ObjectIdentifier($1), $0) })
        var records: [[UInt64]] = Array(repeating: [], count: segments.count)
        for (id, entry) in entries {
            if let number = numbers[ObjectIdentifier(entry.segment)] { records[number].append(id) }
        }
        var items: [InFlightItem<Record>] = []
        for (number, segment) in segments.enumerated() {
            for id in records[number].sorted() {
                if let entry = entries[id] { items.append(.record(entry.record, at: entry.time)) }
            }
            switch segment.mark {
            case .watermark(let time): items.append(.watermark(time))
            case .idle: items.append(.idle)
            case .flush, .tick, .barrier, .end, nil: break
            }
        }
        return items
    }

    // MARK: - Compaction

    /// Joins segments that have no record left to those before them: a slow record at the front would
    /// otherwise keep every mark behind it.
    private mutating func compact() {
        var kept: [Segment] = []
        for segment in segments {
            if let mark = segment.mark, segment.pending == 0, let before = kept.last,
                replaces(before.mark, by: mark)
            {
                before.mark = mark
            } else {
                kept.append(segment)
            }
        }
        segments = kept
    }
}

/// A record in flight, or a mark among them, as a checkpoint has it.
enum InFlightItem<Record> {
    case record(Record, at: Timestamp)
    case watermark(Timestamp)
    case idle
}

extension InFlightItem: Sendable where Record: Sendable {}

extension InFlightItem: StateComposite {
    static func stateCodec() throws -> StateCodec<InFlightItem> {
        .variant(
            "InFlightItem",
            [
                try StateCase("record") { (item: InFlightItem) -> TimedRecord<Record>? in
                    guard case .record(let record, let time) = item else { return nil }
                    return TimedRecord(record, at: time)
                } make: {
                    .record($0.record, at: $0.time)
                },
                try StateCase("watermark") { (item: InFlightItem) -> Timestamp? in
                    if case .watermark(let time) = item { time } else { nil }
                } make: {
                    .watermark($0)
                },
                try StateCase("idle") { (item: InFlightItem) -> Bool? in
                    if case .idle = item { true } else { nil }
                } make: { _ in
                    .idle
                },
            ])
    }
}
