import Foundation
import Weir

/// A job whose state is five times the memory that it is allowed: a profile for each of many keys, in
/// RocksDB, beside the same in memory.
///
/// Keys first come in order, so that neighbours share a page; then values go to keys that are drawn.
/// All runs take checkpoints.
enum SpillingLimit {
    /// One way of drawing keys.
    struct Load {
        let name: String
        let draw: ProfileEvents.Draw
    }

    static let loads = [
        Load(name: "keys drawn evenly", draw: .evenly),
        Load(
            name: "skewed, frequent keys together",
            draw: .zipf(exponent: 1.2, isScattered: false)),
        Load(
            name: "skewed, frequent keys scattered",
            draw: .zipf(exponent: 1.2, isScattered: true)),
    ]

    /// The bytes of a key and its profile.
    static let rawBytes = MemoryLayout<Int>.size + MemoryLayout<Profile>.size
    /// What the state is of the memory that it is allowed.
    static let factor = 5
    static let interval = Duration.seconds(5)

    static func check(keys: Int, seconds: Int) async throws -> [LimitFinding] {
        let keys = keys & ~1
        let memory = keys * rawBytes / factor
        let span = max(.seconds(seconds), interval * 3)
        // In RocksDB first: what a run in memory has taken, the process does not all give back.
        var spilled: [Measured] = []
        for load in loads { spilled.append(try await run(load, keys, span, memory)) }
        var findings = try await recover(keys, memory)
        for (load, spilled) in zip(loads, spilled) {
            let inMemory = try await run(load, keys, span, nil)
            findings += compare(load, keys, inMemory, spilled)
        }
        return findings + [resident(spilled[0], keys, memory)]
    }

    // MARK: - Throughput

    private struct Measured {
        var recordsPerSecond = 0.0
        /// Of the process, beyond what it had before the job.
        var residentBytes = 0.0
        /// What the state's pages and index take, as the engine measures it.
        var stateBytes = 0.0
        /// Of each second.
        var moved = PageTraffic.Counts()
        var seconds = 0.0
        var checkpoints: [CheckpointRecord] = []
    }

    /// - Parameter memory: The bytes allowed for state; `nil`: all of it in memory.
    private static func run(
        _ load: Load, _ keys: Int, _ span: Duration, _ memory: Int?
    ) async throws -> Measured {
        let directory = temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let before = ResourceUsage.residentBytes
        let scratch = try memory.map { try PageScratch(memory: $0) }
        let events = ProfileEvents(keys: keys, draw: load.draw)
        let job = ObservedJob(
            try execution(events, Tally(), directory, scratch, restoring: nil))
        try await job.wait { $0.recordsRead >= keys }
        // The first checkpoint has all pages, whatever changes; and the caches are to be warm.
        let first = job.checkpoints
        try await job.wait { $0.checkpoints >= first + 2 }
        let known = job.execution.checkpointHistory?.latest.count ?? 0
        let moved = scratch?.moved ?? PageTraffic.Counts()
        var measured = Measured()
        let sampler = ResidentSampler()
        (measured.recordsPerSecond, measured.seconds) = try await job.throughput(
            over: span, checkpoints: 2)
        measured.residentBytes = await sampler.highest() - before
        measured.stateBytes = Double(
            job.execution.metrics().operators.map(\.stateBytes).reduce(0, +))
        measured.moved = (scratch?.moved ?? PageTraffic.Counts()) - moved
        let history = job.execution.checkpointHistory?.latest ?? []
        measured.checkpoints = history.dropFirst(known).filter { $0.failure == nil }
        await job.abort()
        return measured
    }

    private static func execution(
        _ events: ProfileEvents, _ tally: Tally, _ checkpoints: String, _ scratch: PageScratch?,
        interval: Duration = interval, restoring: RestorePoint?
    ) throws -> JobExecution {
        let job = JobBuilder(name: "profiles")
        job.source(GeneratorSource(count: events.count, splits: 2, events), as: "events")
            .keyed(by: { $0.key })
            .process(ProfileFunction(), as: "profiles")
            .sink(to: CheckSink(tally: tally), as: "check")
        var options = ExecutionOptions()
        options.restartStrategy = .never
        // What waits in queues is treated before a barrier; at a page read for each record that is long.
        options.queueCapacity = 2
        options.stateBackend = scratch?.backend ?? .memory
        options.checkpoints = CheckpointOptions(
            CheckpointDirectory(checkpoints), interval: interval)
        options.checkpoints?.restoring = restoring
        return JobExecution(try Planner(parallelism: 2).plan(job.graph), options: options)
    }

    private static func compare(
        _ load: Load, _ keys: Int, _ inMemory: Measured, _ spilled: Measured
    ) -> [LimitFinding] {
        let ratio = spilled.recordsPerSecond / inMemory.recordsPerSecond
        let written = meanMegabytes(spilled, \.bytesWritten)
        let all = meanMegabytes(spilled, \.bytesReferenced)
        let share = ProfileEvents(keys: keys, draw: load.draw)
            .share(ofMostFrequent: keys / factor)
        return [
            LimitFinding(
                name: "spilling: throughput, \(load.name)", value: ratio, unit: "×", bar: nil,
                isMet: true,
                detail:
                    "\((spilled.recordsPerSecond / 1e6).text(3)) M/s in RocksDB, "
                    + "\((inMemory.recordsPerSecond / 1e6).text(3)) M/s in memory; "
                    + "\((share * 100).text(1)) % of the values go to the keys that fit; a second, "
                    + "\((Double(spilled.moved.written) / spilled.seconds).text(0)) pages out and "
                    + "\((Double(spilled.moved.read) / spilled.seconds).text(0)) in"),
            LimitFinding(
                name: "spilling: checkpoint over all state, \(load.name)", value: written / all,
                unit: "×", bar: nil, isMet: true,
                detail:
                    "\(spilled.checkpoints.count) of \(written.text(1)) MB on average, of "
                    + "\(all.text(0)) MB, each \(interval / .seconds(1)) s; pause at most "
                    + "\(((spilled.checkpoints.map(\.longestPauseSeconds).max() ?? .nan) * 1e3).text(1))"
                    + " ms"),
        ]
    }

    /// - Parameter first: The first run of the process; later ones find memory that it still has.
    private static func resident(_ first: Measured, _ keys: Int, _ memory: Int) -> LimitFinding {
        let allowed = Double(memory)
        return LimitFinding(
            name: "spilling: resident memory over allowed", value: first.residentBytes / allowed,
            unit: "×", bar: nil, isMet: true,
            detail:
                "\((first.residentBytes / 1e6).text(0)) MB where \((allowed / 1e6).text(0)) MB are "
                + "allowed for pages; pages and index take \((first.stateBytes / 1e6).text(0)) MB; "
                + "\(keys) keys of \(rawBytes) raw bytes, "
                + "\((Double(keys * rawBytes) / 1e6).text(0)) MB")
    }

    private static func meanMegabytes(
        _ measured: Measured, _ bytes: (CheckpointRecord) -> Int
    ) -> Double {
        let all = measured.checkpoints.map { Double(bytes($0)) }
        return all.isEmpty ? .nan : all.reduce(0, +) / Double(all.count) / 1e6
    }

    // MARK: - Recovery

    /// Aborts a job in the middle, restores it, and compares all profiles with those of a plain loop.
    private static func recover(_ keys: Int, _ memory: Int) async throws -> [LimitFinding] {
        let directory = temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let events = ProfileEvents(
            keys: keys, draw: .zipf(exponent: 1.2, isScattered: false),
            drawn: max(keys / 2, 2_000_000) & ~1)
        let (aborted, checkpoints) = try await abort(events, memory, directory)
        let tally = Tally()
        let scratch = try PageScratch(memory: memory)
        let job = ObservedJob(
            try execution(
                events, tally, directory, scratch, interval: .seconds(1), restoring: .latest))
        let restored = try await job.waitForRecords(afterRestoreOf: "profiles")
        let toFirst = job.seconds
        let summary = try await job.finish()
        let seconds = job.seconds
        let computed = events.computedOutcome()
        let isRight = tally.total == computed && summary.recordsRead == events.count
        return [
            LimitFinding(
                name: "spilling: keys that are right after a restore",
                value: Double(isRight ? computed.rows : 0) / Double(keys), unit: "×", bar: "1",
                isMet: isRight,
                detail:
                    "aborted after \(aborted) records and \(checkpoints) checkpoints, restored after "
                    + "\(restored); \(tally.total.rows) profiles with checksum "
                    + "\(String(tally.total.checksum, radix: 16)), by a plain loop "
                    + "\(computed.rows) with \(String(computed.checksum, radix: 16)); "
                    + "\(scratch.moved.written) pages out, \(scratch.moved.read) in"),
            LimitFinding(
                name: "spilling: restore to the first record", value: toFirst, unit: "s",
                bar: nil, isMet: true,
                detail: "\(keys) keys, at the same parallelism; \(seconds.text(1)) s to the end"),
        ]
    }

    private static func abort(
        _ events: ProfileEvents, _ memory: Int, _ directory: String
    ) async throws -> (records: Int, checkpoints: Int) {
        let scratch = try PageScratch(memory: memory)
        let job = ObservedJob(
            try execution(
                events, Tally(), directory, scratch, interval: .seconds(1), restoring: nil))
        let enough = events.keys + (events.drawn ?? 0) / 2
        try await job.wait { $0.recordsRead >= enough && $0.checkpoints >= 1 }
        let found = (job.recordsRead, job.checkpoints)
        await job.abort()
        return found
    }

    private static func temporaryDirectory() -> String {
        FileManager.default.temporaryDirectory
            .appending(path: "weir-spilling-\(UUID().uuidString)").path
    }
}

/// Looks at the process's resident memory from time to time.
private struct ResidentSampler {
    private let sampling = Task {
        var highest = 0.0
        while !Task.isCancelled {
            highest = max(highest, ResourceUsage.residentBytes)
            try? await Task.sleep(for: .milliseconds(50))
        }
        return highest
    }

    /// Ends it; answers the most bytes that it saw.
    func highest() async -> Double {
        sampling.cancel()
        return await sampling.value
    }
}
