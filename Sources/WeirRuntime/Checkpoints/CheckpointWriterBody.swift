import Synchronization
import WeirCore
import WeirGraph
import WeirState

/// The turns of the tasklet that writes checkpoints, on a lane of its own.
///
/// One cut a turn, so that a job that is cancelled does not wait for the whole.
final class CheckpointWriterBody: @unchecked Sendable {
    // Unchecked: all but `waiting` is touched by the lane alone.
    private let plan: PhysicalPlan
    private let options: CheckpointOptions
    private let executor: any Executor
    private let coordinator: CheckpointCoordinator
    private let tasklet: Tasklet
    private let waiting = Locked<[CollectedCheckpoint]>([])
    private var current: Writing?

    private struct Writing {
        let checkpoint: CollectedCheckpoint
        let writer: CheckpointWriter
        let segments: SegmentWriter
        let savepoints: [SavepointRequest]
        var next = 0
    }

    init(
        plan: PhysicalPlan, options: CheckpointOptions, executor: any Executor,
        coordinator: CheckpointCoordinator, tasklet: Tasklet
    ) {
        self.plan = plan
        self.options = options
        self.executor = executor
        self.coordinator = coordinator
        self.tasklet = tasklet
    }

    /// Has a checkpoint written; from any thread.
    func add(_ checkpoint: CollectedCheckpoint) {
        waiting.withLock { $0.append(checkpoint) }
        tasklet.wake()
    }

    func turn() throws -> Tasklet.Turn {
        if current != nil {
            writeNext()
            return .again
        }
        let checkpoint = waiting.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        guard let checkpoint else { return coordinator.isOver ? .finished : .idle }
        begin(checkpoint)
        return .again
    }

    /// Gives up what has not been written.
    func close() {
        if let current {
            current.writer.abandon()
            report(current.savepoints, .failure(CheckpointError.jobHasEnded))
            for cut in current.checkpoint.cuts { cut.release() }
        }
        current = nil
        for checkpoint in waiting.withLock({ $0 }) {
            report(checkpoint.savepoints, .failure(CheckpointError.jobHasEnded))
            for cut in checkpoint.cuts { cut.release() }
        }
        waiting.withLock { $0 = [] }
    }

    // MARK: - Writing

    private func begin(_ checkpoint: CollectedCheckpoint) {
        // What is left after the streams' end is no state to go on from.
        if checkpoint.isFinal {
            report(checkpoint.savepoints, .failure(CheckpointError.jobHasEnded))
        }
        let savepoints = checkpoint.isFinal ? [] : checkpoint.savepoints
        do {
            let writer = try options.directory.begin(
                checkpoint.epoch, base: checkpoint.base)
            current = Writing(
                checkpoint: checkpoint, writer: writer, segments: writer.segmentWriter(),
                savepoints: savepoints)
        } catch {
            fail(checkpoint, savepoints, error)
        }
    }

    private func writeNext() {
        guard var writing = current else { return }
        let cuts = writing.checkpoint.cuts
        do {
            if writing.next == cuts.count { return try complete(writing) }
            let cut = cuts[writing.next]
            for part in cut.parts {
                try writing.segments.save(
                    part.snapshot, as: part.name, layout: part.layout, operator: part.id.name,
                    subtask: cut.subtask)
            }
            cut.release()
            writing.next += 1
            current = writing
        } catch {
            current = nil
            writing.writer.abandon()
            fail(writing.checkpoint, writing.savepoints, error)
        }
    }

    private func fail(
        _ checkpoint: CollectedCheckpoint, _ savepoints: [SavepointRequest], _ error: any Error
    ) {
        for cut in checkpoint.cuts { cut.release() }
        report(savepoints, .failure(error))
        coordinator.failed(checkpoint.epoch, error, isFinal: checkpoint.isFinal)
    }

    private func report(_ savepoints: [SavepointRequest], _ result: Result<String, any Error>) {
        for savepoint in savepoints { savepoint.report(result) }
    }

    // MARK: - Completing

    private func complete(_ writing: Writing) throws {
        let checkpoint = writing.checkpoint
        let completed = try writing.writer.complete(
            CheckpointDescription(
                createdAt: executor.wallClock(), parallelism: plan.parallelism,
                keyGroups: plan.keyGroups.count, operators: descriptions(checkpoint)))
        current = nil
        for savepoint in writing.savepoints {
            savepoint.report(
                Result {
                    try completed.checkpoint.copy(to: savepoint.path)
                    return savepoint.path
                })
        }
        coordinator.completed(
            completed.checkpoint, isFinal: checkpoint.isFinal,
            record(checkpoint, completed.checkpoint.manifest))
    }

    private func descriptions(
        _ checkpoint: CollectedCheckpoint
    ) -> [CheckpointDescription.Operator] {
        plan.graph.operators.map { node in
            CheckpointDescription.Operator(
                id: node.id.name, kind: node.kind.rawValue,
                parallelism: plan.subtasks(of: node.id),
                counters: checkpoint.cuts.sorted { $0.subtask < $1.subtask }
                    .compactMap { $0.counters[node.id] })
        }
    }

    private func record(
        _ checkpoint: CollectedCheckpoint, _ manifest: CheckpointManifest
    ) -> CheckpointRecord {
        var record = CheckpointRecord(epoch: checkpoint.epoch)
        let now = executor.nanoseconds()
        record.seconds = Double(now - checkpoint.startedAt) / 1e9
        record.alignmentSeconds = Double(checkpoint.collectedAt - checkpoint.startedAt) / 1e9
        record.longestPauseSeconds =
            Double(checkpoint.longestPauseNanoseconds) / 1e9
        record.bytesWritten = manifest.newBytes
        record.bytesReferenced = manifest.totalBytes
        record.isUnaligned = checkpoint.isUnaligned
        record.recordsInFlight = checkpoint.recordsInFlight
        record.bytesInFlight = manifest.operators.flatMap(\.parts)
            .filter { QueuedRecordsName.isOne($0.name) }.flatMap(\.pieces)
            .reduce(0) { $0 + $1.rawBytes }
        return record
    }
}
