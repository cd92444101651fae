import Foundation
import Weir

/// Ever-new keys in windows of ten seconds: what a window kept must be gone when it has closed.
enum SoakLimit {
    static func check(records: Int) async throws -> [LimitFinding] {
        let job = JobBuilder(name: "soak")
        let tally = Tally()
        job.source(GeneratorSource(count: records, splits: 2, NewKeyEvents()), as: "events")
            .watermarked(.boundedOutOfOrderness(EventGenerator.disorder)) { $0.time }
            .keyed(by: { $0.key })
            .windowed(.tumbling(.seconds(10)), late: .drop)
            .aggregate(Count(), as: "count") { key, window, count in
                KeyCount(key: key, start: window.start, count: count)
            }
            .sink(to: CheckSink(tally: tally), as: "check")
        let execution = JobExecution(try Planner(parallelism: 2).plan(job.graph))
        let sampler = Task {
            var samples: [(read: Int, megabytes: Double)] = []
            while !Task.isCancelled {
                let read = execution.metrics().operators.first?.counts.received ?? 0
                samples.append((read, ResourceUsage.residentBytes / 1e6))
                try? await Task.sleep(for: .milliseconds(50))
            }
            return samples
        }
        defer { sampler.cancel() }
        let summary = try await execution.run()
        sampler.cancel()
        let samples = await sampler.value
        guard summary.recordsRead == records else {
            throw BenchmarkError.incompleteRun("soak", read: summary.recordsRead, of: records)
        }
        return [finding(records, samples, keys: tally.total.rows)]
    }

    private static func finding(
        _ records: Int, _ samples: [(read: Int, megabytes: Double)], keys: Int
    ) -> LimitFinding {
        func highest(_ quarter: Range<Int>) -> Double {
            samples.filter { quarter.contains($0.read) }.map(\.megabytes).max() ?? .nan
        }
        let first = highest(1..<records / 4)
        let last = highest(records / 4 * 3..<records + 1)
        return LimitFinding(
            name: "soak: memory of the last quarter over the first", value: last / first, unit: "×",
            bar: "≤ 1.1", isMet: last / first <= 1.1,
            detail:
                "\(records) records, \(keys) keys and windows; at most \(first.text(1)) MB in the "
                + "first quarter, \(last.text(1)) MB in the last, \(samples.count) samples")
    }
}

/// Events whose key is new every twentieth record and never comes again.
struct NewKeyEvents: RecordGenerator {
    @inline(__always)
    func record(at index: Int) -> Event {
        let mixed = EventGenerator.mix(index)
        return Event(
            key: index / 20, value: Int(truncatingIfNeeded: (mixed &>> 12) & 0xfff),
            time: EventGenerator.time(index, mixed), amount: Double(mixed & 0xff) * 0.25)
    }
}
