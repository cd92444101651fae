import WeirCore
import WeirState

/// Asynchronous calls under way, each with a limit of time and retries.
///
/// Confined to a worker, but for the mailbox into which the calls put their answers. What is under
/// way is a plain value by its id: the request, the attempt, and when it is due.
final class AsyncCalls<Request: Sendable, Response: Sendable>: @unchecked Sendable {
    // Unchecked: all but `mailbox` is touched by the subtask's worker alone.
    typealias Call = @Sendable (Request) async throws -> Response

    /// A call that is over.
    struct Finished {
        let id: UInt64
        let request: Request
        let result: Result<Response, AsyncCallFailure>
    }

    private struct Pending {
        let request: Request
        var attempt = 0
        /// Of the attempt that runs; `nil` while the call waits for the next.
        var handle: CallHandle?
        /// When the attempt times out, or the next starts.
        var due = Timestamp.latest
    }

    private struct Answer: Sendable {
        let id: UInt64
        let attempt: Int
        let result: Result<Response, any Error>
    }

    private let clock: any ProcessingClock
    private let timeout: Duration
    private let retry: RetryPolicy
    private let call: Call
    /// Tells the calls of one subtask from those of another.
    private let salt: UInt64
    private let mailbox = Locked<[Answer]>([])
    private var pending: [UInt64: Pending] = [:]
    private var dueTimes = TimerQueue<UInt64>()
    private var finished: [Finished] = []

    init(
        _ context: SubtaskContext, timeout: Duration, retry: RetryPolicy, call: @escaping Call
    ) {
        clock = context.clock
        self.timeout = timeout
        self.retry = retry
        self.call = call
        salt = UInt64(context.subtask) << 48
        context.cleanups.add { [self] in cancelAll() }
    }

    /// Starts a call.
    func start(_ id: UInt64, _ request: Request) {
        pending[id] = Pending(request: request)
        attempt(id, at: clock.now())
    }

    /// The calls that are over by now; starts further attempts, and gives up those that took too long.
    func takeFinished() -> [Finished] {
        let answers = mailbox.withLock { answers in
            defer { answers = [] }
            return answers
        }
        for answer in answers { note(answer) }
        if !pending.isEmpty { noteTime() }
        defer { finished = [] }
        return finished
    }

    /// Asks for a tick when the next call times out or is tried again.
    func requestTick() {
        if let earliest = dueTimes.earliest { clock.requestTick(at: earliest) }
    }

    /// Cancels the attempts that run, and forgets them.
    func cancelAll() {
        for call in pending.values { call.handle?.cancel() }
        pending = [:]
        dueTimes = TimerQueue()
    }

    // MARK: - Attempts

    private func attempt(_ id: UInt64, at now: Timestamp) {
        guard var call = pending[id] else { return }
        let handle = CallHandle()
        call.attempt += 1
        call.handle = handle
        wait(id, &call, until: now + timeout)
        pending[id] = call
        let (attempt, request) = (call.attempt, call.request)
        clock.startTask { [body = self.call, mailbox, clock] in
            let result: Result<Response, any Error>
            do {
                result = .success(try await handle.run { try await body(request) })
            } catch {
                result = .failure(error)
            }
            mailbox.withLock { $0.append(Answer(id: id, attempt: attempt, result: result)) }
            clock.requestTick()
        }
    }

    private func wait(_ id: UInt64, _ call: inout Pending, until time: Timestamp) {
        call.due = time
        dueTimes.register(id, at: time)
    }

    private func note(_ answer: Answer) {
        // An answer to an attempt that was given up is none.
        guard let call = pending[answer.id], call.attempt == answer.attempt, call.handle != nil
        else { return }
        dueTimes.cancel(answer.id, at: call.due)
        switch answer.result {
        case .success(let response): finish(answer.id, .success(response))
        case .failure(let error): fail(answer.id, error, at: clock.now())
        }
    }

    private func noteTime() {
        let now = clock.now()
        while let (_, id) = dueTimes.popDue(upTo: now) {
            guard let call = pending[id] else { continue }
            if let handle = call.handle {
                handle.cancel()
                fail(id, AsyncTimeout(limit: timeout), at: now)
            } else {
                attempt(id, at: now)
            }
        }
    }

    private func fail(_ id: UInt64, _ error: any Error, at now: Timestamp) {
        guard var call = pending[id] else { return }
        guard call.attempt < retry.attempts, retry.isRetryable(error) else {
            let failure = AsyncCallFailure(attempts: call.attempt, cause: error)
            return finish(id, .failure(failure))
        }
        call.handle = nil
        wait(id, &call, until: now + retry.delay(after: call.attempt, of: salt ^ id))
        pending[id] = call
    }

    private func finish(_ id: UInt64, _ result: Result<Response, AsyncCallFailure>) {
        guard let call = pending.removeValue(forKey: id) else { return }
        finished.append(Finished(id: id, request: call.request, result: result))
    }
}

/// What cancels an attempt from another thread.
final class CallHandle: @unchecked Sendable {
    // Unchecked: the task is touched only under the lock, and only while it runs: it takes itself
    // out before it ends. Cancelling is what the task may be asked for from another thread.
    private struct State {
        var task: UnsafeCurrentTask?
        var isCancelled = false
    }
    private let state = Locked(State())

    /// Runs `body`, whose task is cancelled by ``cancel()``.
    func run<Value: Sendable>(
        _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withUnsafeCurrentTask { task in
            state.withLock { state in
                state.task = task
                if state.isCancelled { task?.cancel() }
            }
            defer { state.withLock { $0.task = nil } }
            return try await body()
        }
    }

    func cancel() {
        state.withLock { state in
            state.isCancelled = true
            state.task?.cancel()
        }
    }
}
