/// What the operators of one subtask keep, as text: for tests, and for looking into a job.
///
/// An operator registers, when its step is made, a function that reads its state; nothing is read
/// until someone asks. Confined to the subtask's worker.
public final class StateViews: @unchecked Sendable {
    // Unchecked: filled while the step is made, and read where no step runs.
    /// One piece of state: of which kind, for which key, and what it holds.
    public struct Entry: Hashable, Sendable, CustomStringConvertible {
        /// What kind of state it is: `windows`, `timers`, `left rows`.
        public var kind: String
        /// The key that it belongs to, as text.
        public var key: String
        /// What is kept, as text.
        public var value: String

        /// Describes a piece of state.
        public init(kind: String, key: some Any, value: some Any) {
            self.kind = kind
            self.key = String(describing: key)
            self.value = String(describing: value)
        }

        public var description: String { "\(kind)[\(key)] = \(value)" }
    }

    private var readers: [() -> [Entry]] = []

    /// Makes a list with nothing in it.
    public init() {}

    /// Registers a function that reads state; it is called on the worker's behalf, between calls of
    /// the step.
    public func add(_ read: @escaping () -> [Entry]) { readers.append(read) }

    /// All entries now, in the order of registration.
    ///
    /// - Complexity: O(state); for tests and inspection.
    public var entries: [Entry] { readers.flatMap { $0() } }
}
