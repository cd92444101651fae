import Foundation
import Testing
import WeirCore
import WeirGraph
import WeirState
import WeirTesting

@testable import WeirRuntime

/// Counts the records of each key, and hands on the first.
private struct Firsts: KeyedProcessFunction {
    struct State: Codable { var count = 0 }
    let initialState = State()

    func process(_ record: Event, state: inout State, context: KeyedContext<Int, Event>) {
        state.count += 1
        if state.count == 1 { context.emit(record) }
    }
}

@Suite struct `The memory of a process` {
    /// Files that are there, by path.
    private func allowed(_ files: [String: String], machine: Int = 16 << 30) -> Int {
        ProcessMemory.allowedBytes(ofMachine: machine) { files[$0] }
    }

    @Test func `is limited by the machine, or by a control group of either version`() {
        #expect(allowed([:]) == 16 << 30)
        #expect(
            allowed([
                "/proc/self/cgroup": "0::/jobs/one\n",
                "/sys/fs/cgroup/jobs/one/memory.max": "max\n",
                "/sys/fs/cgroup/jobs/memory.max": "2147483648\n",
            ]) == 2 << 30)
        #expect(
            allowed([
                "/proc/self/cgroup": "9:cpu:/x\n4:memory:/docker/abc\n0::/\n",
                "/sys/fs/cgroup/memory/memory.limit_in_bytes": "1073741824\n",
                "/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": "9223372036854771712\n",
            ]) == 1 << 30)
        // In a container of version 2 its own group is the root.
        #expect(
            allowed([
                "/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "536870912\n",
            ]) == 1 << 29)
        #expect(allowed(["/proc/self/cgroup": "::\n0\n0::/\n"]) == 16 << 30)
    }

    @Test func `can be read`() throws {
        let memory = try #require(DispatchExecutor().memory())
        #expect(memory.residentBytes > 1_000_000)
        #expect(memory.residentBytes < memory.allowedBytes)
    }
}

@Suite struct `A job that takes too much memory` {
    private final class Folder: Sendable {
        let path = NSTemporaryDirectory() + "weir-memory-\(UUID().uuidString)"
        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    /// A job that counts its events by key, for ever, and seems to take a megabyte with each read.
    private func execution(
        _ limit: MemoryLimit, _ folder: Folder? = nil, reads: SharedCount = SharedCount()
    ) throws -> (JobExecution, ManualExecutor, EpochSink<Event>) {
        var source = CountedSource(splits: 2, records: 3_000) { split, index in
            Event(index % 1_000, split, at: Int64(index))
        }
        let megabytes = SharedCount()
        source.onRead = { _, _ in megabytes.add(1) }
        let scripted = source
        let sink = EpochSink<Event>()
        let plan = try plan(parallelism: 2) { job in
            job.source(scripted, onBadRecord: .fail, as: "events")
                .keyed(by: \.key)
                .process(Firsts(), as: "first")
                .sink(to: sink, as: "out")
        }
        var options = tightOptions(batchSize: 4)
        options.memoryLimit = limit
        options.restartStrategy = .fixedDelay(.milliseconds(1), attempts: 1_000)
        if let folder {
            options.checkpoints = CheckpointOptions(
                CheckpointDirectory(folder.path), interval: .milliseconds(20))
        }
        let executor = ManualExecutor(seed: 5, maximumTick: .milliseconds(5))
        executor.reportMemory {
            reads.add(1)
            return ProcessMemory(
                residentBytes: megabytes.current * 1_000_000, allowedBytes: 1_000_000_000)
        }
        let execution = JobExecution(plan, executor: executor, options: options)
        return (execution, executor, sink)
    }

    @Test(arguments: [false, true])
    func `fails, once, and says what takes it and what to do`(hasCheckpoints: Bool) throws {
        let (execution, executor, _) = try execution(
            .bytes(800_000_000), hasCheckpoints ? Folder() : nil)
        let failure = #expect(throws: JobFailure.self) {
            try executor.run { try await execution.run() }
        }
        guard case .memoryLimitReached(_, let use)? = failure?.cause as? JobError else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(use.residentBytes > 800_000_000 && use.limitBytes == 800_000_000)
        #expect(use.operators.first?.name == "first")
        // A thousand keys with their counts, in two subtasks.
        #expect((use.operators.first?.bytes ?? 0) > 1_000 * 16)
        let text = "\(try #require(failure))"
        #expect(text.contains("its limit is 800 MB, the job's limit. Operators' state: 'first' "))
        #expect(text.contains("is something else. Let state spill to a disk"))
        #expect((execution.checkpointHistory?.restarts ?? 0) == 0)
        if hasCheckpoints { #expect((execution.checkpointHistory?.completed ?? 0) > 0) }
    }

    @Test func `is by default one that takes nine tenths of what there is`() throws {
        let (execution, executor, _) = try execution(.automatic)
        let failure = #expect(throws: JobFailure.self) {
            try executor.run { try await execution.run() }
        }
        #expect(
            "\(try #require(failure))".contains(
                "its limit is 900 MB, nine tenths of what this machine or its control group has."))
    }

    @Test(arguments: [MemoryLimit.bytes(100_000_000_000), .off])
    func `is not one below its limit, or without any`(limit: MemoryLimit) throws {
        let reads = SharedCount()
        let (execution, executor, sink) = try execution(limit, reads: reads)
        let summary = try executor.run { try await execution.run() }
        #expect(summary.outcome == .finished && sink.records.count == 1_000)
        #expect(reads.current > 10)
        // Each key is kept to the end; less than a hundred bytes for each, and an index.
        #expect(16_000..<400_000 ~= (summary.peakStateBytes["first"] ?? 0))
        let metrics = execution.metrics().operators.first { $0.id.name == "first" }
        #expect(metrics?.peakStateBytes == summary.peakStateBytes["first"])
        #expect((metrics?.stateBytes ?? 0) > 0)
    }
}
