/// What one subtask of an operator must release if its job fails or is aborted.
public final class Cleanups: Sendable {
    private let bodies = Locked<[@Sendable () -> Void]>([])

    /// Makes an empty list.
    public init() {}

    /// Has `body` called, on the subtask's worker, if the job ends before the operator has seen
    /// ``Signal/end``. An operator that releases its resources at the end must bear being asked twice.
    public func add(_ body: @escaping @Sendable () -> Void) { bodies.withLock { $0.append(body) } }

    /// Calls what was added, the last first, and forgets it.
    public func run() {
        let all = bodies.withLock { bodies in
            defer { bodies = [] }
            return bodies
        }
        for body in all.reversed() { body() }
    }
}
