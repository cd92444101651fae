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

/// Takes rows of the batch at hand as long as they are such: the record loop, formed where the key's function is
/// known.
public typealias UsualRowLoop<Input, Key: StreamKey, Folded: Aggregate, Output> =
    @Sendable (_ state: WindowOperator<Input, Key, Folded, Output>) throws -> Void
where Folded.Input == Input

/// Makes that loop.
@inlinable @inline(__always)
func usualRowLoop<Input, Key: StreamKey, Folded: Aggregate, Output>(
    by keyOf: @escaping @Sendable (Input) -> Key, _ folded: Folded.Type, _ output: Output.Type
) -> UsualRowLoop<Input, Key, Folded, Output> where Folded.Input == Input {
    // Captures the key's function alone, for the reason that `mapStep` gives.
    { try $0.takeUsualRows(keyOf: keyOf) }
}

extension WindowOperator {
    /// Takes rows as long as they are such, from the row at hand on.
    @inlinable @inline(__always) func takeUsualRows(keyOf: (Input) -> Key) throws {
        let aggregate = aggregate
        if aggregate.takesUnseen {
            try takeUsualRows(keyOf: keyOf) { _, accumulator in
                try aggregate.addUnseen(to: &accumulator)
            }
        } else {
            try takeUsualRows(keyOf: keyOf) { try aggregate.add($0, to: &$1) }
        }
    }

    @inlinable @inline(__always) func takeUsualRows(
        keyOf: (Input) -> Key, add: (Input, inout Folded.Accumulator) throws -> Void
    ) throws {
        guard let usual, row < input.count else { return }
        // A loop for each kind, so that neither pays for the other.
        switch usual {
        case .session(let gap):
            try takeRows(keyOf: keyOf, add: add, where: { _ in true }) { time, entry in
                guard time <= entry.window.end else { return false }
                let end = time.advanced(byMicroseconds: gap)
                if end > entry.window.end { entry.window.end = end }
                return true
            }
        case .tumbling(let assigner):
            // A window that has been found to be of this assigner.
            var known: Window?
            let (limit, isEventTime) = (currentTime, isEventTime)
            // One that may be late need not load or change a page to be found so.
            try takeRows(
                keyOf: keyOf, add: add,
                where: { !isEventTime || $0.advanced(byMicroseconds: lateness) > limit }
            ) { time, entry in
                guard time < entry.window.end else { return false }
                if entry.window != known {
                    guard assigner.isOnlyWindow(entry.window, of: time) else { return false }
                    known = entry.window
                }
                return true
            }
        }
    }

    /// Folds rows into the latest windows of their keys, from the row at hand on, up to one for which that
    /// is not all. Rows of one key that follow each other share a lookup; see `WindowState.foldRuns`.
    ///
    /// - Parameters:
    ///   - isLookedUp: Whether a record of that time is worth a lookup.
    ///   - extend: Whether a record of that time, which is not before the window's start, belongs to it; makes
    ///     it last as long as it then does.
    @inlinable @inline(__always) func takeRows(
        keyOf: (Input) -> Key, add: (Input, inout Folded.Accumulator) throws -> Void,
        where isLookedUp: (Timestamp) -> Bool, _ extend: (Timestamp, inout Entry) -> Bool
    ) throws {
        // Rows of a batch that a class holds are checked, at each look, for others that change it.
        var rows = Batch<Input>()
        swap(&rows, &input)
        var next = row
        defer {
            swap(&rows, &input)
            row = next
        }
        let total = rows.count
        let (hasHashes, isEventTime, now, table) = (rows.hasHashes, isEventTime, now, table)
        var key = rows.withRow(next) { keyOf($0) }
        do {
            while true {
                guard isLookedUp(isEventTime ? rows.time(at: next) : now) else { return }
                let hash = hasHashes ? rows.hash(at: next) : key.stableHash
                // Answers whether the row at hand is one of another key.
                let isTaken = try table.updateExisting(key, hash: hash) { open in
                    try open.updateLatest { entry in
                        // One that has not ended takes records, however late these are; its timer is due
                        // at its end or before.
                        guard !entry.hasEnded, entry.endTimer != nil, entry.accumulator != nil
                        else { return false }
                        while true {
                            let time = isEventTime ? rows.time(at: next) : now
                            guard isLookedUp(time), entry.window.start <= time, extend(time, &entry)
                            else { return false }
                            // Seen above not to be nil.
                            try rows.withRow(next) { try add($0, &entry.accumulator!) }
                            entry.unfired &+= 1
                            next &+= 1
                            if next == total { return false }
                            let following = rows.withRow(next) { keyOf($0) }
                            if _isPOD(Key.self), following == key { continue }
                            key = following
                            return true
                        }
                    }
                }
                guard isTaken == true else { return }
            }
        } catch {
            throw RecordError(record: rows[next], cause: error)
        }
    }
}
