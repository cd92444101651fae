import Weir

/// Windows that overlap 3,600 times against windows that overlap 6 times: slices make what a record
/// costs the same for both.
enum SlidingLimit {
    static func check(records: Int, runs: Int) async throws -> [LimitFinding] {
        var (coarse, fine): ([Double], [Double]) = ([], [])
        for _ in 0..<runs {
            coarse.append(try await nanoseconds(every: .minutes(10), records: records))
            fine.append(try await nanoseconds(every: .seconds(1), records: records))
        }
        let ratio = Times(fine).median / Times(coarse).median
        return [
            LimitFinding(
                name: "sliding 1 h/1 s over sliding 1 h/10 min", value: ratio, unit: "×",
                bar: "≤ 1.5", isMet: ratio <= 1.5,
                detail:
                    "\(records) records, 10,000 a second of event time, \(SteadyEvents.keys) keys; "
                    + "\(Times(fine).median.text(2)) and \(Times(coarse).median.text(2)) ns a record"
            )
        ]
    }

    private static func nanoseconds(every slide: Duration, records: Int) async throws -> Double {
        let job = JobBuilder(name: "sliding")
        let tally = Tally()
        job.source(GeneratorSource(count: records, SteadyEvents()), as: "events")
            .watermarked(.boundedOutOfOrderness(EventGenerator.disorder)) { $0.time }
            .keyed(by: { $0.key })
            .windowed(.sliding(.hours(1), every: slide), late: .drop)
            .aggregate(Count(), as: "count") { key, window, count in
                KeyCount(key: key, start: window.start, count: count)
            }
            .sink(to: CheckSink(tally: tally), as: "check")
        let start = BenchmarkClock.wall.now()
        let summary = try await JobExecution(try Planner(parallelism: 1).plan(job.graph)).run()
        guard summary.recordsRead == records, tally.total.rows > 0 else {
            throw BenchmarkError.incompleteRun("sliding", read: summary.recordsRead, of: records)
        }
        return (BenchmarkClock.wall.now() - start) / Double(records)
    }
}

/// Events at 10,000 a second of event time, over few keys: what is measured is the records, not the
/// results, of which a slide of a second has one a key and second.
struct SteadyEvents: RecordGenerator {
    static let keys = 100

    @inline(__always)
    func record(at index: Int) -> Event {
        let mixed = EventGenerator.mix(index)
        let late = Int64(truncatingIfNeeded: mixed & 1_023)
        return Event(
            key: Int(truncatingIfNeeded: (mixed &>> 32) % UInt64(Self.keys)),
            value: Int(truncatingIfNeeded: (mixed &>> 12) & 0xfff),
            time: Timestamp(
                microseconds: EventGenerator.origin &+ Int64(index) &* 100 &+ 1_023 &- late),
            amount: Double(mixed & 0xff) * 0.25)
    }
}
