public import WeirCore
public import WeirState

// When a window is complete, when it goes, and the timers that see to both.

extension WindowOperator {
    @inlinable var domain: TimeDomain { isEventTime ? .eventTime : .processingTime }
    @inlinable var currentTime: Timestamp { isEventTime ? watermark : now }

    /// When a window is complete. A watermark of its last point promises that nothing in it is to
    /// come; a clock may still show that point when a record comes.
    @inlinable func due(_ window: Window) -> Timestamp {
        isEventTime ? window.lastTimestamp : window.end
    }

    /// When a window goes.
    @inlinable func expiry(of window: Window) -> Timestamp {
        due(window).advanced(byMicroseconds: lateness)
    }

    /// Sees to it that a timer comes when the window next needs one, or before. A session that grows
    /// keeps the timer it has, and gets another when that comes too early: not one for each record.
    @inlinable func arm(_ entry: inout Entry, _ key: Key) {
        let needed = entry.hasEnded ? expiry(of: entry.window) : due(entry.window)
        if let waiting = entry.endTimer {
            if waiting <= needed { return }
            cancel(entry, at: waiting, isEnd: true, domain, key)
        }
        entry.endTimer = needed
        let timer = timer(of: entry, key, isEnd: true)
        if isEventTime {
            eventTimers.registerNew(timer, at: needed)
        } else {
            processingTimers.registerNew(timer, at: needed)
        }
        if needed <= currentTime { timersMayBeDue = true }
    }

    @inlinable func timer(of entry: Entry, _ key: Key, isEnd: Bool) -> WindowTimer<Key> {
        WindowTimer(key: key, number: entry.number, firstStart: entry.firstStart, isEnd: isEnd)
    }

    @inlinable func register(_ entry: inout Entry, _ timer: WindowTriggerTimer, _ key: Key) {
        guard !entry.triggerTimers.contains(timer) else { return }
        entry.triggerTimers.append(timer)
        let payload = self.timer(of: entry, key, isEnd: false)
        // Each window knows its pending timers.
        switch timer.domain {
        case .eventTime: eventTimers.registerNew(payload, at: timer.time)
        case .processingTime: processingTimers.registerNew(payload, at: timer.time)
        }
        timersMayBeDue = true
    }

    @inlinable func cancel(
        _ entry: Entry, at time: Timestamp, isEnd: Bool, _ domain: TimeDomain, _ key: Key
    ) {
        let payload = timer(of: entry, key, isEnd: isEnd)
        switch domain {
        case .eventTime: eventTimers.cancel(payload, at: time)
        case .processingTime: processingTimers.cancel(payload, at: time)
        }
    }

    /// Fires the next timer that is due; answers whether one was.
    @inlinable func fireTimer() throws -> Bool {
        var domain = TimeDomain.eventTime
        var due = eventTimers.popDue(upTo: watermark)
        if due == nil {
            domain = .processingTime
            due = processingTimers.popDue(upTo: now)
        }
        guard let (time, timer) = due else { return false }
        let hash = timer.key.stableHash
        let isEmpty = try table.updateExisting(timer.key, hash: hash) { open in
            guard
                let position = open.position(
                    ofNumber: timer.number, firstStart: timer.firstStart)
            else { return open.isEmpty }
            if timer.isEnd {
                let isClosed = try open.update(position) {
                    try end(&$0, timer.key, at: time)
                }
                if isClosed { open.remove(at: position) }
            } else {
                try open.update(position) {
                    try fireTrigger(&$0, timer.key, at: time, domain)
                }
            }
            return open.isEmpty
        }
        if isEmpty == true { try table.remove(timer.key, hash: hash) }
        return true
    }

    @inlinable func fireTrigger(
        _ entry: inout Entry, _ key: Key, at time: Timestamp, _ domain: TimeDomain
    ) throws {
        entry.triggerTimers.removeAll { $0.time == time && $0.domain == domain }
        // A trigger that registers its next timer each time would never come to the end of time.
        if hasEnded { return }
        if !entry.hasEnded, domain == self.domain, due(entry.window) <= time {
            // At one time the end of the window comes first; its own timer is behind this one if the
            // window has grown.
            return register(&entry, WindowTriggerTimer(time: time, domain: domain), key)
        }
        let decision = try consult(&entry, key) { trigger, state, context in
            try trigger.onTimer(time, domain, &state, &context)
        }
        try act(decision ?? .proceed, entry.hasEnded ? .late : .early, key, &entry)
    }

    /// Looks after a window whose timer was due at `time`; answers whether it has gone.
    ///
    /// Judged by the timer's time, not by how far a mark went: what else is due between the two comes
    /// in its order.
    @inlinable func end(_ entry: inout Entry, _ key: Key, at time: Timestamp) throws -> Bool {
        entry.endTimer = nil
        guard due(entry.window) <= time else {
            arm(&entry, key)
            return false
        }
        let expires = expiry(of: entry.window) <= time
        let timing: WindowPane.Timing = entry.hasEnded ? .late : .onTime
        if !entry.hasEnded {
            entry.hasEnded = true
            let decision = try consult(&entry, key) { trigger, state, context in
                try trigger.onWindowEnd(&state, &context)
            }
            try act(decision ?? .fire, .onTime, key, &entry, isLast: expires)
        }
        guard expires else {
            arm(&entry, key)
            return false
        }
        // What no pane has had goes into a last one.
        if entry.unfired > 0 { fire(timing, key, &entry, keeps: false) }
        for timer in entry.triggerTimers {
            cancel(entry, at: timer.time, isEnd: false, timer.domain, key)
        }
        purge(&entry)
        return true
    }
}
