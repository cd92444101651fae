public import WeirCore

/// Processing time for steps under test: stands still until it is told to go on.
///
/// Asynchronous work that a step starts runs on Swift's own pool; ``settle()`` waits for it.
public final class ManualClock: ProcessingClock {
    private struct State {
        var now: Timestamp
        var due = Timestamp.latest
        var isRequested = false
        var running = 0
        var waiters: [CheckedContinuation<Void, Never>] = []
    }
    private let state: Locked<State>

    /// Makes a clock that stands at `now`.
    public init(now: Timestamp = .epoch) { state = Locked(State(now: now)) }

    public func now() -> Timestamp { state.withLock { $0.now } }

    public func requestTick(at time: Timestamp) {
        state.withLock { $0.due = min($0.due, time) }
    }

    public func requestTick() { state.withLock { $0.isRequested = true } }

    public func startTask(_ body: @escaping @Sendable () async -> Void) {
        state.withLock { $0.running += 1 }
        Task {
            await body()
            for waiter in finishOne() { waiter.resume() }
        }
    }

    private func finishOne() -> [CheckedContinuation<Void, Never>] {
        state.withLock { state in
            state.running -= 1
            guard state.running == 0 else { return [] }
            defer { state.waiters = [] }
            return state.waiters
        }
    }

    /// Waits until all asynchronous work that was started has ended.
    public func settle() async {
        await withCheckedContinuation { continuation in
            let isSettled = state.withLock { state in
                if state.running > 0 { state.waiters.append(continuation) }
                return state.running == 0
            }
            if isSettled { continuation.resume() }
        }
    }

    /// When the earliest tick is due that was asked for; `nil` when none was.
    public var nextTick: Timestamp? {
        state.withLock { $0.due == .latest ? nil : $0.due }
    }

    /// Goes on to `time`, and calls `tick` for each tick that is due on the way, in order.
    ///
    /// Harnesses call this; a test calls theirs.
    public func advance(to time: Timestamp, _ tick: (Timestamp) throws -> Void) rethrows {
        while let due = takeDue(upTo: time) { try tick(due) }
        state.withLock { $0.now = max($0.now, time) }
    }

    private func takeDue(upTo time: Timestamp) -> Timestamp? {
        state.withLock { state in
            if state.isRequested {
                state.isRequested = false
                return state.now
            }
            guard state.due <= time else { return nil }
            state.now = max(state.now, state.due)
            state.due = .latest
            return state.now
        }
    }
}
