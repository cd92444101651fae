public import WeirCore
public import WeirGraph
public import WeirState

/// What becomes of each operator's state when a job goes on from a checkpoint, perhaps of an earlier
/// version of it.
public struct UpgradeComparison: Sendable {
    /// What becomes of a piece of state, from the best to the worst.
    public enum Outcome: String, Sendable, Hashable, CaseIterable, Comparable {
        /// It goes on as it is.
        case carried
        /// It is read in another form.
        case migrated
        /// Nothing was saved; it starts empty.
        case rebuilt
        /// The job has no place for it: it would be lost.
        case dropped
        /// It can't be read in the form in which the job keeps it now.
        case refused

        public static func < (left: Outcome, right: Outcome) -> Bool {
            let order = Outcome.allCases
            return (order.firstIndex(of: left) ?? 0) < (order.firstIndex(of: right) ?? 0)
        }
    }

    /// A part of an operator's state.
    public struct Part: Sendable, Hashable {
        /// Its name.
        public let name: String
        /// What becomes of it.
        public let outcome: Outcome
        /// The changes of its keys and values that reading makes.
        public let changes: [StateEvolution]
        /// Why it can't be read; `nil` where it can.
        public let reason: String?
    }

    /// An operator with state.
    public struct Operator: Sendable, Hashable {
        /// Its name.
        public let id: String
        /// What becomes of its state: the worst that becomes of a part.
        public let outcome: Outcome
        /// Its parts, by name.
        public let parts: [Part]
        /// The subtasks that saved it; `nil` where none did.
        public let savedParallelism: Int?
        /// The subtasks that it has now; `nil` where the job no longer has it.
        public let parallelism: Int?
    }

    /// The checkpoint's path.
    public let path: String
    /// The operators that keep state, in the order of the job, then those that are gone.
    public let operators: [Operator]
    /// Why the checkpoint can't be restored at all: another job, another number of key groups.
    public let problem: String?

    /// Compares a checkpoint with a job.
    ///
    /// - Parameter layouts: What the job keeps.
    public init(from saved: SavedCheckpoint, to plan: PhysicalPlan, layouts: StateLayouts) {
        let manifest = saved.manifest
        path = saved.path
        problem = Self.problem(manifest, at: saved.path, plan)
        let old = Dictionary(
            manifest.operators.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var operators: [Operator] = plan.graph.operators.compactMap { node in
            Self.compare(
                node.id.name, old[node.id.name], layouts.parts[node.id] ?? [:],
                parallelism: plan.subtasks(of: node.id),
                inFlight: Set(QueuedRecordsName.all(of: node)))
        }
        let known = Set(plan.graph.operators.map(\.id.name))
        operators += manifest.operators.filter { !known.contains($0.id) }.compactMap {
            Self.compare($0.id, $0, [:], parallelism: nil)
        }
        self.operators = operators
    }

    /// The state that would be lost, as text: empty where there is none.
    public var dropped: [String] {
        operators.flatMap { compared -> [String] in
            let parts = compared.parts.filter { $0.outcome == .dropped }
            if parts.isEmpty { return [] }
            if compared.parallelism == nil { return ["operator '\(compared.id)'"] }
            return parts.map { "state '\($0.name)' of operator '\(compared.id)'" }
        }
    }

    /// The state that can't be read, and why.
    public var refused: [String] {
        operators.flatMap { compared in
            compared.parts.filter { $0.outcome == .refused }.map {
                "state '\($0.name)' of operator '\(compared.id)': \($0.reason ?? "")"
            }
        }
    }

    private static func problem(
        _ manifest: CheckpointManifest, at path: String, _ plan: PhysicalPlan
    ) -> String? {
        do {
            try RestoredState.checkIdentity(manifest, at: path, against: plan)
            return nil
        } catch { return "\(error)" }
    }

    /// `nil` for an operator that keeps no state, and kept none.
    private static func compare(
        _ id: String, _ saved: OperatorManifest?, _ layouts: [String: StateLayout],
        parallelism: Int?, inFlight: Set<String> = []
    ) -> Operator? {
        let old = (saved?.parts ?? []).filter { !$0.pieces.isEmpty }
        let oldNames = Set(old.map(\.name))
        var parts = old.map { part in
            inFlight.contains(part.name)
                ? compareInFlight(part, saved?.parallelism, parallelism)
                : Self.compare(part, layouts[part.name])
        }
        parts += layouts.keys.filter { !oldNames.contains($0) }.map {
            Part(name: $0, outcome: .rebuilt, changes: [], reason: nil)
        }
        guard let worst = parts.map(\.outcome).max() else { return nil }
        return Operator(
            id: id, outcome: worst, parts: parts.sorted { $0.name < $1.name },
            savedParallelism: old.isEmpty ? nil : saved?.parallelism, parallelism: parallelism)
    }

    /// Records in flight go on as long as there is the edge that they were on, at the same parallelism.
    private static func compareInFlight(_ part: PartManifest, _ saved: Int?, _ now: Int?) -> Part {
        guard let saved, let now, saved != now else {
            return Part(name: part.name, outcome: .carried, changes: [], reason: nil)
        }
        let problem = StateFormatError.inFlight(at: saved, restoredAt: now)
        return Part(name: part.name, outcome: .refused, changes: [], reason: "\(problem)")
    }

    private static func compare(_ saved: PartManifest, _ layout: StateLayout?) -> Part {
        guard let layout else {
            return Part(name: saved.name, outcome: .dropped, changes: [], reason: nil)
        }
        do {
            guard saved.layout.arrangement == layout.arrangement else {
                throw StateFormatError.otherArrangement(saved.layout, layout)
            }
            var changes = try layout.value.evolution(from: saved.layout.value)
            if let key = layout.key, let savedKey = saved.layout.key {
                changes = try key.evolution(from: savedKey) + changes
            }
            return Part(
                name: saved.name, outcome: changes.isEmpty ? .carried : .migrated,
                changes: changes, reason: nil)
        } catch {
            return Part(name: saved.name, outcome: .refused, changes: [], reason: "\(error)")
        }
    }
}

extension StateFormatError {
    /// State that is laid out in another way than it was.
    static func otherArrangement(_ saved: StateLayout, _ wanted: StateLayout) -> StateFormatError {
        StateFormatError(
            "it was kept as '\(saved.arrangement)' and is now kept as '\(wanted.arrangement)'")
    }
}
