internal import Dispatch
internal import Synchronization
import WeirRuntime

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Stops a run on SIGINT and SIGTERM: the first drains, the second aborts, a third leaves at once.
/// SIGUSR1 takes a savepoint.
///
/// In a job with checkpoints the first takes one more of these, and the streams stand still.
///
/// A connector that never returns from the operating system cannot be aborted; after three seconds
/// the process leaves it behind. SIGPIPE is ignored, so that a reader who goes away becomes an
/// error of the sink that wrote.
final class SignalStop: Sendable {
    private let execution: JobExecution
    private let reporter: ProgressReporter
    private let console: Console
    private let directory: String?
    private let requests = Locked(StopRequests())
    private let savepoints = Locked(SavepointPaths())
    private let queue = DispatchQueue(label: "weir.signals")
    // Unsafe only for the compiler: Dispatch's objects may be used from any thread.
    nonisolated(unsafe) private let sources: [any DispatchSourceSignal]
    private static let handled = [SIGINT, SIGTERM, SIGUSR1]
    private static let gracePeriod = DispatchTimeInterval.seconds(3)

    /// - Parameter directory: Where the job's checkpoints are; `nil` in one that takes none.
    init(
        _ execution: JobExecution, _ reporter: ProgressReporter, _ console: Console,
        checkpoints directory: String?
    ) {
        self.directory = directory
        self.execution = execution
        self.reporter = reporter
        self.console = console
        signal(SIGPIPE, SIG_IGN)
        let queue = self.queue
        sources = Self.handled.map { number in
            signal(number, SIG_IGN)
            return DispatchSource.makeSignalSource(signal: number, queue: queue)
        }
        for (source, number) in zip(sources, Self.handled) {
            source.setEventHandler { [weak self] in self?.receive(number) }
            source.resume()
        }
    }

    /// Has a savepoint that is asked for too early do nothing.
    static func ignoreSavepoints() { signal(SIGUSR1, SIG_IGN) }

    /// The exit status, where a second signal has aborted the run.
    var abortStatus: Int32? { requests.withLock { $0.abortStatus } }

    /// Gives the signals their usual meaning again.
    func cancel() {
        for source in sources { source.cancel() }
        for number in Self.handled { signal(number, SIG_DFL) }
    }

    private func receive(_ number: Int32) {
        if number == SIGUSR1 { return takeSavepoint() }
        switch requests.withLock({ $0.receive(signal: number) }) {
        case .drain:
            reporter.noteStopping(
                directory == nil
                    ? "stopping: draining…, again to stop now"
                    : "stopping: taking a last checkpoint…, again to stop now")
            execution.requestStop()
        case .abort(let status):
            reporter.note("stopping now")
            execution.abort()
            queue.asyncAfter(deadline: .now() + Self.gracePeriod) { [weak self] in
                self?.leave(status)
            }
        case .leave(let status): leave(status)
        }
    }

    private func takeSavepoint() {
        guard let directory else {
            return reporter.note("no savepoint: the job keeps no checkpoints; see run --help")
        }
        let path = savepoints.withLock { $0.next(in: directory, at: Machine.now) }
        Task.detached { [execution, reporter] in
            do {
                let saved = try await execution.savepoint(to: path)
                reporter.note("savepoint \(saved)")
            } catch {
                reporter.note("no savepoint at \(path): \(error)")
            }
        }
    }

    private func leave(_ status: Int32) {
        console.writeError("a connector is still waiting for the system: leaving it behind\n")
        _exit(status)
    }
}
