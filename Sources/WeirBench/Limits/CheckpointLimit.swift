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

    static func check(keys: Int, seconds: Int) async throws -> [LimitFinding] {
        var findings: [LimitFinding] = []
        for load in loads {
            let span = max(.seconds(seconds), load.interval * 3)
            let plain = try await run(load, keys, span, checkpoints: nil)
            let directory = FileManager.default.temporaryDirectory
                .appending(path: "weir-checkpoints-\(UUID().uuidString)").path
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let checked = try await run(load, keys, span, checkpoints: directory)
            findings += compare(load, keys, plain, checked)
            if load.hotFraction == 1 { findings += try await restore(keys, directory) }
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
        let before = residentBytes()
        let execution = try execution(load, keys, checkpoints)
        let running = Task { _ = try? await execution.run() }
        while read(execution) < keys { try await Task.sleep(for: .milliseconds(20)) }
        var measured = Measured()
        measured.residentBytesPerKey = (residentBytes() - before) / Double(keys)
        // The first checkpoint has all pages, whatever changes: it is not what is measured.
        while checkpoints != nil, (execution.checkpointHistory?.completed ?? 0) < 2 {
            try await Task.sleep(for: .milliseconds(20))
        }
        let first = execution.checkpointHistory?.latest.count ?? 0
        let start = ContinuousClock.now, readBefore = read(execution)
        try await Task.sleep(for: span)
        let records = read(execution) - readBefore
        measured.recordsPerSecond = Double(records) / ((ContinuousClock.now - start) / .seconds(1))
        measured.history = Array((execution.checkpointHistory?.latest ?? []).dropFirst(first))
        execution.abort()
        await running.value
        return measured
    }

    private static func read(_ execution: JobExecution) -> Int {
        execution.metrics().operators.first?.counts.received ?? 0
    }

    private static func execution(
        _ load: Load, _ keys: Int, _ checkpoints: String?, restoring: RestorePoint? = nil
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
                CheckpointDirectory(checkpoints), interval: load.interval)
            options.checkpoints?.restoring = restoring
        }
        return JobExecution(try Planner(parallelism: 2).plan(job.graph), options: options)
    }

    private static func compare(
        _ load: Load, _ keys: Int, _ plain: Measured, _ checked: Measured
    ) -> [LimitFinding] {
        let ratio = checked.recordsPerSecond / plain.recordsPerSecond
        let pauses = checked.history.map(\.longestPauseSeconds).sorted()
        let worst = (pauses.last ?? .nan) * 1e3
        let completed = checked.history.filter { $0.failure == nil }
        let mean = { (value: (CheckpointRecord) -> Double) -> Double in
            completed.isEmpty ? .nan : completed.map(value).reduce(0, +) / Double(completed.count)
        }
        let detail =
            "\(keys) keys; \((plain.recordsPerSecond / 1e6).text(2)) M/s without, "
            + "\((checked.recordsPerSecond / 1e6).text(2)) M/s with \(completed.count) checkpoints of "
            + "\((mean { Double($0.bytesWritten) } / 1e6).text(1)) MB on average, of "
            + "\((mean { Double($0.bytesReferenced) } / 1e6).text(0)) MB, "
            + "\(mean(\.seconds).text(2)) s each"
        return [
            LimitFinding(
                name: "checkpoints: throughput, \(load.name)", value: ratio, unit: "×",
                bar: "≥ \(load.bar)", isMet: ratio >= load.bar, detail: detail),
            LimitFinding(
                name: "checkpoints: longest pause, \(load.name)", value: worst, unit: "ms",
                bar: "< 1", isMet: worst < 1,
                detail: "the longest of all tasklets in each of \(pauses.count) checkpoints"),
            LimitFinding(
                name: "checkpoints: memory over raw bytes", value: plain.residentBytesPerKey / 24,
                unit: "×", bar: "≤ 1.6", isMet: plain.residentBytesPerKey / 24 <= 1.6,
                detail: "\(plain.residentBytesPerKey.text(1)) resident bytes a key of 24 raw ones"),
        ]
    }

    /// How long a restore takes until records flow, and until all state is in memory.
    private static func restore(_ keys: Int, _ directory: String) async throws -> [LimitFinding] {
        let execution = try execution(loads[1], keys, directory, restoring: .latest)
        let start = ContinuousClock.now
        let running = Task { _ = try? await execution.run() }
        var restored: Int?
        var toFirst = 0.0
        while true {
            let operators = execution.metrics().operators
            if let state = operators.first(where: { $0.id.name == "state" })?.counts.received,
                state > 0
            {
                guard let before = restored else {
                    restored = state
                    continue
                }
                if state > before {
                    toFirst = (ContinuousClock.now - start) / .seconds(1)
                    break
                }
            }
            try await Task.sleep(for: .milliseconds(1))
        }
        execution.abort()
        await running.value
        return [
            LimitFinding(
                name: "checkpoints: restore to the first record", value: toFirst, unit: "s",
                bar: "< 1", isMet: toFirst < 1, detail: "\(keys) keys, at the same parallelism")
        ]
    }

    private static func residentBytes() -> Double {
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?
            .split(separator: " ").dropFirst().first.flatMap { Double($0) }
        return (pages ?? .nan) * Double(sysconf(Int32(_SC_PAGESIZE)))
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
