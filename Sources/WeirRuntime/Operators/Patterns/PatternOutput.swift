public import WeirCore

/// One of the outputs of a pattern operator, and the rows that wait to be handed over by it.
@usableFromInline
final class PatternOutput<Record> {
    /// `nil` where nothing reads the output.
    @usableFromInline let step: Step<Record>?
    /// Counts what is handed over.
    @usableFromInline let counter: Counter?
    @usableFromInline var rows = Batch<Record>()
    @usableFromInline var answer = Progress.done

    @inlinable init(_ step: Step<Record>?, counter: Counter?) {
        self.step = step
        self.counter = counter
    }

    /// Keeps a row until ``send()``; drops it where nothing reads the output.
    @inlinable func append(_ record: Record, at time: Timestamp) {
        if step != nil { rows.append(record, at: time) }
    }

    /// Hands over the rows kept.
    @inlinable func send() throws {
        guard let step, !rows.isEmpty else { return }
        counter?.add(rows.count)
        answer = try step.process(&rows)
    }

    /// Hands over a mark.
    @inlinable func signal(_ signal: Signal) throws {
        if let step { answer = try step.signal(signal) }
    }

    /// Resumes the output where it refused.
    @inlinable func resume() throws {
        if answer != .done, let step { answer = try step.resume() }
    }
}
