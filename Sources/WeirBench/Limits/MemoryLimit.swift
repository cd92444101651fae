import Weir

/// A sink twenty times slower than its source: back-pressure must bound what waits between them.
enum MemoryLimit {
    /// A little more than the twenty that are asked for, since timings vary.
    static let slowness = 24.0

    static func check(records: Int) async throws -> [LimitFinding] {
        let few = min(records, 10_000_000)
        let source = try await nanoseconds(records: few, rounds: 0)
        let rounds = try await calibrate(target: source * slowness, records: few / 10)
        let slow = try await nanoseconds(records: records, rounds: rounds)
        let peak = ResourceUsage.current().peakMegabytes
        return [
            LimitFinding(
                name: "peak memory behind a slow sink", value: peak, unit: "MB", bar: "< 250",
                isMet: peak < 250,
                detail: "\(records) records; source \(source.text(2)) ns a record, "
                    + "with the sink \(slow.text(2)) ns, \((slow / source).text(1)) times as slow")
        ]
    }

    /// Finds how many rounds of computing a record take `target` nanoseconds.
    private static func calibrate(target: Double, records: Int) async throws -> Int {
        var rounds = 8
        while rounds < 1 << 20 {
            let taken = try await nanoseconds(records: max(10_000, records), rounds: rounds)
            if taken >= target { return rounds }
            rounds = max(rounds + 1, Int(Double(rounds) * min(2, 1.1 * target / taken)))
        }
        return rounds
    }

    private static func nanoseconds(records: Int, rounds: Int) async throws -> Double {
        let job = JobBuilder(name: "slow sink")
        let tally = Tally()
        job.source(GeneratorSource(count: records, EventGenerator()), as: "events")
            .sink(to: SlowSink(tally: tally, rounds: rounds), as: "slow")
        let start = BenchmarkClock.wall.now()
        _ = try await JobExecution(try Planner(parallelism: 1).plan(job.graph)).run()
        let taken = (BenchmarkClock.wall.now() - start) / Double(records)
        guard tally.total.rows == records else {
            throw BenchmarkError.incompleteRun("slow sink", read: tally.total.rows, of: records)
        }
        return taken
    }
}

/// A sink on a queue of its own that computes for a while on each record.
struct SlowSink: Sink {
    typealias Element = Event
    let tally: Tally
    let rounds: Int

    var summary: String { "\(rounds) rounds of computing a record" }
    var maximumParallelism: Int? { 1 }

    func writer(context: SubtaskContext) -> SlowWriter { SlowWriter(tally: tally, rounds: rounds) }
}

struct SlowWriter: SinkWriter {
    let tally: Tally
    let rounds: Int
    var part = Outcome()

    mutating func write(_ batch: inout Batch<Event>) {
        for row in batch.indices {
            var word = UInt64(truncatingIfNeeded: batch[row].value)
            // Each round needs the one before, so that none can be left out or run side by side.
            for _ in 0..<rounds { word = (word ^ (word &>> 31)) &* 0x9e37_79b9_7f4a_7c15 }
            part.add(word)
        }
        batch.removeAll()
    }

    func finish() { tally.add(part) }
}
