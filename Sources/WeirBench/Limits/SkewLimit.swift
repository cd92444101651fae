import Foundation
import Weir

/// Keys that come unevenly: a keyed count of two workers, over keys drawn evenly, by Zipf's law, and over
/// a single one.
enum SkewLimit {
    static let keys = 10_000
    static let exponent = 1.2

    static func check(records: Int, runs: Int) async throws -> [LimitFinding] {
        let draws = [
            ("keys drawn evenly", DrawnEvents(keys: keys) { Int($0 * Double(keys)) }),
            ("Zipf-distributed keys, exponent 1.2", zipf()),
            ("a single key", DrawnEvents(keys: keys) { _ in 4_711 }),
        ]
        var times = draws.map { _ in (wall: [Double](), cpu: [Double]()) }
        for run in 0...runs {
            for (number, (_, events)) in draws.enumerated() {
                let start = (BenchmarkClock.wall.now(), BenchmarkClock.cpu.now())
                try await count(events, records: records)
                let end = (BenchmarkClock.wall.now(), BenchmarkClock.cpu.now())
                // One run of each does not count.
                guard run > 0 else { continue }
                times[number].wall.append((end.0 - start.0) / Double(records))
                times[number].cpu.append((end.1 - start.1) / Double(records))
            }
        }
        let even = Times(times[0].wall).median
        return zip(draws, times).dropFirst().map { draw, times in
            let ratio = even / Times(times.wall).median
            return LimitFinding(
                name: "skew: \(draw.0), throughput over even ones", value: ratio, unit: "×",
                bar: "≥ 0.8", isMet: ratio >= 0.8,
                detail: "\(records) records, \(keys) keys, two workers; "
                    + "\(Times(times.wall).median.text(2)) ns a record "
                    + "(\(Times(times.cpu).median.text(2)) of processor time), evenly "
                    + "\(even.text(2))")
        }
    }

    /// Counts in windows of ten seconds of event time, with two workers.
    private static func count(_ events: DrawnEvents, records: Int) async throws {
        let job = JobBuilder(name: "skew")
        let tally = Tally()
        job.source(GeneratorSource(count: records, splits: 2, events), as: "events")
            .watermarked(.boundedOutOfOrderness(EventGenerator.disorder)) { $0.time }
            .keyed(by: { $0.key })
            .windowed(.tumbling(.seconds(10)), late: .drop)
            .aggregate(Count(), as: "count") { CountOnly(key: $0, count: $2) }
            .sink(to: CheckSink(tally: tally), as: "check")
        let summary = try await JobExecution(try Planner(parallelism: 2).plan(job.graph)).run()
        guard summary.recordsRead == records, tally.total.checksum == UInt64(records) else {
            throw BenchmarkError.incompleteRun("skew", read: summary.recordsRead, of: records)
        }
    }

    /// The inverse of the distribution's sums, looked up by halving.
    private static func zipf() -> DrawnEvents {
        var sums: [Double] = []
        for rank in 1...keys { sums.append((sums.last ?? 0) + pow(Double(rank), -exponent)) }
        let all = sums[keys - 1]
        return DrawnEvents(keys: keys) { even in
            var (low, high) = (0, keys - 1)
            while low < high {
                let middle = (low + high) / 2
                if sums[middle] < even * all { low = middle + 1 } else { high = middle }
            }
            return low
        }
    }
}

/// Events whose keys are drawn beforehand, so that each costs the same however its key is drawn.
struct DrawnEvents: RecordGenerator {
    /// A power of two; after so many the keys start over.
    private static let size = 1 << 20
    private let drawn: [Int32]

    /// - Parameter draw: The key for a number that is drawn evenly from 0 to 1.
    init(keys: Int, _ draw: (Double) -> Int) {
        drawn = (0..<Self.size).map { index in
            Int32(min(keys - 1, draw(Double(EventGenerator.mix(index) &>> 11) * 0x1p-53)))
        }
    }

    @inline(__always)
    func record(at index: Int) -> Event {
        let mixed = EventGenerator.mix(index)
        return Event(
            key: Int(drawn[index & (Self.size &- 1)]),
            value: Int(truncatingIfNeeded: (mixed &>> 12) & 0xfff),
            time: EventGenerator.time(index, mixed), amount: 0)
    }
}

/// A count, which is all that its checksum says: those of all rows add up to the records.
struct CountOnly: CheckedRow {
    var key: Int
    var count: Int

    @inline(__always) var checksum: UInt64 { UInt64(truncatingIfNeeded: count) }
}
