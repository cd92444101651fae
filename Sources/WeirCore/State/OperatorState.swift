/// All that one subtask of an operator keeps, for checkpoints: its parts, by name.
///
/// An operator registers its parts when its step is made, whether or not the job is checkpointed;
/// that costs nothing until a snapshot is asked for. Confined to the subtask's worker.
public final class OperatorState: @unchecked Sendable {
    // Unchecked: filled while the step is made, and used by the worker alone after that.
    /// A part and its name.
    public struct Entry {
        /// Its name, unique within the operator and the same in every version of the job: `windows`.
        public let name: String
        /// The part.
        public let part: any StatePart
    }

    /// The parts, in the order of registration.
    public private(set) var entries: [Entry] = []

    /// Where tables are kept while the job runs.
    public let backend: StateBackend

    /// The pages in memory of tables that spill; `nil` where the backend keeps all in memory.
    package let pool: PagePool?
    private let measured = Counter()
    private let peak = Counter()

    /// Makes a list with nothing in it.
    ///
    /// - Parameters:
    ///   - backend: Where tables are kept.
    ///   - memory: What a backend that spills shares with other subtasks; `nil`: nothing, it may take
    ///     what the backend says alone.
    ///   - wake: Has the subtask begin a turn, so that it gives back memory that others need.
    public init(
        backend: StateBackend = .memory, memory: StateMemory? = nil,
        wake: @escaping @Sendable () -> Void = {}
    ) {
        self.backend = backend
        pool =
            switch backend {
            case .memory: nil
            case .spilling(_, let bytes):
                PagePool(memory: memory ?? StateMemory(limit: bytes), wake: wake)
            }
    }

    /// Registers a part, which is kept alive.
    ///
    /// - Precondition: No other part of the operator has that name.
    public func keep(_ name: String, _ part: any StatePart) {
        precondition(!entries.contains { $0.name == name }, "two parts of state named '\(name)'")
        entries.append(Entry(name: name, part: part))
    }

    /// The bytes of memory that all parts together say they take.
    ///
    /// - Complexity: O(parts).
    public var heldBytes: Int { entries.reduce(0) { $0 + $1.part.heldBytes } }

    /// Begins a turn of the subtask, between two calls of its steps: gives back memory that other
    /// subtasks have asked for.
    ///
    /// - Throws: What a page store throws.
    public func beginTurn() throws { try pool?.beginTurn() }

    /// Notes how many bytes the parts take now, for ``measuredBytes`` and ``peakBytes``.
    ///
    /// - Complexity: O(parts).
    public func measure() {
        let bytes = heldBytes
        measured.set(bytes)
        if bytes > peak.current { peak.set(bytes) }
    }

    /// The bytes that the last ``measure()`` found; from any thread.
    public var measuredBytes: Int { measured.current }
    /// The most bytes that a ``measure()`` found; from any thread.
    public var peakBytes: Int { peak.current }
}

/// A piece of state that is small, and written as a whole: a number, a few buffered records.
public final class StateCell: StatePart {
    private let makeLayout: () throws -> StateLayout
    private let save: (inout StateWriter) throws -> Void
    private let load: ([SavedState], KeyOwnership) throws -> Void

    /// Makes a part of two functions.
    ///
    /// - Parameters:
    ///   - layout: Describes what `save` writes; may throw where a type has no codec.
    ///   - save: Appends the state as it is; called on the worker at a barrier.
    ///   - load: Takes what was saved; the content is block 0 of each.
    public init(
        layout: @escaping () throws -> StateLayout,
        save: @escaping (inout StateWriter) throws -> Void,
        load: @escaping ([SavedState], KeyOwnership) throws -> Void
    ) {
        makeLayout = layout
        self.save = save
        self.load = load
    }

    public func layout() throws -> StateLayout { try makeLayout() }

    public func snapshot(_ epoch: Epoch, since base: Epoch?) throws -> any StateSnapshot {
        var writer = StateWriter()
        try save(&writer)
        return WrittenSnapshot(writer.bytes)
    }

    public func restore(_ saved: [SavedState], owning ownership: KeyOwnership) throws {
        try load(saved, ownership)
    }
}

/// A snapshot whose one block was written at the barrier.
public final class WrittenSnapshot: StateSnapshot {
    private let bytes: [UInt8]

    /// Takes the content of the block.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    public var directory: [UInt8] { [] }
    public var blocks: [StateBlock] { [StateBlock(id: 0, isChanged: true)] }
    public func write(_ index: Int, to output: inout StateWriter) { output.write(raw: bytes) }
    public func release() {}
}
