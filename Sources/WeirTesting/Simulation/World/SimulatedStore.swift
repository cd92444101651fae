import WeirCore

/// How a store's rows are compared with those of a run without faults.
struct RowComparison<Element: Sendable>: Sendable {
    /// What is compared, as a multiset.
    let normalised: @Sendable ([Element]) -> [AnyHashable]
    /// Whether that is the rows themselves, so that each one can be checked when it is shown.
    let isExact: Bool
}

/// What a simulated sink has, whatever the type of its rows.
protocol SimulatedStoreContent: AnyObject, Sendable {
    /// The rows that are shown.
    var count: Int { get }
    /// How they differ from those of `reference`; `nil` when they do not.
    func difference(from reference: any SimulatedStoreContent) -> String?
    /// An empty store that may show what `reference` shows.
    func emptied(expecting reference: any SimulatedStoreContent) -> any SimulatedStoreContent
    /// A store that has what was committed up to an epoch.
    func forked(at epoch: Epoch) -> any SimulatedStoreContent
    /// A number that follows from the rows and their order.
    var trace: UInt64 { get }
}

/// What a simulated sink writes to.
final class SimulatedStore<Element: Sendable>: SimulatedStoreContent {
    private struct State {
        var shown: [(epoch: Int, row: Element)] = []
        var prepared: [TransactionName: [Element]] = [:]
        var applied: Set<TransactionName> = []
        /// How often each row may still be shown; `nil`: not checked until the end.
        var remaining: [AnyHashable: Int]?
    }

    let name: String
    private let comparison: RowComparison<Element>
    private let state: Locked<State>

    init(name: String, comparison: RowComparison<Element>) {
        self.name = name
        self.comparison = comparison
        state = Locked(State())
    }

    private init(name: String, comparison: RowComparison<Element>, _ state: sending State) {
        self.name = name
        self.comparison = comparison
        self.state = Locked(state)
    }

    // MARK: - For the sink

    /// Shows rows without a transaction, in a job that takes no checkpoints.
    func show(_ rows: [Element]) {
        state.withLock { state in state.shown += rows.map { (0, $0) } }
    }

    func prepare(_ name: TransactionName, _ rows: [Element]) {
        state.withLock { $0.prepared[name] = rows }
    }

    func commit(_ transaction: PreparedTransaction, in world: SimulatedEnvironment) {
        guard let name = TransactionName(transaction.content) else {
            return world.violate("sink '\(self.name)' was told to commit what it never prepared")
        }
        let (isNew, problem) = state.withLock { state -> (Bool, String?) in
            guard state.applied.insert(name).inserted else { return (false, nil) }
            guard let rows = state.prepared.removeValue(forKey: name) else {
                return (true, "transaction \(name) is gone before it was committed")
            }
            state.shown += rows.map { (name.epoch, $0) }
            return (true, Self.surplus(rows, comparison, &state.remaining))
        }
        world.log?.note("sink '\(self.name)' commits \(name)" + (isNew ? "" : " again"))
        world.noteCommit(isRepeated: !isNew)
        if let problem { world.violate("sink '\(self.name)': \(problem)") }
    }

    private static func surplus(
        _ rows: [Element], _ comparison: RowComparison<Element>,
        _ remaining: inout [AnyHashable: Int]?
    ) -> String? {
        guard remaining != nil, comparison.isExact else { return nil }
        for row in comparison.normalised(rows) {
            guard let left = remaining?[row], left > 0 else {
                return "\(row) is shown, which it should not be, or not again"
            }
            remaining?[row] = left - 1
        }
        return nil
    }

    /// Removes what epochs after that of the restored checkpoint have prepared.
    func forget(after epoch: Epoch, where isOwn: (TransactionName) -> Bool) {
        state.withLock { state in
            for name in state.prepared.keys.sorted() where name.epoch > epoch.number && isOwn(name)
            {
                state.prepared[name] = nil
            }
        }
    }

    // MARK: - For the checks

    /// The rows in the order of their epochs: within one, of their commits.
    private var rows: [Element] {
        let shown = state.withLock { $0.shown }
        return shown.enumerated()
            .sorted { ($0.element.epoch, $0.offset) < ($1.element.epoch, $1.offset) }
            .map(\.element.row)
    }

    var count: Int { state.withLock { $0.shown.count } }

    private var multiset: [AnyHashable: Int] {
        Dictionary(comparison.normalised(rows).map { ($0, 1) }, uniquingKeysWith: +)
    }

    func difference(from reference: any SimulatedStoreContent) -> String? {
        guard let reference = reference as? SimulatedStore else {
            return "its rows have another type than before"
        }
        var difference = reference.multiset
        for (row, count) in multiset { difference[row, default: 0] -= count }
        let missing = difference.filter { $0.value > 0 },
            surplus = difference.filter { $0.value < 0 }
        if missing.isEmpty && surplus.isEmpty { return nil }
        func some(_ rows: [AnyHashable: Int]) -> String {
            let all = rows.map { "\(abs($0.value)) × \($0.key)" }.sorted()
            return all.prefix(3).joined(separator: ", ") + (all.count > 3 ? ", …" : "")
        }
        return "missing: \(missing.isEmpty ? "nothing" : some(missing)); "
            + "too many: \(surplus.isEmpty ? "nothing" : some(surplus))"
    }

    func emptied(expecting reference: any SimulatedStoreContent) -> any SimulatedStoreContent {
        var state = State()
        if comparison.isExact { state.remaining = (reference as? SimulatedStore)?.multiset }
        return SimulatedStore(name: name, comparison: comparison, state)
    }

    func forked(at epoch: Epoch) -> any SimulatedStoreContent {
        let (shown, applied) = state.withLock { ($0.shown, $0.applied) }
        let copy = SimulatedStore(name: name, comparison: comparison)
        copy.state.withLock { state in
            state.shown = shown.filter { $0.epoch <= epoch.number }
            state.applied = applied.filter { $0.epoch <= epoch.number }
        }
        return copy
    }

    var trace: UInt64 {
        var hasher = StableHasher()
        for row in rows { hasher.combine("\(row)".stableHash) }
        return hasher.finalize()
    }
}
