import Foundation
import Weir

/// What a record costs by the number of keys in state, beside a plain loop over a flat table: what the
/// machine's caches take is in both.
enum KeysLimit {
    /// How the numbers of keys follow each other.
    static func numbers(upTo most: Int) -> [Int] {
        Array(sequence(first: 10_000) { $0 * 10 }.prefix { $0 <= most })
    }

    static func check(keys: [Int], runs: Int) async throws -> [LimitFinding] {
        var findings: [LimitFinding] = []
        var base: Figures?
        for keys in keys {
            let loop = loopFigures(keys, runs: runs)
            let engine = try await engineFigures(keys, runs: runs)
            let added = base.map { (engine.nanoseconds - $0.nanoseconds, $0) }
            findings.append(
                LimitFinding(
                    name: "keys: \(keys), a record", value: engine.nanoseconds, unit: "ns",
                    bar: nil, isMet: true,
                    detail: "the flat table \(loop.nanoseconds.text(2)) ns; resident bytes a key "
                        + "\(engine.bytesPerKey.text(1)), the flat table "
                        + "\(loop.bytesPerKey.text(1))"
                        + (added.map { "; \($0.0.text(1)) ns more than with the fewest" } ?? "")))
            if base == nil { base = engine }
        }
        return findings
    }

    private struct Figures {
        var nanoseconds: Double
        var bytesPerKey: Double
    }

    /// The records of one measurement.
    private static let span = 10_000_000

    private static func engineFigures(_ keys: Int, runs: Int) async throws -> Figures {
        let before = ResourceUsage.residentBytes
        let builder = JobBuilder(name: "keys")
        builder.source(GeneratorSource(FillingEvents(keys: keys, hot: keys)), as: "events")
            .watermarked(.boundedOutOfOrderness(.seconds(1))) { $0.time }
            .keyed(by: { $0.key })
            .windowed(.tumbling(.hours(24 * 365)), late: .drop)
            .aggregate(Count(), as: "count") { CountOnly(key: $0, count: $2) }
            .sink(to: CheckSink(tally: Tally()), as: "check")
        let job = ObservedJob(JobExecution(try Planner(parallelism: 1).plan(builder.graph)))
        try await job.wait { $0.recordsRead >= keys + span / 4 }
        let memory = ResourceUsage.residentBytes - before
        var times: [Double] = []
        for _ in 0..<runs {
            let (start, read) = (BenchmarkClock.cpu.now(), job.recordsRead)
            try await job.wait { $0.recordsRead >= read + span }
            times.append((BenchmarkClock.cpu.now() - start) / Double(job.recordsRead - read))
        }
        await job.abort()
        return Figures(
            nanoseconds: Times(times).median, bytesPerKey: memory / Double(keys))
    }

    private static func loopFigures(_ keys: Int, runs: Int) -> Figures {
        let before = ResourceUsage.residentBytes
        let events = FillingEvents(keys: keys, hot: keys)
        var table = FlatCounts(keys: keys)
        for index in 0..<keys { table.count(events.record(at: index).key) }
        var next = keys
        table.count(events, from: &next, records: span / 4)
        let memory = ResourceUsage.residentBytes - before
        var times: [Double] = []
        for _ in 0..<runs {
            let start = BenchmarkClock.cpu.now()
            table.count(events, from: &next, records: span)
            times.append((BenchmarkClock.cpu.now() - start) / Double(span))
        }
        precondition(table.total == next, "the flat table has lost records")
        return Figures(
            nanoseconds: Times(times).median, bytesPerKey: memory / Double(keys))
    }
}

/// Counts by key as a loop would keep them that knows how many keys there are: open addressing, key
/// beside count, at most three quarters full.
private struct FlatCounts: ~Copyable {
    private struct Slot {
        var key: Int
        var count: Int
    }

    // SAFETY: `mask + 1` initialised slots, owned by this value and freed by its deinit.
    private let slots: UnsafeMutablePointer<Slot>
    private let mask: Int

    init(keys: Int) {
        var size = 32
        while size * 3 / 4 < keys { size *= 2 }
        mask = size - 1
        slots = .allocate(capacity: size)
        slots.initialize(repeating: Slot(key: -1, count: 0), count: size)
    }

    deinit { slots.deallocate() }

    /// All that has been counted.
    var total: Int { (0...mask).reduce(0) { $0 + slots[$1].count } }

    @inline(__always)
    mutating func count(_ key: Int) {
        var position = Int(truncatingIfNeeded: EventGenerator.mix(key) &>> 32) & mask
        while slots[position].key != key {
            if slots[position].key < 0 {
                slots[position].key = key
                break
            }
            position = (position &+ 1) & mask
        }
        slots[position].count &+= 1
    }

    @inline(never)
    mutating func count(_ events: FillingEvents, from next: inout Int, records: Int) {
        for index in next..<next + records { count(events.record(at: index).key) }
        next += records
    }
}
