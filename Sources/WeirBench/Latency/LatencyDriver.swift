import Foundation
import Histogram
import Weir
import WeirNexmark

/// Runs a query at fixed rates.
struct LatencyDriver {
    let query: LatencyQuery
    let parallelism: Int
    /// In milliseconds; 0: no checkpoints.
    let checkpointInterval: Int

    /// What one run came to.
    struct Measured: Sendable {
        var rate: Double
        /// Events read a second.
        var achievedRate: Double
        var rows: UInt64
        /// Milliseconds.
        var p50, p90, p99, p999, p9999, most: Double
        var checkpoints: Int
        /// How far behind its schedule the source was.
        var lags: [EventSchedule.Sample]
        /// What the machine did meanwhile.
        var gaps: MachineGaps?
    }

    // MARK: - At one rate

    /// Runs the job at a rate, and notes the latency of its rows.
    ///
    /// - Throws: ``BenchmarkError`` when there was no row to measure.
    func measure(rate: Double, seconds: Double) async throws -> Measured {
        let schedule = EventSchedule(
            rate: rate, count: max(1, Int(rate * seconds)), splits: parallelism)
        let latencies = LatencyHistogram()
        let trigger = query.trigger
        let results = NexmarkResults(hashesRows: false) { times in
            let now = schedule.now
            latencies.record(
                times.compactMap { schedule.due($0, trigger) }.map { max(0, now - $0) })
        }
        let folder = try CheckpointFolder(interval: checkpointInterval)
        let execution = try execution(schedule, results, folder)
        let watch = MachineWatch(from: Int(seconds / 5 * 1e9)) { schedule.now }
        let job = ObservedJob(execution)
        let ended = await job.end()
        let gaps = watch.stop()
        let summary = try ended.get()
        guard latencies.count > 0 else {
            throw BenchmarkError.endedEarly(
                "\(query.name) had no row to measure; give more --seconds or a higher --rate")
        }
        return Measured(
            rate: rate, achievedRate: summary.recordsPerSecond, rows: latencies.count,
            p50: latencies.milliseconds(at: 50), p90: latencies.milliseconds(at: 90),
            p99: latencies.milliseconds(at: 99), p999: latencies.milliseconds(at: 99.9),
            p9999: latencies.milliseconds(at: 99.99), most: latencies.milliseconds(at: 100),
            checkpoints: job.checkpoints, lags: schedule.lags, gaps: gaps)
    }

    // MARK: - The highest rate

    /// The highest rate that the job keeps up with, to a twentieth or so.
    ///
    /// - Parameter note: Is told what is tried.
    func sustainableRate(note: (String) -> Void) async throws -> Double {
        let most = try await unlimitedRate()
        note("as fast as it goes: \(Int(most)) events/s")
        func keepsUp(with share: Double) async throws -> Bool {
            let keepsUp = try await self.keepsUp(with: most * share)
            note("\(Int(most * share)) events/s: \(keepsUp ? "kept up" : "fell behind")")
            return keepsUp
        }
        var (low, high) = (0.9, 1.1)
        while try await !keepsUp(with: low) {
            (low, high) = (low - 0.15, low)
            guard low > 0.1 else {
                throw BenchmarkError.endedEarly(
                    "no rate was found that \(query.name) keeps up with")
            }
        }
        for _ in 0..<4 {
            let middle = (low + high) / 2
            if try await keepsUp(with: middle) { low = middle } else { high = middle }
        }
        return most * low
    }

    private func unlimitedRate() async throws -> Double {
        let schedule = EventSchedule(rate: .infinity, count: .max, splits: parallelism)
        let folder = try CheckpointFolder(interval: checkpointInterval)
        let job = ObservedJob(
            try execution(schedule, NexmarkResults(hashesRows: false), folder))
        try await job.wait { $0.seconds > 1 }
        let rate = try await job.throughput(over: .seconds(4)).perSecond
        await job.abort()
        return rate
    }

    /// Whether the source is less than a tenth of a second behind its schedule after some seconds, and
    /// does not fall back further by more than a hundredth of the time.
    private func keepsUp(with rate: Double) async throws -> Bool {
        let schedule = EventSchedule(rate: rate, count: .max, splits: parallelism)
        let folder = try CheckpointFolder(interval: checkpointInterval)
        let job = ObservedJob(
            try execution(schedule, NexmarkResults(hashesRows: false), folder))
        try await job.wait { $0.recordsRead > 0 }
        let start = job.seconds
        try await job.wait { $0.seconds - start > 10 }
        // Whatever the source has not made by now is missing below: its lag is still to be known.
        let isPresent = job.seconds - start - Double(job.recordsRead) / rate < 0.2
        await job.abort()
        // Medians: one look may come between two of the machine's own pauses.
        let lags = schedule.lags
        let (before, after) = (lags.median(due: 5..<7.5), lags.median(due: 7.5..<10))
        return isPresent && after < 0.1 && after - before < 0.025
    }

    private func execution(
        _ schedule: EventSchedule, _ results: NexmarkResults, _ folder: CheckpointFolder
    ) throws -> JobExecution {
        let source = GeneratorSource(
            count: schedule.count == .max ? nil : schedule.count, splits: parallelism,
            ratePerSecond: schedule.rate.isFinite ? schedule.rate : nil,
            ScheduledEvents(schedule: schedule))
        let job = try NexmarkQuery.named(query.name).job(source, results: results)
        var options = ExecutionOptions()
        options.restartStrategy = .never
        options.checkpoints = folder.options
        return JobExecution(try job.plan(parallelism: parallelism), options: options)
    }
}

extension [EventSchedule.Sample] {
    /// The middle one of the lags of events that were due then; without end where there are none.
    fileprivate func median(due span: Range<Double>) -> Double {
        let lags = filter { span.contains($0.due) }.map(\.lag).sorted()
        return lags.isEmpty ? .infinity : lags[lags.count / 2]
    }
}

/// A place for a run's checkpoints, which goes with it.
private final class CheckpointFolder {
    let options: CheckpointOptions?
    private let path: String

    /// - Parameter interval: In milliseconds; 0: no checkpoints.
    init(interval: Int) throws {
        path =
            FileManager.default.temporaryDirectory
            .appending(path: "weir-latency-\(UUID().uuidString)").path
        options =
            interval == 0
            ? nil
            : CheckpointOptions(
                CheckpointDirectory(path), interval: .milliseconds(interval))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// Latencies of all subtasks, in nanoseconds, to three digits.
///
/// Source: Tene, HdrHistogram.
final class LatencyHistogram: Sendable {
    private let histogram = Locked(
        Histogram<UInt64>(
            highestTrackableValue: 3_600_000_000_000, numberOfSignificantValueDigits: .three))

    func record(_ nanoseconds: [Int]) {
        histogram.withLock { histogram in
            for value in nanoseconds { histogram.record(UInt64(min(value, 3_600_000_000_000))) }
        }
    }

    var count: UInt64 { histogram.withLock { UInt64($0.totalCount) } }

    func milliseconds(at percentile: Double) -> Double {
        histogram.withLock { Double($0.valueAtPercentile(percentile)) / 1e6 }
    }
}
