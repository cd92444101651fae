public import WeirCore
public import WeirGraph

/// How a running job is doing, at one moment.
public struct JobMetrics: Sendable {
    /// Seconds since the start.
    public var elapsedSeconds: Double
    /// The operators, in the order of the graph.
    public var operators: [OperatorMetrics]
}

/// How one operator is doing, its subtasks taken together.
public struct OperatorMetrics: Sendable {
    /// Which operator.
    public var id: OperatorID
    /// What it does.
    public var kind: OperatorKind
    /// Its side of the ledger so far.
    public var counts: LedgerCounts
    /// The lowest watermark among its subtasks; `nil` where it has none yet.
    public var watermark: Timestamp?
    /// The share of the time since the start that its tasklets spent in turns, 0 … 1, the mean over subtasks;
    /// operators of one chain share it.
    public var busyFraction: Double
    /// The share of the time since the start that its tasklets waited for room below, 0 … 1.
    public var blockedFraction: Double
    /// The bytes of memory that its state takes, as last measured; see `OperatorState.heldBytes`.
    public var stateBytes = 0
    /// The most bytes that a measurement has found.
    public var peakStateBytes = 0
}

/// The counts of the conservation ledger for one operator, its subtasks added up.
public struct LedgerCounts: Hashable, Sendable, Codable {
    /// Records that came in.
    public var received = 0
    /// Records passed on, or folded into a result that has been emitted.
    public var passed = 0
    /// Records that a predicate turned away, or that fell between windows.
    public var filtered = 0
    /// Records that came after their windows had closed.
    public var late = 0
    /// Records dropped under a declared shedding policy; no operator has one yet.
    public var shed = 0
    /// Bad records set aside, or skipped under a declared limit.
    public var deadLettered = 0
    /// Records kept in state or in a buffer.
    public var held = 0
    /// Records handed to the operators below.
    public var emitted = 0
    /// Records made for an output that nothing reads.
    public var unread = 0

    /// Counts of nothing.
    public init() {}

    /// Adds a subtask's counts.
    public mutating func add(_ counters: OperatorCounters) {
        received += counters.received.current
        passed += counters.passed.current
        filtered += counters.filtered.current
        late += counters.late.current
        shed += counters.shed.current
        deadLettered += counters.deadLettered.current
        held += counters.held.current
        emitted += counters.emitted.current
        unread += counters.unread.current
    }

    /// What became of the records received.
    public var accountedFor: Int { passed + filtered + late + shed + deadLettered + held }
    /// Whether each record received is accounted for.
    public var isBalanced: Bool { received == accountedFor }
}
