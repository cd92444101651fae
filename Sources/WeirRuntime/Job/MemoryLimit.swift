import WeirCore

/// How much memory the process may take before the job fails, rather than the machine.
public enum MemoryLimit: Hashable, Sendable {
    /// Nine tenths of what the machine has, or of what the process's control group allows.
    case automatic
    /// So many bytes.
    case bytes(Int)
    /// No limit.
    case off

    /// The limit in bytes; `nil`: none.
    func bytes(of memory: ProcessMemory) -> Int? {
        switch self {
        case .automatic: memory.allowedBytes / 10 * 9
        case .bytes(let bytes): bytes
        case .off: nil
        }
    }
}

/// That a process takes more memory than its job allows, and what for.
public struct MemoryUse: Hashable, Sendable {
    /// What the state of one operator takes, over its subtasks.
    public struct OperatorUse: Hashable, Sendable {
        /// The operator's name.
        public var name: String
        /// The bytes, as last measured.
        public var bytes: Int

        /// Says what an operator takes.
        public init(name: String, bytes: Int) {
            self.name = name
            self.bytes = bytes
        }
    }

    /// The process's resident memory.
    public var residentBytes: Int
    /// The limit.
    public var limitBytes: Int
    /// Which limit it is.
    public var limit: MemoryLimit
    /// What the operators' state takes, the largest first.
    public var operators: [OperatorUse]

    /// Says what is in use.
    public init(
        residentBytes: Int, limitBytes: Int, limit: MemoryLimit, operators: [OperatorUse]
    ) {
        self.residentBytes = residentBytes
        self.limitBytes = limitBytes
        self.limit = limit
        self.operators = operators
    }

    /// Resident memory, limit and the largest operators, as part of a sentence.
    var text: String {
        let allowed =
            limit == .automatic
            ? "nine tenths of what this machine or its control group has" : "the job's limit"
        let shown = operators.prefix(3).filter { $0.bytes > 0 }
            .map { "'\($0.name)' \(NumberText.bytes($0.bytes))" }
        let rest = residentBytes - operators.reduce(0) { $0 + $1.bytes }
        return "the process takes \(NumberText.bytes(residentBytes)), and its limit is "
            + "\(NumberText.bytes(limitBytes)), \(allowed). "
            + (shown.isEmpty
                ? "No operator's state is large"
                : "Operators' state: \(shown.joined(separator: ", "))")
            + (rest > 0 ? "; \(NumberText.bytes(rest)) is something else" : "")
    }
}
