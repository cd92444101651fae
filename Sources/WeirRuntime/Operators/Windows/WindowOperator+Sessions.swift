public import WeirCore
public import WeirState

// Windows that grow and are merged.

extension WindowOperator {
    /// Merges `window` with those of the key that it overlaps or touches.
    ///
    /// - Returns: The position of the merged window; `nil` when it would be too late.
    @inlinable func merge(_ window: Window, _ key: Key, _ open: inout Entries) throws -> Int? {
        let range = open.neighbours(of: window)
        let first = range.lowerBound
        guard !range.isEmpty else {
            guard expiry(of: window) > currentTime else { return nil }
            open.insert(opened(window, key), at: first)
            return first
        }
        var merged = window
        for position in range {
            merged.start = min(merged.start, open[position].window.start)
            merged.end = max(merged.end, open[position].window.end)
        }
        for _ in 1..<range.count {
            let other = open.remove(at: first + 1)
            try open.update(first) { try absorb(other, into: &$0, key) }
        }
        guard merged != open[first].window else { return first }
        open.update(first) { entry in
            entry.window = merged
            // One that has fired and now lasts longer will be complete, and fire, again.
            entry.hasEnded = due(merged) <= currentTime
            arm(&entry, key)
        }
        return first
    }

    @inlinable func absorb(_ other: Entry, into entry: inout Entry, _ key: Key) throws {
        if let newer = other.accumulator {
            if entry.accumulator == nil {
                entry.accumulator = newer
            } else {
                try aggregate.merge(newer, into: &entry.accumulator!)  // seen not to be nil
            }
        }
        entry.unfired &+= other.unfired
        entry.unfiredElsewhere &+= other.unfiredElsewhere
        entry.recordsFired &+= other.recordsFired
        entry.panes = max(entry.panes, other.panes)
        if let timer = other.endTimer { cancel(other, at: timer, isEnd: true, domain, key) }
        if let trigger, let state = other.triggerState {
            try trigger.merge(state, &entry.triggerState)
        }
        for timer in other.triggerTimers {
            cancel(other, at: timer.time, isEnd: false, timer.domain, key)
            register(&entry, timer, key)
        }
    }
}
