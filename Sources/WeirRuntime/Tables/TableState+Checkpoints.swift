public import WeirCore
public import WeirState

extension TableState {
    @inlinable func keep(in context: SubtaskContext) {
        context.keep("rows", table)
        context.keep(
            "timers", of: self, \.timers, hash: { $0.stableHash },
            ticking: span != nil && !usesEventTime ? context.clock : nil)
        context.keepTime("watermark", of: self, \.watermark)
        context.keepTime("processing-time", of: self, \.processingTime)
        keepChanges(in: context)
    }

    /// Has checkpoints save the changes that are held back: the keys in the order in which records
    /// touched them, with what was put out of them; and what waits for these changes.
    @usableFromInline func keepChanges(in context: SubtaskContext) {
        let changes = KeptList<HeldChange<Key, Operation.Before>>(
            get: { [weak self] in try self?.heldChanges() ?? [] }, hash: { $0.key.stableHash },
            set: { [weak self] in try self?.hold($0) })
        context.kept.keep("changes", changes)
        let progress = KeptValue<CoalescingProgress>(
            distribution: .shared, get: { [weak self] in self?.progress },
            set: { [weak self] in self?.restore($0, owning: $1) })
        context.kept.keep("progress", progress)
    }

    private func heldChanges() throws -> [HeldChange<Key, Operation.Before>] {
        try touched.map { HeldChange(key: try table.key(at: Int($0.number)), before: $0.before) }
    }

    private func hold(_ changes: [HeldChange<Key, Operation.Before>]) throws {
        for change in changes {
            // It is there: the rows are restored first, and an entry does not go before its change.
            guard let number = try table.entryNumber(of: change.key, hash: change.key.stableHash)
            else {
                continue
            }
            if let restore = operation.restoring(change.before) {
                try table.withEntry(number) { restore(&$1.state) }
            }
            touched.append(TouchedEntry(number: number, before: change.before))
        }
    }

    private var progress: CoalescingProgress {
        CoalescingProgress(
            heldWatermark: heldWatermark, expiryLimit: expiryLimit, deadline: deadline,
            pendingRecords: pendingRecords, rowsSinceEmission: rowsSinceEmission)
    }

    private func restore(
        _ saved: [KeptValue<CoalescingProgress>.Saved], owning ownership: KeyOwnership
    ) {
        let all = saved.map(\.value)
        // At a barrier all have seen the same watermark, and it does no harm to hand it on twice.
        heldWatermark = all.compactMap(\.heldWatermark).min()
        expiryLimit = all.compactMap(\.expiryLimit).min()
        deadline = touched.isEmpty ? .latest : all.map(\.deadline).min() ?? .latest
        for one in saved where one.state.isCounted(by: ownership) {
            pendingRecords += one.value.pendingRecords
            rowsSinceEmission += one.value.rowsSinceEmission
        }
        // What is held back must come to be put out, wherever it was counted; and several subtasks'
        // counts together may be more than what is put out at once.
        if !touched.isEmpty { rowsSinceEmission = max(1, rowsSinceEmission) }
        rowsSinceEmission = min(rowsSinceEmission, coalescing.records)
        if deadline < .latest { context.clock.requestTick(at: deadline) }
    }
}

/// A key whose changes are held back, with what was put out of it.
struct HeldChange<Key: StreamKey, Before> {
    let key: Key
    let before: Before
}

extension HeldChange: @unchecked Sendable {
    // Unchecked: only values that checkpoints can hold are in it, and these are plain values.
}

extension HeldChange: StateComposite {
    static func stateCodec() throws -> StateCodec<HeldChange> {
        // `Void` cannot conform to anything, and so has no codec.
        if Before.self == Void.self, let nothing = () as? Before {
            nonisolated(unsafe) let shared = nothing
            return try .record("HeldChange", StateField("key") { $0.key }) {
                HeldChange(key: $0, before: shared)
            }
        }
        return try .record(
            "HeldChange", StateField("key") { $0.key }, StateField("before") { $0.before }
        ) { HeldChange(key: $0, before: $1) }
    }
}

/// What waits for the changes that a table holds back.
struct CoalescingProgress: Sendable {
    var heldWatermark: Timestamp?
    var expiryLimit: Timestamp?
    var deadline: Timestamp
    var pendingRecords: Int
    var rowsSinceEmission: Int
}

extension CoalescingProgress: StateComposite {
    static func stateCodec() throws -> StateCodec<CoalescingProgress> {
        try .record(
            "CoalescingProgress", StateField("heldWatermark") { $0.heldWatermark },
            StateField("expiryLimit") { $0.expiryLimit }, StateField("deadline") { $0.deadline },
            StateField("pendingRecords") { $0.pendingRecords },
            StateField("rowsSinceEmission") { $0.rowsSinceEmission }
        ) {
            CoalescingProgress(
                heldWatermark: $0, expiryLimit: $1, deadline: $2, pendingRecords: $3,
                rowsSinceEmission: $4)
        }
    }
}
