public import Synchronization

/// The exact counts of one subtask of an operator: its side of the conservation ledger.
///
/// Each field is written by the worker that runs the subtask and read by anyone; a write is a
/// relaxed load and store, once a batch, not an atomic read-modify-write.
///
/// The equation, for every operator whose input has been dealt with:
/// `received = passed + filtered + late + shed + deadLettered + held`.
public final class OperatorCounters: Sendable {
    /// Records that came in.
    public let received = Counter()
    /// Records passed on, or folded into a result that has been emitted.
    public let passed = Counter()
    /// Records that a predicate turned away, or that fell between windows.
    public let filtered = Counter()
    /// Records behind the watermark that went to the late side output, or were counted and dropped.
    public let late = Counter()
    /// Records dropped under a declared shedding policy.
    public let shed = Counter()
    /// Bad records set aside with reason and raw bytes, or skipped under a declared limit.
    public let deadLettered = Counter()
    /// Records kept in state or in a buffer.
    public let held = Counter()
    /// Records handed to the operators below; differs from `passed` where one record makes several.
    public let emitted = Counter()

    /// Records made for an output that nothing reads; not part of the equation, which is about
    /// records received.
    public let unread = Counter()
    /// Records handed to the operators below each named side output, in the order of the ports.
    public let sideOutputs: [Counter]

    /// Makes counters that are all 0.
    ///
    /// - Parameter sideOutputs: The number of named side outputs.
    public init(sideOutputs: Int = 0) {
        self.sideOutputs = (0..<sideOutputs).map { _ in Counter() }
    }
}

/// A count with one writer and any number of readers.
public final class Counter: Sendable {
    @usableFromInline let value = Atomic<Int>(0)

    /// Starts at 0.
    public init() {}

    /// The count as last written.
    @inlinable public var current: Int { value.load(ordering: .relaxed) }

    /// Adds to the count; only its one writer may call this.
    @inlinable public func add(_ amount: Int) {
        value.store(value.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }

    /// Replaces the count; only its one writer may call this.
    @inlinable public func set(_ amount: Int) { value.store(amount, ordering: .relaxed) }
}
