import Foundation
import Weir

/// What checkpoints cost a job with much state: a count and a sum for each of many keys.
///
/// Keys first come in order, so that neighbours share a page; then records go to some of them. The
/// same job runs without checkpoints for comparison.
enum CheckpointLimit {
    /// One way of changing the state.
    struct Load {
        let name: String
        /// The part of the keys that goes on changing.
        let hotFraction: Double
        let interval: Duration
        let bar: Double
    }

    static let loads = [
        Load(
            name: "5 % of the pages, each second", hotFraction: 0.05, interval: .seconds(1),
            bar: 0.95),
        Load(name: "all pages, each 10 s", hotFraction: 1, interval: .seconds(10), bar: 0.8),
    ]

    /// - Parameter runs: The runs with checkpoints and without, in turns, and the restores, whose medians
    ///   count.
    static func check(keys: Int, seconds: Int, runs: Int) async throws -> [LimitFinding] {
        var findings: [LimitFinding] = []
        for load in loads {
            let span = max(.seconds(seconds), load.interval * 3)
            let directory = FileManager.default.temporaryDirectory
                .appending(path: "weir-checkpoints-\(UUID().uuidString)").path
            defer { try? FileManager.default.removeItem(atPath: directory) }
            var plain: [Measured] = []
            var checked: [Measured] = []
            for run in 0..<runs {
                plain.append(try await Self.run(load, keys, span, checkpoints: nil))
                if run > 0 { try FileManager.default.removeItem(atPath: directory) }
                checked.append(try await Self.run(load, keys, span, checkpoints: directory))
            }
            findings += compare(load, keys, plain, checked)
            // What an earlier load has given back, the process may still have; the first has none of that.
            if load.hotFraction < 1 { findings.append(memory(plain)) }
            if load.hotFraction == 1 { findings += try await restore(keys, directory, runs) }
        }
        return findings
    }

    private struct Measured {
        var recordsPerSecond = 0.0
        var residentBytesPerKey = 0.0
        var history: [CheckpointRecord] = []
    }

    private static func run(
        _ load: Load, _ keys: Int, _ span: Duration, checkpoints: String?
    ) async throws -> Measured {
        let before = ResourceUsage.residentBytes
        let job = ObservedJob(try execution(load, keys, checkpoints))
        try await job.wait { $0.recordsRead >= keys }
        var measured = Measured()
        measured.residentBytesPerKey = (ResourceUsage.residentBytes - before) / Double(keys)
        // The first checkpoint has all pages, whatever changes: it is not what is measured.
        try await job.wait { checkpoints == nil || $0.checkpoints >= 2 }
        let first = job.execution.checkpointHistory?.latest.count ?? 0
        measured.recordsPerSecond = try await job.throughput(over: span).perSecond
        measured.history = Array(
            (job.execution.checkpointHistory?.latest ?? []).dropFirst(first))
        await job.abort()
        return measured
    }

    private static func execution(
        _ load: Load, _ keys: Int, _ checkpoints: String?,
        _ files: any CheckpointFileSystem = DiskFileSystem(), restoring: RestorePoint? = nil
    ) throws -> JobExecution {
        let job = JobBuilder(name: "checkpoints")
        let hot = max(1, Int(Double(keys) * load.hotFraction))
        job.source(
            GeneratorSource(splits: 2, FillingEvents(keys: keys, hot: hot)), as: "events"
        )
        .watermarked(.boundedOutOfOrderness(.seconds(1))) { $0.time }
        .keyed(by: { $0.key })
        .windowed(.tumbling(.hours(24 * 365)), late: .drop)
        .aggregate(Count(), Sum { $0.value }, as: "state") { key, window, count, sum in
            KeyCount(key: key, start: window.start, count: count + sum)
        }
        .sink(to: CheckSink(tally: Tally()), as: "check")
        var options = ExecutionOptions()
        options.restartStrategy = .never
        if let checkpoints {
            options.checkpoints = CheckpointOptions(
                CheckpointDirectory(checkpoints, fileSystem: files), interval: load.interval)
            options.checkpoints?.restoring = restoring
        }
        return JobExecution(try Planner(parallelism: 2).plan(job.graph), options: options)
    }

    private static func compare(
        _ load: Load, _ keys: Int, _ plain: [Measured], _ checked: [Measured]
    ) -> [LimitFinding] {
        let plainSpeed = Times(plain.map(\.recordsPerSecond))
        let speed = Times(checked.map(\.recordsPerSecond))
        let ratio = speed.median / plainSpeed.median
        let history = checked.flatMap(\.history)
        let pauses = history.map { $0.longestPauseSeconds * 1e3 }.sorted()
        // The 99th of each hundred, or the longest where there are fewer.
        let pause = pauses.isEmpty ? .nan : pauses[(pauses.count * 99 - 1) / 100]
        return [
            LimitFinding(
                name: "checkpoints: throughput, \(load.name)", value: ratio, unit: "×",
                bar: "≥ \(load.bar)", isMet: ratio >= load.bar,
                detail: "\(keys) keys; without, \(text(plainSpeed)) M/s; with, \(text(speed)) M/s; "
                    + text(history)),
            LimitFinding(
                name: "checkpoints: pause, \(load.name)", value: pause, unit: "ms",
                bar: "< 1", isMet: pause < 1,
                detail: "99 of 100 in \(pauses.count) checkpoints, the longest of all tasklets in "
                    + "each; median \(Times(pauses).median.text(3)), most \(Times(pauses).most.text(3))"
            ),
        ]
    }

    private static func memory(_ plain: [Measured]) -> LimitFinding {
        let memory = Times(plain.map(\.residentBytesPerKey)).most
        return LimitFinding(
            name: "checkpoints: memory over raw bytes", value: memory / rawBytes, unit: "×",
            bar: "≤ 1.6", isMet: memory / rawBytes <= 1.6,
            detail: "\(memory.text(1)) resident bytes a key; of \(rawBytes.text(0)) raw ones: "
                + "the key, a count, and an exact sum in 128 bits")
    }

    /// The bytes of a key, a count and a sum.
    private static let rawBytes = Double(
        MemoryLayout<Int>.size * 2 + MemoryLayout<IntegerSum>.size)

    /// Median, least and most, in millions.
    private static func text(_ speed: Times) -> String {
        "\((speed.median / 1e6).text(2)) (\((speed.least / 1e6).text(2)) to "
            + "\((speed.most / 1e6).text(2)))"
    }

    private static func text(_ history: [CheckpointRecord]) -> String {
        let completed = history.filter { $0.failure == nil }
        let mean = { (value: (CheckpointRecord) -> Double) -> Double in
            completed.isEmpty ? .nan : completed.map(value).reduce(0, +) / Double(completed.count)
        }
        return "\(completed.count) checkpoints of "
            + "\((mean { Double($0.bytesWritten) } / 1e6).text(1)) MB on average, of "
            + "\((mean { Double($0.bytesReferenced) } / 1e6).text(0)) MB, "
            + "\(mean(\.seconds).text(2)) s each"
    }

    /// How long a restore takes until records flow, and until all state is in memory.
    private static func restore(
        _ keys: Int, _ directory: String, _ runs: Int
    ) async throws -> [LimitFinding] {
        var first: [Double] = []
        var all: [Double] = []
        var reads = WatchedFiles.Reads()
        for _ in 0..<runs {
            let files = WatchedFiles()
            let start = ContinuousClock.now
            let job = ObservedJob(
                try execution(
                    loads[1], keys, directory, files, restoring: .latest))
            _ = try await job.waitForRecords(afterRestoreOf: "state")
            first.append(job.seconds)
            try await job.wait { _ in files.reads.last < .now - .seconds(2) }
            reads = files.reads
            all.append((reads.last - start) / .seconds(1))
            await job.abort()
        }
        let (toFirst, toAll) = (Times(first), Times(all))
        return [
            LimitFinding(
                name: "checkpoints: restore to the first record", value: toFirst.median, unit: "s",
                bar: "< 1", isMet: toFirst.median < 1,
                detail: "\(keys) keys, at the same parallelism; "
                    + "\(toFirst.least.text(2)) to \(toFirst.most.text(2)) in \(runs) restores"),
            LimitFinding(
                name: "checkpoints: restore of all state", value: toAll.median, unit: "s",
                bar: "< 5", isMet: toAll.median < 5,
                detail: "until the last of \(reads.count) reads of "
                    + "\((Double(reads.bytes) / 1e6).text(0)) MB, while records are treated; "
                    + "\(toAll.least.text(2)) to \(toAll.most.text(2))"),
        ]
    }
}

/// Events that first bring each key once, in order, and then some of them again and again.
struct FillingEvents: RecordGenerator {
    let keys: Int
    let hot: Int

    @inline(__always)
    func record(at index: Int) -> Event {
        let mixed = EventGenerator.mix(index)
        let key =
            index < keys ? index : Int(truncatingIfNeeded: (mixed >> 8) % UInt64(hot))
        return Event(
            key: key, value: Int(truncatingIfNeeded: (mixed &>> 12) & 0xfff),
            time: Timestamp(microseconds: Int64(index)), amount: 0)
    }
}
