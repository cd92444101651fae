public import WeirCore
public import WeirState

// What a trigger decides, and what comes of it.

extension WindowOperator {
    @inlinable func decide(
        _ record: Input, at time: Timestamp, _ key: Key, _ entry: inout Entry
    ) throws {
        let decision = try consult(&entry, key) { trigger, state, context in
            try trigger.onRecord(record, time, &state, &context)
        }
        try act(
            decision ?? (entry.hasEnded ? .fire : .proceed),
            entry.hasEnded ? .late : .early, key, &entry)
    }

    /// Asks the trigger, and registers the timers that it wants; `nil` where there is no trigger.
    @inlinable func consult(
        _ entry: inout Entry, _ key: Key,
        _ ask: (AnyWindowTrigger<Input>, inout (any Sendable)?, inout TriggerContext) throws ->
            TriggerDecision
    ) throws -> TriggerDecision? {
        guard let trigger else { return nil }
        var context = TriggerContext(
            window: entry.window, watermark: watermark, processingTime: now,
            isPastEnd: entry.hasEnded)
        let decision = try ask(trigger, &entry.triggerState, &context)
        for request in context.requests {
            let timer = WindowTriggerTimer(time: request.time, domain: request.domain)
            if request.isCancellation {
                guard entry.triggerTimers.contains(timer) else { continue }
                entry.triggerTimers.removeAll { $0 == timer }
                cancel(entry, at: timer.time, isEnd: false, timer.domain, key)
            } else {
                register(&entry, timer, key)
            }
        }
        return decision
    }

    @inlinable func act(
        _ decision: TriggerDecision, _ timing: WindowPane.Timing, _ key: Key, _ entry: inout Entry,
        isLast: Bool = false
    ) throws {
        let purges = decision.purges || (decision.fires && windowing.panes == .discarding)
        if decision.fires { fire(timing, key, &entry, keeps: !purges && !isLast) }
        if purges { purge(&entry) }
    }

    /// Emits a pane, if there is anything in it.
    @inlinable func fire(
        _ timing: WindowPane.Timing, _ key: Key, _ entry: inout Entry, keeps: Bool
    ) {
        guard let accumulator = entry.accumulator else { return }
        if !keeps { entry.accumulator = nil }
        panes.add(
            key, entry.window, WindowPane(timing: timing, index: entry.panes), accumulator)
        entry.panes &+= 1
        entry.recordsFired &+= entry.recordsUnfired
        entry.unfired = 0
        entry.unfiredElsewhere = 0
    }

    /// Forgets the records so far.
    @inlinable func purge(_ entry: inout Entry) {
        counters.held.add(-entry.recordsFired - entry.recordsUnfired)
        counters.passed.add(entry.recordsFired)
        counters.filtered.add(entry.recordsUnfired)
        entry.accumulator = nil
        entry.unfired = 0
        entry.unfiredElsewhere = 0
        entry.recordsFired = 0
    }
}
