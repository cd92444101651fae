import WeirCore
import WeirRuntime

/// What happens in a simulated run, in words: the last of it tells how a failure came about.
///
/// Kept only when a run that fails is made again, since the same seed makes the same run; writing
/// it changes nothing in the run.
final class SimulatedLog: Sendable {
    private struct State {
        var lines: [String] = []
        var executor: ManualExecutor?
        var process = 0
        var noticesSeen = 0
        var checkpointsSeen = 0
    }

    /// The lines that are kept.
    static let limit = 24

    private let state = Locked(State())

    /// The newest lines, at most ``limit``, the oldest first.
    var lines: [String] { state.withLock { $0.lines } }

    /// Times are those of this executor from now on.
    func begin(process: Int, on executor: ManualExecutor, _ settings: String) {
        state.withLock { state in
            state.process = process
            state.executor = executor
            state.noticesSeen = 0
            state.checkpointsSeen = 0
        }
        note("starts, \(settings)")
    }

    /// Adds a line, with the process, its step and the virtual time.
    func note(_ event: String) {
        state.withLock { state in
            let executor = state.executor
            let time = (executor?.now ?? .zero) / .milliseconds(1)
            let rounded = (time * 1_000).rounded() / 1_000
            state.lines.append(
                "process \(state.process), step \(executor?.steps ?? 0), \(rounded) ms: \(event)")
            if state.lines.count > Self.limit { state.lines.removeFirst() }
        }
    }

    /// Adds what is new among an execution's notices and checkpoints.
    func note(newsOf execution: JobExecution) {
        let notices = execution.notices
        let history = execution.checkpointHistory
        let checkpoints = (history?.completed ?? 0) + (history?.failed ?? 0)
        let (firstNotice, known) = state.withLock { state in
            defer {
                state.noticesSeen = notices.count
                state.checkpointsSeen = checkpoints
            }
            return (state.noticesSeen, state.checkpointsSeen)
        }
        for notice in notices.dropFirst(firstNotice) { note(notice) }
        for record in (history?.latest ?? []).suffix(max(0, checkpoints - known)) {
            note(
                record.failure.map { "checkpoint \(record.epoch) failed: \($0)" }
                    ?? "checkpoint \(record.epoch) is complete")
        }
    }
}
