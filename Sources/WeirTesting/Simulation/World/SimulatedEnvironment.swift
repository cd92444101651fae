public import WeirCore

/// The world around a simulated job: what its sources read and its sinks write to. It outlives the
/// processes that run the job.
///
/// A job's definition is called for each process, and asks the environment for its sources and sinks
/// by name: a name stands for the same source or store each time.
///
/// ```swift
/// let totals = SimulatedJob(name: "totals") { job, world in
///     job.source(world.source("orders", orders, splits: 3), as: "orders")
///         .watermarked(.boundedOutOfOrderness(.seconds(5))) { $0.placedAt }
///         .keyed(by: \.customer)
///         .windowed(.tumbling(.minutes(1)), late: .drop)
///         .aggregate(Count(), as: "totals") { customer, window, count in … }
///         .sink(to: world.sink("totals"), as: "totals")
/// }
/// ```
public final class SimulatedEnvironment: Sendable {
    private struct State {
        /// The process that runs; what belongs to an earlier one is dead.
        var process = 0
        var hasDied = false
        var counts: [FaultKind.Domain: Int] = [:]
        var faults: [FaultKind.Domain: [Int: Fault]] = [:]
        var met: [FaultKind: Int] = [:]
        var stores: [String: any SimulatedStoreContent] = [:]
        var violations: [String] = []
        var commits = 0
        var repeatedCommits = 0
    }

    /// Decides what differs from run to run in sources and sinks.
    let seed: UInt64
    /// Whether nothing is to go wrong, and sources and sinks are as plain as they can be.
    let isCalm: Bool
    /// Where what happens is written down; `nil` in most runs.
    let log: SimulatedLog?
    private let state: Locked<State>

    init(seed: UInt64, plan: FaultPlan, isCalm: Bool = false, log: SimulatedLog? = nil) {
        self.seed = seed
        self.isCalm = isCalm
        self.log = log
        var state = State()
        for fault in plan.faults {
            state.faults[fault.kind.domain, default: [:]][fault.place] = fault
        }
        self.state = Locked(state)
    }

    // MARK: - For the job

    /// A source of these records, dealt to so many splits in turn, so that each split has its own in
    /// the order of the list. A split is read in batches of sizes that the seed decides, with pauses.
    ///
    /// - Precondition: `splits` is at least 1.
    public func source<Element: Sendable>(
        _ name: String, _ records: [Element], splits: Int = 2
    ) -> SimulatedSource<Element> {
        precondition(splits >= 1, "a source needs a split")
        return SimulatedSource(
            world: self, name: name, process: process,
            shares: (0..<splits).map { first in
                stride(from: first, to: records.count, by: splits).map { records[$0] }
            })
    }

    /// A transactional sink, whose rows must be those of a run without faults, in any order; at no
    /// time may it show another row, or one of them too often.
    public func sink<Element: Hashable & Sendable>(
        _ name: String, of type: Element.Type = Element.self
    ) -> SimulatedSink<Element> {
        makeSink(name, RowComparison(normalised: { $0.map(AnyHashable.init) }, isExact: true))
    }

    /// A transactional sink of which the last row for each key counts, as where rows replace those
    /// with their key; how many came before is a matter of timing.
    public func sink<Element: Hashable & Sendable, Key: Hashable & SendableMetatype>(
        _ name: String, latestBy key: @escaping @Sendable (Element) -> Key
    ) -> SimulatedSink<Element> {
        sink(name) { rows in
            Array(Dictionary(rows.map { (key($0), $0) }, uniquingKeysWith: { $1 }).values)
        }
    }

    /// A transactional sink that is compared by what `normalised` makes of its rows, which it is given
    /// in the order of their epochs: equal, whatever the timing, if and only if the rows are right.
    public func sink<Element: Sendable, Normalised: Hashable & SendableMetatype>(
        _ name: String, comparing normalised: @escaping @Sendable ([Element]) -> [Normalised]
    ) -> SimulatedSink<Element> {
        makeSink(
            name,
            RowComparison(
                normalised: { normalised($0).map(AnyHashable.init) }, isExact: false))
    }

    /// A sink of a table's changes, of which what they lead to counts, and that they fit together.
    public func table<Key: Hashable & Sendable, Row: Hashable & Sendable>(
        _ name: String, of type: KeyedChange<Key, Row>.Type = KeyedChange<Key, Row>.self
    ) -> SimulatedSink<KeyedChange<Key, Row>> {
        sink(name) { changes in
            var rows: [Key: Row] = [:]
            var problems: [String] = []
            for change in changes {
                if rows[change.key] != change.change.old {
                    problems.append("\(change) does not go on from what was there")
                }
                rows[change.key] = change.change.new
            }
            return problems + rows.map { "\($0.key) = \($0.value)" }
        }
    }

    private func makeSink<Element: Sendable>(
        _ name: String, _ comparison: RowComparison<Element>
    ) -> SimulatedSink<Element> {
        let store = state.withLock { state -> SimulatedStore<Element>? in
            if let known = state.stores[name] { return known as? SimulatedStore<Element> }
            let made = SimulatedStore(name: name, comparison: comparison)
            state.stores[name] = made
            return made
        }
        if let store {
            return SimulatedSink(world: self, store: store, process: process)
        }
        violate("the sink '\(name)' is asked for with two types of rows")
        return SimulatedSink(
            world: self, store: SimulatedStore(name: name, comparison: comparison),
            process: process)
    }

    // MARK: - Faults

    /// The process that runs the job now.
    var process: Int { state.withLock { $0.process } }
    /// Whether it has died.
    var hasDied: Bool { state.withLock { $0.hasDied } }
    /// How often each kind of fault was met.
    var met: [FaultKind: Int] { state.withLock { $0.met } }
    /// What was counted.
    var counts: [FaultKind.Domain: Int] { state.withLock { $0.counts } }
    var commits: (all: Int, repeated: Int) { state.withLock { ($0.commits, $0.repeatedCommits) } }

    /// The process dies: nothing that it does from now on has an effect.
    func die() { state.withLock { $0.hasDied = true } }

    /// Another process takes its place.
    func startProcess() {
        state.withLock { state in
            state.process += 1
            state.hasDied = false
        }
    }

    /// Counts one on, and finds the fault there is at that place.
    func next(_ domain: FaultKind.Domain) -> Fault? {
        state.withLock { state in
            let place = state.counts[domain, default: 0]
            state.counts[domain] = place + 1
            return state.faults[domain]?[place]
        }
    }

    func note(_ kind: FaultKind) {
        log?.note("meets \(kind)")
        state.withLock { $0.met[kind, default: 0] += 1 }
    }

    /// The operations of the disk that meet faults, by place.
    var diskFaults: [Fault] {
        state.withLock { $0.faults[.disk, default: [:]].values.sorted { $0.place < $1.place } }
    }

    /// The fault that the next call of a source or sink meets.
    ///
    /// - Throws: ``SimulatedFailure`` when the caller's process is dead.
    func call(_ domain: FaultKind.Domain, by process: Int) throws -> Fault? {
        guard state.withLock({ $0.process == process && !$0.hasDied }) else {
            throw SimulatedFailure(reason: "the process is dead")
        }
        guard let fault = next(domain) else { return nil }
        note(fault.kind)
        return fault
    }

    // MARK: - Checks

    /// Notes something that must not be.
    func violate(_ violation: String) {
        log?.note("violates: \(violation)")
        state.withLock { $0.violations.append(violation) }
    }
    /// The first thing that must not be.
    var violation: String? { state.withLock { $0.violations.first } }
    func noteCommit(isRepeated: Bool) {
        state.withLock { state in
            state.commits += 1
            if isRepeated { state.repeatedCommits += 1 }
        }
    }

    /// What the sinks have, by name.
    var stores: [String: any SimulatedStoreContent] { state.withLock { $0.stores } }

    /// Has the stores see at once when they show what a run without faults would not.
    func expect(_ reference: [String: any SimulatedStoreContent]) {
        state.withLock { state in
            for (name, store) in reference { state.stores[name] = store.emptied(expecting: store) }
        }
    }

    /// A world in which the job goes on from a savepoint: the stores have what came up to it.
    func forked(at epoch: Epoch) -> SimulatedEnvironment {
        let world = SimulatedEnvironment(
            seed: seed, plan: FaultPlan([]), isCalm: isCalm, log: log)
        let stores = self.stores.mapValues { $0.forked(at: epoch) }
        world.state.withLock { $0.stores = stores }
        return world
    }
}

/// What a simulated source, sink or disk fails with.
public struct SimulatedFailure: Error, Sendable, CustomStringConvertible {
    /// What has failed.
    public let reason: String
    public var description: String { "simulated: \(reason)" }
}
