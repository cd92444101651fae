internal import Dispatch
internal import Synchronization
import WeirCore
import WeirRuntime

/// Samples a run on a timer and shows how it is doing, until it is finished.
///
/// All methods may be called from any thread; what they write does not mix.
final class ProgressReporter: Sendable {
    private let execution: JobExecution
    private let mode: ProgressMode
    private let console: Console
    private let isQuiet: Bool
    private let state: Locked<State>
    private let queue = DispatchQueue(label: "weir.progress", qos: .utility)

    private struct State {
        var tracker: ProgressTracker
        var block = LiveBlock()
        var isStopping = false
        var isFinished = false
        /// The notices that have been shown.
        var noticeCount = 0
        /// The last checkpoint whose failure has been shown.
        var failedEpoch = Epoch.none
    }

    /// - Parameters:
    ///   - mode: One that has been resolved.
    ///   - isQuiet: Whether what happens is not told either.
    init(_ execution: JobExecution, mode: ProgressMode, console: Console, isQuiet: Bool = false) {
        self.execution = execution
        self.mode = mode
        self.console = console
        self.isQuiet = isQuiet
        state = Locked(State(tracker: ProgressTracker(job: execution.plan.graph.job)))
    }

    /// Begins to show progress; the first frame comes after one interval.
    func start() {
        if !isQuiet { scheduleNext() }
    }

    /// Removes the block, and shows nothing more.
    func finish() {
        state.withLock { state in
            state.isFinished = true
            write(state.block.erase())
            tellNews(&state)
        }
    }

    /// Writes a line, above the block where there is one.
    func note(_ line: String) {
        state.withLock { state in
            write(state.block.erase() + line + "\n")
        }
    }

    /// Writes a line, and says from now on that the job is stopping.
    func noteStopping(_ line: String) {
        state.withLock { $0.isStopping = true }
        note(line)
    }

    /// Writes what has happened since the last time.
    private func tellNews(_ state: inout State) {
        guard !isQuiet else { return }
        let notices = execution.notices
        var news = notices.dropFirst(state.noticeCount).map { $0 }
        state.noticeCount = notices.count
        for record in execution.checkpointHistory?.latest ?? []
        where record.epoch > state.failedEpoch {
            guard let failure = CheckpointText.failure(of: record) else { continue }
            state.failedEpoch = record.epoch
            news.append(failure)
        }
        if !news.isEmpty { write(state.block.erase() + news.joined(separator: "\n") + "\n") }
    }

    private func scheduleNext() {
        let interval = mode == .live ? 250 : 1_000
        queue.asyncAfter(deadline: .now() + .milliseconds(interval)) { [weak self] in
            guard let self, show() else { return }
            scheduleNext()
        }
    }

    /// - Returns: Whether to go on.
    private func show() -> Bool {
        let metrics = execution.metrics()
        return state.withLock { state in
            if state.isFinished { return false }
            tellNews(&state)
            guard mode == .lines || mode == .live else { return true }
            let frame = state.tracker.frame(
                metrics, now: Machine.now, isStopping: state.isStopping,
                checkpoints: execution.checkpointHistory)
            if mode == .lines {
                write(frame.line + "\n")
                return true
            }
            let size = console.size()
            write(
                state.block.draw(
                    frame.lines(
                        columns: size.columns, rows: size.rows, hasColour: console.hasColour)))
            return true
        }
    }

    private func write(_ text: String) {
        if !text.isEmpty { console.writeError(text) }
    }
}
