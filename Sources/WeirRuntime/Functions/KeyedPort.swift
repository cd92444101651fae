public import WeirCore

/// One input of a keyed function: the batch at hand, and how far it has come.
///
/// Several ports of one operator share a ``KeyedStateCore``. While one of them is in the middle of a
/// batch none is given another, so any of them can be resumed for all.
@usableFromInline
final class KeyedPort<Input, Key: StreamKey, State: Sendable, Output: Sendable> {
    /// Treats rows from the given one on, until the outputs are full; moves the row on.
    @usableFromInline
    typealias Rows = (_ batch: borrowing Batch<Input>, _ row: inout Int) throws -> Void

    @usableFromInline let core: KeyedStateCore<Key, State, Output>
    @usableFromInline let rows: Rows
    @usableFromInline var input = Batch<Input>()
    @usableFromInline var row = 0

    @inlinable init(_ core: KeyedStateCore<Key, State, Output>, rows: @escaping Rows) {
        self.core = core
        self.rows = rows
    }

    @inlinable func process(_ batch: inout Batch<Input>) throws -> Progress {
        core.counters.received.add(batch.count)
        core.counters.held.add(batch.count)
        swap(&input, &batch)
        core.noteTime()
        return try run()
    }

    /// Goes on with the batch at hand.
    @inlinable func run() throws -> Progress {
        while row < input.count {
            let first = row
            defer {
                core.counters.held.add(first &- row)
                core.counters.passed.add(row &- first)
            }
            try core.context.attributing { try rows(input, &row) }
            guard core.outputs.isFull else { continue }
            let progress = try core.outputs.handOver()
            if progress != .done { return progress }
        }
        input.removeAll()
        row = 0
        return try core.outputs.handOver()
    }

    /// Goes on after the outputs have taken what they refused: with the batch, or with the mark.
    @inlinable func resume() throws -> Progress {
        let progress = try core.outputs.resume()
        guard progress == .done else { return progress }
        if !input.isEmpty { return try run() }
        return try core.context.attributing { try core.run() }
    }
}
