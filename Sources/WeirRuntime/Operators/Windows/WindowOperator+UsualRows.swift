public import WeirCore
public import WeirState

/// Which record falls into the latest window of its key, and what it does to that.
@usableFromInline enum UsualWindow: Sendable {
    /// One that comes at most `gap` microseconds after the last one; it makes the session last longer.
    case session(gap: Int64)
    /// One whose time lies in it.
    case tumbling(WindowAssigner)
}

extension Windowing {
    /// What the latest window of a key takes in without a look at any other; `nil` where each record needs more.
    @inlinable var usual: UsualWindow? {
        guard case .assigned(let assigner) = windows, trigger == nil else { return nil }
        if assigner.kind == .session {
            return .session(gap: assigner.size.wholeMicroseconds)
        }
        return assigner.isTumbling ? .tumbling(assigner) : nil
    }
}

extension WindowAssigner {
    /// Whether a tumbling window is that of `time`, and of every other time in it: at the ends of time, windows
    /// overlap; and one of a restored job may be of another length.
    @inlinable func isOnlyWindow(_ window: Window, of time: Timestamp) -> Bool {
        window.start > .earliest && window.end < .latest && sliceStart(of: time) == window.start
            && sliceEnd(of: time) == window.end
    }
}

// Most records belong to the latest window of their key, which is open, and has its timer. They only
// change what has been folded: no list of windows, no timer, no pane.

extension WindowOperator {
    /// Takes rows as long as they are such, from the row at hand on.
    @inlinable func takeUsualRows() throws {
        guard let usual, row < input.count else { return }
        // Rows of a batch that a class holds are checked, at each look, for others that change it.
        var rows = Batch<Input>()
        swap(&rows, &input)
        var next = row
        defer {
            swap(&rows, &input)
            row = next
        }
        let total = rows.count
        let hasHashes = rows.hasHashes
        let now = now
        // A window that has been found to be of this assigner.
        var known: Window?
        do {
            while next < total {
                let time = isEventTime ? rows.time(at: next) : now
                // One that may be late need not load or change a page to be found so.
                if !isMerging, time.advanced(byMicroseconds: lateness) <= currentTime, isEventTime {
                    return
                }
                let isTaken = try rows.withRow(next) { record in
                    let key = keyOf(record)
                    let hash = hasHashes ? rows.hash(at: next) : key.stableHash
                    return try table.updateExisting(key, hash: hash) { open in
                        try open.updateLatest {
                            try add(record, at: time, toUsual: usual, &$0, &known)
                        }
                    }
                }
                guard isTaken == true else { return }
                next &+= 1
            }
        } catch {
            throw RecordError(record: rows[next], cause: error)
        }
    }

    /// Folds a record into the latest window of its key, if that is where it belongs and nothing else comes of it.
    @inlinable @inline(__always) func add(
        _ record: Input, at time: Timestamp, toUsual usual: UsualWindow, _ entry: inout Entry,
        _ known: inout Window?
    ) throws -> Bool {
        // One that has not ended takes records, however late these are; its timer is due at its end or before.
        guard !entry.hasEnded, entry.endTimer != nil, entry.window.start <= time,
            entry.accumulator != nil
        else { return false }
        switch usual {
        case .session(let gap):
            guard time <= entry.window.end else { return false }
            let end = time.advanced(byMicroseconds: gap)
            if end > entry.window.end { entry.window.end = end }
        case .tumbling(let assigner):
            guard time < entry.window.end else { return false }
            if entry.window != known {
                guard assigner.isOnlyWindow(entry.window, of: time) else { return false }
                known = entry.window
            }
        }
        // Seen above not to be nil.
        try aggregate.add(record, to: &entry.accumulator!)
        entry.unfired &+= 1
        entry.recordsUnfired &+= 1
        return true
    }
}
