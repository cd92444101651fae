// What operators keep beside tables and timers: single values, each in a cell of its own. Their
// owners are not kept alive: a subtask's context, and so all its parts, is often held by the owner.

extension [SavedState] {
    /// What this subtask saved itself, where the parallelism is what it was; otherwise all.
    public func ownOrAll(_ ownership: KeyOwnership) -> [SavedState] {
        let own = filter {
            $0.parallelism == ownership.parallelism && $0.subtask == ownership.subtask
        }
        return own.isEmpty ? self : own
    }
}

extension SavedState {
    /// Whether this subtask is the one that takes over what the old subtask counted: so that each
    /// count is taken over once.
    public func isCounted(by ownership: KeyOwnership) -> Bool {
        subtask % ownership.parallelism == ownership.subtask
    }

    /// Reads the content of a cell.
    public func readCell<Value>(_ body: (inout StateReader) throws -> Value) throws -> Value {
        try StateReader.reading(try block(0), body)
    }
}

extension SubtaskContext {
    /// Has checkpoints save and restore what a clock has shown: a watermark, or processing time.
    ///
    /// Restored is what the subtask itself has saved; at another parallelism the lowest of what all
    /// have saved, which no subtask was behind.
    ///
    /// - Parameters:
    ///   - name: The part's name within the operator, the same in every version of the job.
    ///   - owner: Has the time; it is not kept alive.
    public func keepTime<Owner: AnyObject>(
        _ name: String, of owner: Owner, _ time: ReferenceWritableKeyPath<Owner, Timestamp>
    ) {
        let cell = StateCell(
            layout: {
                StateLayout(arrangement: "cell", distribution: .shared, value: .timestamp)
            },
            save: { [weak owner] output in
                output.write(signed: (owner?[keyPath: time] ?? .earliest).microseconds)
            },
            load: { [weak owner] saved, ownership in
                let times = try saved.ownOrAll(ownership).map { state in
                    try state.readCell { Timestamp(microseconds: try $0.readSigned()) }
                }
                if let lowest = times.min() { owner?[keyPath: time] = lowest }
            })
        kept.keep(name, cell)
    }

    /// Has checkpoints save and restore a number that only grows, and that must not be given out
    /// twice: restored is the greatest of what all subtasks have saved.
    ///
    /// - Parameters:
    ///   - name: The part's name within the operator, the same in every version of the job.
    ///   - owner: Has the number; it is not kept alive.
    public func keepGreatest<Owner: AnyObject>(
        _ name: String, of owner: Owner, _ number: ReferenceWritableKeyPath<Owner, Int>
    ) {
        let cell = StateCell(
            layout: {
                StateLayout(arrangement: "cell", distribution: .shared, value: .signed(bits: 64))
            },
            save: { [weak owner] output in
                output.write(signed: Int64(owner?[keyPath: number] ?? 0))
            },
            load: { [weak owner] saved, _ in
                let numbers = try saved.map { state in
                    try state.readCell { Int(try $0.readSigned()) }
                }
                if let greatest = numbers.max() { owner?[keyPath: number] = greatest }
            })
        kept.keep(name, cell)
    }

    /// Has checkpoints save and restore a value that is the same in every subtask.
    ///
    /// - Parameters:
    ///   - name: The part's name within the operator, the same in every version of the job.
    ///   - owner: Has the value; it is not kept alive.
    public func keepReplicated<Owner: AnyObject, Value: Sendable>(
        _ name: String, of owner: Owner, _ value: ReferenceWritableKeyPath<Owner, Value>
    ) {
        let part = KeptValue<Value>(
            distribution: .replicated, get: { [weak owner] in owner?[keyPath: value] }
        ) { [weak owner] values, _ in
            if let first = values.first { owner?[keyPath: value] = first.value }
        }
        kept.keep(name, part)
    }
}

/// A value that is taken at the barrier and written later, as a whole.
public final class KeptValue<Value: Sendable>: StatePart {
    /// A value, and who saved it.
    public struct Saved {
        /// The value.
        public let value: Value
        /// What it was read from.
        public let state: SavedState
    }

    private let distribution: StateDistribution
    private let get: () -> Value?
    private let measure: () -> Int
    private let set: ([Saved], KeyOwnership) throws -> Void
    private var codec = LazyStateCodec<Value>()

    /// Makes a part of two functions.
    ///
    /// - Parameters:
    ///   - get: The value as it is; called on the worker at a barrier. `nil` once it is gone.
    ///   - heldBytes: The memory that it takes, where that is worth telling.
    ///   - set: Takes the values that were saved, by subtask.
    public init(
        distribution: StateDistribution, get: @escaping () -> Value?,
        heldBytes: @escaping () -> Int = { 0 },
        set: @escaping ([Saved], KeyOwnership) throws -> Void
    ) {
        self.distribution = distribution
        self.get = get
        measure = heldBytes
        self.set = set
    }

    public var heldBytes: Int { measure() }

    public func layout() throws -> StateLayout {
        StateLayout(
            arrangement: "cell", distribution: distribution,
            value: try codec.get().shape)
    }

    public func snapshot(_ epoch: Epoch, since base: Epoch?) throws -> any StateSnapshot {
        ValueSnapshot(get(), try codec.get())
    }

    public func restore(_ saved: [SavedState], owning ownership: KeyOwnership) throws {
        let codec = try codec.get()
        var values: [Saved] = []
        for state in saved.sorted(by: { $0.subtask < $1.subtask }) where state.blockCount > 0 {
            let read = try codec.reader(of: state.layout.value)
            values.append(Saved(value: try state.readCell(read), state: state))
        }
        try set(values, ownership)
    }
}

/// A value as it was at a barrier.
private final class ValueSnapshot<Value: Sendable>: StateSnapshot {
    private let value: Locked<Value?>
    private let codec: StateCodec<Value>
    let blocks: [StateBlock]

    init(_ value: Value?, _ codec: StateCodec<Value>) {
        self.value = Locked(value)
        self.codec = codec
        blocks = value == nil ? [] : [StateBlock(id: 0, isChanged: true)]
    }

    var directory: [UInt8] { [] }
    func write(_ index: Int, to output: inout StateWriter) throws {
        if let value = value.withLock({ $0 }) { try codec.write(value, &output) }
    }
    func release() { value.withLock { $0 = nil } }
}
