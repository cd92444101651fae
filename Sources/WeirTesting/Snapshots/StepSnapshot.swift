public import WeirCore

/// The state of one subtask of an operator as a checkpoint would have it: the bytes of all its parts,
/// and its counters.
public struct StepSnapshot: Sendable {
    /// A part of the state.
    public struct Part: Sendable {
        /// Its name within the operator.
        public let name: String
        /// How it is laid out.
        public let layout: StateLayout
        /// What its restore needs besides the blocks.
        public let directory: [UInt8]
        /// The blocks, in order, with their identities.
        public let blocks: [(id: UInt64, bytes: [UInt8])]
    }

    /// The subtask, and how many there were.
    public let subtask: Int, parallelism: Int
    /// The checkpoint that it belongs to.
    public let epoch: Epoch
    /// The parts, in the order in which the operator named them.
    public let parts: [Part]
    /// The operator's side of the ledger, in the order of the fields of `OperatorCounters`.
    let counters: [Int]

    /// The bytes of all blocks together.
    public var byteCount: Int {
        parts.reduce(0) { sum, part in part.blocks.reduce(sum) { $0 + $1.bytes.count } }
    }
}

/// A snapshot that has been taken and not yet written: the operator may go on meanwhile.
struct UnwrittenSnapshot {
    private let context: SubtaskContext
    private let epoch: Epoch
    private let counters: [Int]
    private let parts: [(name: String, layout: StateLayout, snapshot: any StateSnapshot)]

    /// Takes the snapshot of an operator's parts.
    ///
    /// - Parameter base: The epoch of the snapshot that unchanged blocks are taken from.
    init(of context: SubtaskContext, _ epoch: Epoch, since base: Epoch?) throws {
        self.context = context
        self.epoch = epoch
        counters = context.counters.counts
        parts = try context.kept.entries.map { entry in
            (
                entry.name, try entry.part.layout(),
                try entry.part.snapshot(epoch, since: base)
            )
        }
    }

    /// Writes the blocks that have changed; takes the others from `base`.
    func written(onto base: StepSnapshot?) throws -> StepSnapshot {
        let parts = try parts.map { part in
            defer { part.snapshot.release() }
            let old = base?.parts.first { $0.name == part.name }
            let known = Dictionary(
                (old?.blocks ?? []).map { ($0.id, $0.bytes) },
                uniquingKeysWith: { first, _ in first })
            let blocks = try part.snapshot.blocks.enumerated().map { index, block in
                if !block.isChanged {
                    guard let bytes = known[block.id] else {
                        throw StepContractViolation(
                            "block \(block.id) of '\(part.name)' is said to be as before, when there "
                                + "was none")
                    }
                    return (id: block.id, bytes: bytes)
                }
                var output = StateWriter()
                try part.snapshot.write(index, to: &output)
                return (id: block.id, bytes: output.bytes)
            }
            guard Set(blocks.map(\.id)).count == blocks.count else {
                throw StepContractViolation("two blocks of '\(part.name)' have the same identity")
            }
            return StepSnapshot.Part(
                name: part.name, layout: part.layout, directory: part.snapshot.directory,
                blocks: blocks)
        }
        return StepSnapshot(
            subtask: context.subtask, parallelism: context.parallelism, epoch: epoch, parts: parts,
            counters: counters)
    }
}

extension SubtaskContext {
    /// Fills the operator's parts, which are empty, from what the old subtasks saved.
    func restore(_ saved: [StepSnapshot], keyGroups: KeyGroups) throws {
        let ownership = KeyOwnership(
            keyGroups: keyGroups, subtask: subtask, parallelism: parallelism)
        for snapshot in saved {
            for part in snapshot.parts
            where !kept.entries.contains(where: { $0.name == part.name }) {
                throw StepContractViolation("no part of the operator is named '\(part.name)'")
            }
        }
        for entry in kept.entries {
            let states = saved.flatMap { snapshot in
                snapshot.parts.filter { $0.name == entry.name }
                    .map { SavedState($0, of: snapshot) }
            }
            guard !states.isEmpty else { continue }
            try entry.part.restore(states.filter { $0.isGiven(to: ownership) }, owning: ownership)
        }
        for snapshot in saved where snapshot.subtask % parallelism == subtask {
            counters.add(snapshot.counters)
        }
    }
}

extension SavedState {
    fileprivate init(_ part: StepSnapshot.Part, of snapshot: StepSnapshot) {
        self.init(
            subtask: snapshot.subtask, parallelism: snapshot.parallelism, layout: part.layout,
            directory: part.directory, blockCount: part.blocks.count,
            origin: Origin(epoch: snapshot.epoch, ids: part.blocks.map(\.id))
        ) { part.blocks[$0].bytes }
    }

    /// Whether the distribution of the part says that the new subtask is given what this one saved.
    fileprivate func isGiven(to ownership: KeyOwnership) -> Bool {
        switch layout.distribution {
        case .keyed, .shared: true
        case .subtask: subtask % ownership.parallelism == ownership.subtask
        case .replicated: subtask == 0
        }
    }
}

extension OperatorCounters {
    private var all: [Counter] {
        [received, passed, filtered, late, shed, deadLettered, held, emitted, unread] + sideOutputs
    }
    /// All counts, in a fixed order.
    var counts: [Int] { all.map(\.current) }

    func add(_ counts: [Int]) {
        for (counter, count) in zip(all, counts) { counter.add(count) }
    }
}
