public import WeirCore

/// The panes that a window operator has decided on and not yet emitted, and its outputs.
///
/// Panes are handed over a batch at a time. If the output refuses more, the place is kept, in the
/// middle of a pane if need be, and emission goes on later.
public final class PaneOutput<Key, Accumulator, Output, Late> {
    /// Appends the results of one pane; answers whether all have been appended. `position` starts at
    /// 0 and is the function's own to say where it goes on.
    public typealias Emit = (
        _ key: Key, _ window: Window, _ pane: WindowPane, _ accumulator: Accumulator,
        _ position: inout Int, _ output: inout Batch<Output>, _ limit: Int
    ) throws -> Bool

    @usableFromInline struct Pane {
        @usableFromInline let key: Key
        @usableFromInline let window: Window
        @usableFromInline let pane: WindowPane
        @usableFromInline let accumulator: Accumulator

        @inlinable init(
            key: Key, window: Window, pane: WindowPane, accumulator: consuming Accumulator
        ) {
            self.key = key
            self.window = window
            self.pane = pane
            self.accumulator = accumulator
        }
    }

    @usableFromInline let outputs: MainAndLateOutput<Output, Late>
    @usableFromInline let emit: Emit
    @usableFromInline let batchSize: Int
    // Not checked for overlaps at run time: `emit`, to which `position` and `output` go, knows only these.
    @exclusivity(unchecked) @usableFromInline var output: Batch<Output>
    @exclusivity(unchecked) @usableFromInline var panes = ContiguousArray<Pane>()
    @exclusivity(unchecked) @usableFromInline var next = 0
    @exclusivity(unchecked) @usableFromInline var position = 0
    /// The batches that may be handed over before others get their turn.
    @exclusivity(unchecked) @usableFromInline var batchesLeft = 0

    @inlinable init(
        _ outputs: MainAndLateOutput<Output, Late>, batchSize: Int, emit: @escaping Emit
    ) {
        self.outputs = outputs
        self.batchSize = batchSize
        self.emit = emit
        output = Batch(capacity: batchSize)
    }

    /// Takes on a pane.
    @inlinable func add(
        _ key: Key, _ window: Window, _ pane: WindowPane, _ accumulator: consuming Accumulator
    ) {
        panes.append(Pane(key: key, window: window, pane: pane, accumulator: accumulator))
    }

    /// Starts a turn.
    @inlinable func startTurn() { batchesLeft = 32 }

    /// Emits what was taken on, and keeps the rows that do not fill a batch.
    @inlinable func drain() throws -> Progress {
        if panes.isEmpty { return .done }
        while next < panes.count {
            let pane = panes[next]
            let isDone = try emit(
                pane.key, pane.window, pane.pane, pane.accumulator, &position, &output, batchSize)
            if isDone {
                next &+= 1
                position = 0
            }
            guard output.count >= batchSize else { continue }
            let progress = try outputs.send(&output)
            if progress != .done { return progress }
            batchesLeft -= 1
            if batchesLeft <= 0 { return .yielded }
        }
        panes.removeAll(keepingCapacity: true)
        next = 0
        return .done
    }

    /// Hands over the rows that are left, and late records.
    @inlinable func finish() throws -> Progress {
        let progress = try outputs.send(&output)
        if progress != .done { return progress }
        return try outputs.sendLate()
    }
}
