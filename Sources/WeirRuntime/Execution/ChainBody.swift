import WeirCore

/// The turns of a chain that is fed by queues.
///
/// Several ports (a join's) share the steps below them, so while one is suspended none is fed.
final class ChainBody {
    /// A port, its element type erased.
    struct Port {
        let poll: () throws -> Progress?
        let flush: () throws -> Progress
        let tick: (Timestamp) throws -> Progress
        let resume: () throws -> Progress
        let isEnded: () -> Bool

        init<Element>(_ gate: InputGate<Element>) {
            poll = gate.poll
            flush = gate.flush
            tick = gate.tick
            resume = gate.resume
            isEnded = { gate.isEnded }
        }
    }

    private let ports: [Port]
    private let executor: any Executor
    private let clock: ChainClock?
    private let turnNanoseconds: UInt64
    private var suspendedPort: Int?
    private var hasUnflushed = false

    init(
        ports: [Port], executor: any Executor, clock: ChainClock? = nil,
        turnNanoseconds: UInt64 = 1_000_000
    ) {
        self.ports = ports
        self.executor = executor
        self.clock = clock
        self.turnNanoseconds = turnNanoseconds
    }

    func turn() throws -> Tasklet.Turn {
        let deadline = executor.nanoseconds() + turnNanoseconds
        if let port = suspendedPort {
            let progress = try ports[port].resume()
            if progress != .done { return progress == .yielded ? .again : .blocked }
            suspendedPort = nil
        }
        if let progress = try tick(), progress != .done {
            return progress == .yielded ? .again : .blocked
        }
        while true {
            switch try pollAll() {
            case .done?:
                if executor.nanoseconds() > deadline { return .again }
            case .suspended?: return .blocked
            case .yielded?: return .again
            case nil:
                if ports.allSatisfy({ $0.isEnded() }) { return .finished }
                guard hasUnflushed else { return .idle }
                let progress = try flush()
                if progress != .done { return progress == .yielded ? .again : .blocked }
            }
        }
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
        }
        return answer
    }

    /// Hands on a tick that is due, through one port: the ports share the steps below them.
    private func tick() throws -> Progress? {
        guard let port = ports.firstIndex(where: { !$0.isEnded() }), let now = clock?.takeDue()
        else { return nil }
        hasUnflushed = true
        let progress = try ports[port].tick(now)
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
