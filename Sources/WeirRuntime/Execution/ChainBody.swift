import WeirCore

/// The turns of a chain that is fed by queues.
///
/// Several ports (a join's) share the steps below them, so while one is suspended none is fed.
final class ChainBody {
    /// A port, its element type erased.
    struct Port {
        let poll: () throws -> Progress?
        let flush: () throws -> Progress
        let signal: (Signal) throws -> Progress
        let resume: () throws -> Progress
        let isEnded: () -> Bool
        let canBeOvertaken: (Epoch) -> Bool

        init<Element>(_ gate: InputGate<Element>) {
            poll = gate.poll
            flush = gate.flush
            signal = gate.signal
            resume = gate.resume
            isEnded = { gate.isEnded }
            canBeOvertaken = gate.canBeOvertaken
        }
    }

    private let ports: [Port]
    private let executor: any Executor
    private let clock: ChainClock?
    private let alignment: BarrierAlignment
    private let checkpoints: ChainCheckpoints?
    private let memory: ChainMemory?
    private let turnNanoseconds: UInt64
    private var passage = BarrierPassage()
    private var suspendedPort: Int?
    private var hasUnflushed: Bool

    init(
        ports: [Port], executor: any Executor, clock: ChainClock? = nil,
        alignment: BarrierAlignment = BarrierAlignment(), checkpoints: ChainCheckpoints? = nil,
        memory: ChainMemory? = nil, turnNanoseconds: UInt64 = 1_000_000
    ) {
        self.ports = ports
        self.executor = executor
        self.clock = clock
        self.alignment = alignment
        self.checkpoints = checkpoints
        self.memory = memory
        self.turnNanoseconds = turnNanoseconds
        // A restore may have left records in flight, which a flush hands on.
        hasUnflushed = checkpoints?.isRestored == true
    }

    func turn() throws -> Tasklet.Turn {
        let deadline = executor.nanoseconds() + turnNanoseconds
        try checkpoints?.startTurn()
        try memory?.beginTurn()
        if try checkpoints?.standsStill() == true { return .finished }
        let overtaking = dueOvertaking()
        if let port = suspendedPort {
            let progress = try ports[port].resume()
            if progress != .done { return turn(for: progress) }
            suspendedPort = nil
        }
        if let progress = try passBarrier(), progress != .done { return turn(for: progress) }
        if let overtaking, alignment.awaits(overtaking) {
            alignment.overtake(overtaking)
            passage.start(overtaking)
            if let progress = try passBarrier(), progress != .done { return turn(for: progress) }
        }
        if let progress = try tick(), progress != .done { return turn(for: progress) }
        while true {
            switch try pollAll() {
            case .done?:
                if executor.nanoseconds() > deadline { return .again }
            case .suspended?: return .blocked
            case .yielded?: return .again
            case nil:
                if ports.allSatisfy({ $0.isEnded() }) { return try finish() }
                if let checkpoints, try checkpoints.loadMore() {
                    if executor.nanoseconds() > deadline { return .again }
                    continue
                }
                guard hasUnflushed else { return .idle }
                let progress = try flush()
                if progress != .done { return turn(for: progress) }
            }
        }
    }

    private func cut(_ epoch: Epoch) throws {
        memory?.measure()
        try checkpoints?.cut(epoch)
    }

    private func turn(for progress: Progress) -> Tasklet.Turn {
        progress == .yielded ? .again : .blocked
    }

    /// A chain with sinks is done when the last epoch has been committed.
    private func finish() throws -> Tasklet.Turn {
        guard let checkpoints else { return .finished }
        return try checkpoints.finish() ? .finished : .idle
    }

    /// Feeds each port once; `nil` when there was nothing for any.
    private func pollAll() throws -> Progress? {
        var answer: Progress?
        for (index, port) in ports.enumerated() {
            guard let progress = try port.poll() else { continue }
            hasUnflushed = true
            answer = .done
            if progress != .done {
                suspendedPort = index
                return progress
            }
            if let epoch = alignment.aligned {
                passage.start(epoch)
                return try passBarrier()
            }
        }
        return answer
    }

    /// Goes on with the barrier that is going through; `nil` when there is none.
    private func passBarrier() throws -> Progress? {
        guard passage.epoch != nil else { return nil }
        let progress = try passage.advance(
            flush: flush, cut: cut, send: sendThroughOnePort)
        if progress == .done {
            alignment.pass()
            checkpoints?.setOverdraft(false)
        }
        return progress
    }

    /// The epoch whose barrier is to go through now, ahead of the records before it. The outputs may then
    /// be overdrawn, so that what the chain holds gets out in spite of full queues.
    private func dueOvertaking() -> Epoch? {
        guard let checkpoints else { return nil }
        let epoch = checkpoints.overtakingEpoch
        guard alignment.awaits(epoch), ports.allSatisfy({ $0.canBeOvertaken(epoch) }) else {
            return nil
        }
        checkpoints.setOverdraft(true)
        return epoch
    }

    /// Hands on a tick that is due.
    private func tick() throws -> Progress? {
        guard ports.contains(where: { !$0.isEnded() }), let now = clock?.takeDue()
        else { return nil }
        hasUnflushed = true
        return try sendThroughOnePort(.tick(now))
    }

    /// Sends what is for the steps below the ports, which these share, through one of them.
    private func sendThroughOnePort(_ signal: Signal) throws -> Progress {
        guard let port = ports.firstIndex(where: { !$0.isEnded() }) else { return .done }
        let progress = try ports[port].signal(signal)
        if progress != .done { suspendedPort = port }
        return progress
    }

    private func flush() throws -> Progress {
        hasUnflushed = false
        for (index, port) in ports.enumerated() {
            let progress = try port.flush()
            if progress != .done {
                suspendedPort = index
                hasUnflushed = true
                return progress
            }
        }
        return .done
    }
}
